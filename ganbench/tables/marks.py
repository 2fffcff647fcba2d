"""What a row must be called before its scores are compared: it did not learn, it diverged, a seed failed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ganbench._util.catalogue import facts
from ganbench.tables.columns import Column
from ganbench.tables.rows import Row
from ganbench.tables.statistics import clopper_pearson

UNLEARNED = "did not learn"
GAUSSIAN = "no better than a Gaussian"
FLOORS = {"noise": UNLEARNED, "gaussian": GAUSSIAN}  # controls that a trained row must beat
JUDGES = ("high_quality", "fid")  # the first that a data set has says whether a row has learned
ENDED = {"diverged": "diverged", "error": "failed"}


def marks(rows: Sequence[Row], columns: Sequence[Column]) -> dict[str, str]:
    """Return the marks of one data set's rows by label; rows without any are left out.

    A trained row "did not learn" where the mean over its seeds is no better than that of the control ``noise`` or of
    its own networks before any update, and is "no better than a Gaussian" where the control ``gaussian`` does as well.
    On points the share of ``high_quality`` samples says so, on images the Frechet distance.
    """
    judges = judging(columns)
    return {row.label: text for row in rows if not row.is_control and (text := mark(row, rows, judges))}


def judging(columns: Sequence[Column]) -> list[Column]:
    """Return the columns that say whether a row has learned."""
    metric = next((name for name in JUDGES if any(each.example.metric == name for each in columns)), None)
    return [column for column in columns if column.example.metric == metric]


def mark(row: Row, rows: Sequence[Row], judges: Sequence[Column]) -> str:
    """Return the mark of one row; empty for a row that may be compared."""
    floors = {name: [other for other in rows if other.records[0].baseline == name] for name in FLOORS}
    below = [
        text
        for name, text in FLOORS.items()
        for column in judges
        for other in floors[name]
        if no_better(row.values(column), other.values(column), column.example.better)
    ]
    if stood_still(row):
        below.insert(0, UNLEARNED)
    return "; ".join([*below[:1], *ended(row)])


def no_better(mine: Sequence[float], others: Sequence[float], better: str) -> bool:
    """Whether the mean of a row's seeds is no better than that of another row; never where one has no values."""
    if not mine or not others:
        return False
    return mean(mine) <= mean(others) if better == "higher" else mean(mine) >= mean(others)


def stood_still(row: Row) -> bool:
    """Whether the learning curves of all seeds start before any update and end, on average, no better."""
    starts = [record.curve[0] for record in row.records if record.curve and record.curve[0]["step"] == 0]
    if len(starts) < len(row.records):
        return False
    first, last = known(starts), known(record.curve[-1] for record in row.records)
    return no_better(last, first, facts("metrics", starts[0]["metric"]).get("better", "lower"))


def known(points: Iterable[dict[str, float | None]]) -> list[float]:
    """Return the values of points of learning curves that have one."""
    return [value for point in points if (value := point["value"]) is not None]


def ended(row: Row) -> list[str]:
    """Say how many seeds did not get to the end, and of which share of all seeds that is the exact interval."""
    seeds = len(row.records)
    counts = {word: sum(record.status == status for record in row.records) for status, word in ENDED.items()}
    shares = {word: clopper_pearson(count, seeds) for word, count in counts.items() if count}
    return [
        f"{word} ({counts[word]} of {seeds} seeds, {low:.0%} to {high:.0%})" for word, (low, high) in shares.items()
    ]


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
