"""The page of the metrics, made from their docstrings: ``python -m ganbench.cli.metrics_page > docs/metrics.md``."""

from __future__ import annotations

import sys
from inspect import getdoc
from typing import Any

from ganbench.metrics import FAMILIES
from ganbench.metrics.spec import Metric, sections

SLOW = "; slow: part of `--metrics all` with `--slow` only"
INTRODUCTION = """# Metrics

Every metric is a function on arrays (`from ganbench.metrics import fid`) with the facts below beside it. A value means
little below its minimum number of samples, and two values are comparable only where version, options, features,
reference and both numbers of samples agree. Ideal is the value of a perfect sampler in the limit; where there is none,
compare with the same metric of held-out real data.

The scale is the one on which tables average and compare values: *log* for positive distances (differences are ratios),
*logit* for shares between 0 and 1 (ratios of odds), *count* for whole numbers, and *linear* for everything else, also
for estimates that may be negative, such as an unbiased KID.

The invariances are tested: *identity* (the ideal value when the samples are the reference itself), *symmetric* (real
and fake may change places), and what changes nothing when it is done to both samples: a *rotation*, a *translation*, a
*scale*, a *permutation* of the rows.

Work says how the time grows with n reference rows, m samples, t training examples, d features, k classes of q rows, c
modes, p numbers in an image, and options; the passes over distances that metrics share are counted in each, and made
once for all. `ganbench score --metrics all` says before it starts what that comes to
([declared and measured](https://github.com/ganbench/ganbench/blob/main/benchmarks/costs.md)).

A metric of your own joins by the path of its file, as in `ganbench run --metrics fid,./mine.py`: a Python file with one
function under `ganbench.metrics.metric`, or several and `./mine.py:name`. A name and a direction are enough; the names
of its arguments say what it is given, as tensors: `real`, `fake` and `train` features (n, d), `fake_points` samples
(n, d), `real_posteriors` and `fake_posteriors` class probabilities (n, K), `real_labels` and `fake_labels` (n,),
`real_images` and `fake_images` (n, c, h, w), and `modes`. Arguments with a default are options, and count in a score's
identity with the digest of the file.

```python
from ganbench.metrics import metric


@metric(better="lower")
def mean_gap(real, fake):
    return (real.mean(0) - fake.mean(0)).norm()
```

A metric that raises ends the run with the line where it did.
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
    spec = metric.spec
    facts = {
        "needs": ", ".join(spec.needs),
        "better": spec.better,
        "ideal": "depends on the data" if spec.ideal is None else f"{spec.ideal:g}",
        "range": "{:g} to {:g}".format(*spec.bounds),
        "scale": spec.scale,
        "minimum": f"{spec.minimum} samples",
        "version": str(spec.version),
        "options": ", ".join(f"`{name}={value!r}`" for name, value in spec.options.items()) or "none",
        "invariances": ", ".join(sorted(spec.invariances)) or "none",
        "paper": spec.paper,
        "work": f"{spec.growth}{SLOW if spec.slow else ''}",
    }
    lines = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    return f"\n### {spec.name}\n\n{explanation(metric)}\n\n{lines}\n"


def explanation(metric: Metric[Any]) -> str:
    """Return what a metric's docstring explains, its formula and its example, in Markdown."""
    parts = sections(getdoc(metric) or "")
    parts["Examples"] = f"```python\n{parts['Examples']}\n```"
    return "\n\n".join([markdown(parts[""]), f"*Formula*: {markdown(parts['Notes'])}", parts["Examples"]])


def markdown(text: str) -> str:
    """Return text of a docstring safe from Markdown's marks; code in double backticks stays code."""
    parts = text.split("``")  # text and code in turns
    return "`".join(part if i % 2 else part.replace("*", r"\*").replace("<", r"\<") for i, part in enumerate(parts))


def main() -> None:
    """Print the page."""
    sys.stdout.write(page())


if __name__ == "__main__":
    main()
