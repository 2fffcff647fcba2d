"""Records as tables: Markdown and LaTeX to read, CSV to compute with, and a view for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Group

from ganbench._util.files import write_atomically
from ganbench.records.record import Record, Scores
from ganbench.tables.budget import seconds
from ganbench.tables.columns import canonical, identity
from ganbench.tables.comparison import compare
from ganbench.tables.markup import latex, markdown, terminal
from ganbench.tables.overview import overview
from ganbench.tables.rows import rows

__all__ = ["compare", "frame", "show", "write"]

OUTCOME = ["dataset", "baseline", "row", "kind", "seed", "status", "step", "failure"]
SCORE = ["metric", "value", "reason", "better", "version", "features", "reference", "n_real", "n_fake", "options"]
COST = ["samples_seen", "gradients", "seconds"]
CONDITIONS = ["settings", "plan", "split", "source", "key"]


def write(records: Sequence[Record], folder: Path) -> list[Path]:
    """Write ``table.md``, ``table.csv``, ``table.tex`` and, of several data sets, ``overview.md``; return their paths.

    The bytes depend on the records alone, not on their order or on the day.
    """
    tables = compare(records)
    texts = {
        "table.md": "\n".join(map(markdown, tables)),
        "table.csv": frame(records).to_csv(index=False, lineterminator="\n"),
        "table.tex": "\n".join(["% needs \\usepackage{booktabs}", *map(latex, tables)]),
    }
    if whole := overview(tables):
        texts["overview.md"] = markdown(whole)
    return [write_atomically(folder / name, text.encode()) for name, text in texts.items()]


def show(records: Sequence[Record]) -> Group:
    """Return the comparisons for a terminal, as a rich renderable."""
    return Group(*map(terminal, compare(records)))


def frame(records: Sequence[Record]) -> pd.DataFrame:
    """Return one line for each data set, baseline, metric and seed, with everything that makes a score comparable.

    Mappings are JSON. A seed without scores has one line without a metric. An undefined value is empty. ``seconds`` are
    those of the group of seeds that was trained together.
    """
    lines = [line for name in sorted({record.dataset for record in records}) for line in dataset_lines(name, records)]
    table = pd.DataFrame(lines, columns=[*OUTCOME, *SCORE, *COST, *CONDITIONS])
    return table.astype(dict.fromkeys(("seed", "step", "version", "n_real", "n_fake"), "Int64"))


def dataset_lines(dataset: str, records: Sequence[Record]) -> Iterator[dict[str, Any]]:
    """Lines of one data set, in the order of its table."""
    for row in rows(record for record in records if record.dataset == dataset):
        kind = "control" if row.is_control else "baseline"
        for record in row.records:
            line: dict[str, Any] = {"dataset": dataset, "baseline": record.baseline, "row": row.label, "kind": kind}
            line |= {"split": record.split, "source": record.trained.get("source"), "key": record.key}
            line |= {name: record.cost.get(name) for name in COST[:2]} | {"seconds": seconds(record)}
            line |= {"settings": canonical(record.settings), "plan": canonical(record.plan)}
            line |= {"seed": record.seed, "status": record.status, "step": record.step, "failure": record.reason}
            scored = sorted(record.scores, key=identity)
            yield from (line | score_fields(scores) for scores in scored)
            if not scored:
                yield line


def score_fields(scores: Scores) -> dict[str, Any]:
    """One seed's value in one metric, with the identity of the score."""
    names = ("metric", "value", "reason", "better", "version", "reference", "n_real", "n_fake")
    maps = {"features": canonical(scores.features), "options": canonical(scores.options)}
    return {name: getattr(scores, name) for name in names} | maps
