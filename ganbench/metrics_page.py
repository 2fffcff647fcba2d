"""The page of the metrics, made from the facts beside each: ``python -m ganbench.metrics_page > docs/metrics.md``."""

from __future__ import annotations

import sys
from typing import Any

from ganbench.metrics import FAMILIES
from ganbench.metrics.base import Metric

INTRODUCTION = """# Metrics

Every metric is a function on arrays (`from ganbench.metrics import fid`) with the facts below beside it. A value means
little below its minimum number of samples, and two values are comparable only where version, options, features,
reference and both numbers of samples agree. Ideal is the value of a perfect sampler in the limit; where there is none,
compare with the same metric of held-out real data.

The laws are tested: *identity* (the ideal value when the samples are the reference itself), *symmetric* (real and fake
may change places), and what changes nothing when it is done to both sides: a *rotation*, a *translation*, a *scale*, a
*permutation* of the samples.

A metric of your own joins by the path of its file, as in `ganbench run --metrics fid,./mine.py`: a Python file with one
function under `ganbench.metrics.base.metric`, or several and `./mine.py:name`. The file's digest is among its options.
"""


def page() -> str:
    """Return the page in Markdown: a section for each family, a list of facts for each metric."""
    parts = [INTRODUCTION]
    for family, metrics in FAMILIES.items():
        parts.append(f"\n## {family[0].upper()}{family[1:]}\n")
        parts += [entry(metric) for metric in metrics]
    return "".join(parts)


def entry(metric: Metric[Any]) -> str:
    """Return the paragraphs of one metric."""
    facts = {
        "needs": ", ".join(metric.needs),
        "better": metric.better,
        "ideal": "depends on the data" if metric.ideal is None else f"{metric.ideal:g}",
        "range": "{:g} to {:g}".format(*metric.bounds),
        "minimum": f"{metric.minimum} samples",
        "version": str(metric.version),
        "options": ", ".join(f"`{name}={value!r}`" for name, value in metric.options.items()) or "none",
        "laws": ", ".join(sorted(metric.laws)) or "none",
        "paper": metric.paper,
    }
    lines = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    return f"\n### {metric.name}\n\n{explanation(metric)}\n\n{lines}\n"


def explanation(metric: Metric[Any]) -> str:
    """Return the function's docstring without indentation, safe from Markdown's marks."""
    text = (metric.function.__doc__ or "").strip()
    lines = (line.strip() for line in text.splitlines())
    parts = "\n".join(lines).split("``")  # text and code in turns
    return "`".join(part if i % 2 else part.replace("*", r"\*").replace("<", r"\<") for i, part in enumerate(parts))


def main() -> None:
    """Print the page."""
    sys.stdout.write(page())


if __name__ == "__main__":
    main()
