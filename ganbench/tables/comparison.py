"""The records of one data set side by side: means with intervals, the best tier, and what must be said below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import floor, log10

from ganbench.records.display import ARROWS
from ganbench.records.record import Record
from ganbench.tables import budget
from ganbench.tables.columns import Column, columns, curve_name
from ganbench.tables.footnotes import notes
from ganbench.tables.rows import Row, rows
from ganbench.tables.statistics import Interval, best_tier, interval, losses


@dataclass(frozen=True)
class Cell:
    """What stands in one place of a table; ``note`` is the number of a footnote, 0 for none."""

    text: str
    best: bool = False
    note: int = 0


@dataclass(frozen=True)
class Line:
    """One row of a table, ready to be printed."""

    label: str
    is_control: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """A comparison on one data set, ready to be printed in any format; ``notes`` belong below it."""

    dataset: str
    header: tuple[str, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...]
    footnotes: tuple[str, ...]


@dataclass
class Footnotes:
    """Texts in the order in which they were first needed, each once."""

    texts: list[str] = field(default_factory=list)

    def number(self, text: str) -> int:
        """Return the number of a footnote, from 1."""
        if text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text) + 1


def compare(records: Sequence[Record]) -> list[Table]:
    """Return one table for each data set, in alphabetical order, and after it one at equal numbers of gradients."""
    tables = []
    for name in sorted({record.dataset for record in records}):
        members = [record for record in records if record.dataset == name]
        tables += [table(name, members), *equal(name, rows(members))]
    return tables


def table(dataset: str, records: Sequence[Record]) -> Table:
    """Compare the rows of one data set."""
    across, down, footnotes = columns(records), rows(records), Footnotes()
    usual = Counter(len(row.records) for row in down).most_common(1)[0][0]
    tiers = [tier(column, down) for column in across]
    lines = [
        Line(
            row.label,
            row.is_control,
            (
                *(cell(row, c, usual, row.label in best, footnotes) for c, best in tiers),
                *map(Cell, budget.spent(row)),
            ),
        )
        if across
        else Line(row.label, row.is_control, (Cell(outcome(row.records)),))
        for row in down
    ]
    header = (*(column.header for column in across), *budget.HEADER) if across else ("outcome",)
    said = [*notes(across, down, usual), *([budget.NOTE] if across else [])]
    return Table(dataset, header, tuple(lines), tuple(said), tuple(footnotes.texts))


def equal(dataset: str, down: Sequence[Row]) -> list[Table]:
    """Return the rows at the gradients of the thriftiest, from their learning curves, where these tell them apart."""
    limit = budget.thriftiest(down)
    if not limit:
        return []
    name, better, ideal = budget.direction(down)
    points = {row.label: point for row in down if budget.watched(row) and (point := budget.within(row, limit))}
    usual = Counter(len(point.values) for point in points.values()).most_common(1)[0][0]
    best = best_tier({label: losses(list(point.values), better, ideal) for label, point in points.items()})
    lines = [
        Line(
            label,
            False,
            (
                Cell(said(point.values, usual), label in best),
                Cell(str(point.step)),
                Cell(budget.counted(point.gradients)),
            ),
        )
        for label, point in points.items()
    ]
    header = (f"{curve_name(name, down[0].records)} {ARROWS[better]}", "step", "gradients")
    note = (
        f"Each row at its last noted step within {budget.counted(limit)} gradients for each seed, all that the "
        "thriftiest row had; scores are those of the learning curves, of fewer samples than in the table above."
    )
    return [Table(f"{dataset} at equal gradients", header, tuple(lines), (note,), ())]


def said(numbers: Sequence[float], usual: int) -> str:
    """Write the mean of the seeds that have a value, with their number where it is not the usual one."""
    if not numbers:
        return "diverged"
    return f"{written(interval(list(numbers)))}{f' (n = {len(numbers)})' if len(numbers) != usual else ''}"


def tier(column: Column, down: Sequence[Row]) -> tuple[Column, set[str]]:
    """Return the column with the labels of the baselines that may be its best; controls take no part."""
    if not column.rankable:
        return column, set()
    ranked = {row.label: values(row, column) for row in down if not row.is_control}
    better, ideal = column.example.better, column.ideal
    return column, best_tier({label: losses(each, better, ideal) for label, each in ranked.items()})


def values(row: Row, column: Column) -> list[float]:
    """Return the values of the seeds that have one."""
    return [each.value for each in row.outcomes(column) if each.value is not None]


def cell(row: Row, column: Column, usual: int, best: bool, footnotes: Footnotes) -> Cell:
    """Return the mean with its interval, or what happened instead; a footnote for values that are undefined."""
    outcomes, numbers = row.outcomes(column), values(row, column)
    undefined = [each for each in outcomes if each.value is None and each.record.status == "done"]
    note = footnotes.number(undefined[0].reason) if undefined else 0
    if not numbers:
        if undefined:
            return Cell("undefined", note=note)
        return Cell("not measured" if any(each.status == "done" for each in row.records) else outcome(row.records))
    if len(numbers) < len(row.records):
        count = f" ({len(numbers)} of {len(row.records)})"
    else:
        count = f" (n = {len(numbers)})" if len(numbers) != usual else ""
    return Cell(f"{written(interval(numbers))}{count}", best, note)


def outcome(records: Sequence[Record]) -> str:
    """Count how seeds ended: ``diverged 2/3, error 1/3``."""
    ended = Counter(record.status for record in records)
    return ", ".join(f"{status} {ended[status]}/{len(records)}" for status in sorted(ended))


ROUNDING = 1e-12  # a spread below this share of the mean is the order of summation, not of samples


def written(result: Interval) -> str:
    """Write a mean and its half-width to the half-width's second significant digit; without one, four digits."""
    mean, half = result.mean, result.half_width
    if half and half <= ROUNDING * abs(mean):
        half = 0.0
    size = max(abs(mean), half or 0.0)
    if size and not 1e-3 <= size < 1e6:
        power = floor(log10(size))
        unit = 10.0**power
        return f"({written(Interval(mean / unit, half and half / unit, result.n))})e{power}"
    if not half:
        text = f"{mean:.{0 if mean.is_integer() else decimals(mean, 4)}f}"
        return text if half is None else f"{text} ± 0"
    places = min(max(decimals(half, 2), decimals(mean, 2)), decimals(half, 2) + 2)
    return f"{mean:.{places}f} ± {half:.{places}f}"


def decimals(value: float, digits: int) -> int:
    """Return how many decimals show ``digits`` significant digits of a value."""
    return max(0, digits - 1 - floor(log10(abs(value)))) if value else 0
