"""The rows of one data set side by side: the best of each league, means with intervals, and what must be said below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import floor, log10

import numpy as np

from ganbench.records.record import Record
from ganbench.tables import budget
from ganbench.tables.columns import Column
from ganbench.tables.footnotes import notes, own_settings
from ganbench.tables.leagues import LEAGUES, SHORT
from ganbench.tables.marks import JUDGES
from ganbench.tables.numbers import spelled
from ganbench.tables.rows import Row
from ganbench.tables.summary import Entry, Summary

MOST = 10  # rows that a table shows unless all are asked for
SHOWN = ("held_out", "gaussian", "noise")  # controls that are always among them
MEMORY = ("authenticity", "copies")  # the first that was measured stands beside every distance
DISTANCES = {"Frechet", "kernels", "transport"}  # families of metrics


@dataclass(frozen=True)
class Cell:
    """What stands in one place of a table; ``note`` is the number of a footnote, 0 for none."""

    text: str
    in_tier: bool = False
    note: int = 0


@dataclass(frozen=True)
class PrintedRow:
    """One row of a table, ready to be printed; ``note`` is the number of the footnote with its own settings."""

    label: str
    league: str
    cells: tuple[Cell, ...]
    note: int = 0

    @property
    def is_control(self) -> bool:
        """Whether nothing was trained."""
        return self.league == "control"


@dataclass(frozen=True)
class Table:
    """A comparison on one data set, ready to be printed in any format.

    Attributes
    ----------
    dataset : str
        The title.
    header : tuple of str
        Names of the columns, without that of the rows' labels.
    lines : tuple of Line
        The rows, league by league, in the order of their mean rank.
    notes, footnotes : tuple of str
        What belongs below.
    beside : mapping of int to int
        Places of columns beside which another must stand, wherever the table is cut: a distance and the memorisation.
    above : tuple of str
        Sentences that belong above: the answer.
    """

    dataset: str
    header: tuple[str, ...]
    lines: tuple[PrintedRow, ...]
    notes: tuple[str, ...]
    footnotes: tuple[str, ...]
    beside: dict[int, int] = field(default_factory=dict)
    above: tuple[str, ...] = ()


@dataclass
class Footnotes:
    """Texts in the order in which they were first needed, each once."""

    texts: list[str] = field(default_factory=list)

    def number(self, text: str) -> int:
        """Return the number of a footnote, from 1; 0 for no text."""
        if not text:
            return 0
        if text not in self.texts:
            self.texts.append(text)
        return self.texts.index(text) + 1


def of_summary(summary: Summary, most: int | None = MOST) -> Table:
    """Compare the rows of one data set."""
    footnotes, across = Footnotes(), in_order(summary.columns)
    usual = Counter(len(row.records) for row in summary.rows).most_common(1)[0][0]
    down = chosen(summary, most)
    if not across:
        lines = tuple(PrintedRow(row.label, row.league, (Cell(outcome(row.records)),)) for row in down)
        return Table(summary.dataset, ("outcome",), lines, tuple(notes(summary, down, usual)), ())
    units = {column.name: unit(summary, column) for column in across}
    own = own_settings(summary.rows)
    spends = budget.header(summary.rows)
    lines = tuple(
        PrintedRow(
            row.label,
            row.league,
            (
                Cell(SHORT[row.league]),
                ranked(summary, row, footnotes),
                *(cell(summary.entries[row.label, c.name], usual, footnotes, units[c.name]) for c in across),
                *map(Cell, budget.spent(row, spends)),
            ),
            footnotes.number(own.get(row.label, "")),
        )
        for row in down
    )
    header = ("league", "rank", *(titled(column, units[column.name]) for column in across), *spends)
    left_out = len(summary.rows) - len(down)
    scaled = [
        f"{column.name} is shown in units of {units[column.name]:g}." for column in across if units[column.name] != 1
    ]
    said = [
        *notes(summary, down, usual),
        budget.NOTE.format(spends[1]),
        *scaled,
        *([f"{left_out} more row{'s' * (left_out > 1)}: --all-rows."] if left_out else []),
    ]
    return Table(summary.dataset, header, lines, tuple(said), tuple(footnotes.texts), memory(across))


def in_order(columns: Sequence[Column]) -> list[Column]:
    """Return the columns as they are shown: first what says whether a row has learned; memorisation by a distance."""
    first = [column for name in JUDGES for column in columns if column.example.metric == name]
    rest = [column for column in columns if column not in first]
    beside = next((c for name in MEMORY for c in columns if c.example.metric == name), None)
    result = [*first, *(column for column in rest if column is not beside)]
    if beside:
        place = next((i for i, column in enumerate(result, 1) if column.family in DISTANCES), len(result))
        result.insert(place, beside)
    return result


def memory(across: Sequence[Column]) -> dict[int, int]:
    """Return for the place of every distance that of the memorisation, two places further for league and rank."""
    measured = [i for name in MEMORY for i, column in enumerate(across) if column.example.metric == name]
    distances = [i for i, column in enumerate(across) if column.family in DISTANCES]
    return {i + 2: measured[0] + 2 for i in distances} if measured else {}


def chosen(summary: Summary, most: int | None) -> list[Row]:
    """Return the rows that are shown: of each league the best ones, and the controls that say what a score means."""
    down = summary.in_order()
    if most is None or len(down) <= most:
        return down
    controls = [row for row in down if row.is_control]
    controls = [row for row in controls if row.records[0].baseline in SHOWN] or controls[:1]
    queues = {league: [row for row in down if row.league == league] for league in LEAGUES if league != "control"}
    counts = allotted({league: len(queue) for league, queue in queues.items()}, max(most - len(controls), 1))
    return [*(row for league, queue in queues.items() for row in queue[: counts[league]]), *controls[:most]]


def allotted(lengths: Mapping[str, int], room: int) -> dict[str, int]:
    """Return how many rows of each league are shown: the best of each, then as many of the first as there is room."""
    counts = {league: min(1, length) for league, length in lengths.items()}
    for league, length in lengths.items():
        counts[league] += max(0, min(length - counts[league], room - sum(counts.values())))
    return counts


def unit(summary: Summary, column: Column) -> float:
    """Return the power of a thousand that a column is written in, so that typical values are not 0.000 or 100000."""
    means = [abs(entry.mean) for entry in summary.column(column) if entry.mean]
    typical = float(np.median(means)) if means else 1.0
    power = floor(log10(typical) / 3) if typical else 0
    return 1000.0**power if typical < 0.01 or typical >= 1e5 else 1.0


def titled(column: Column, unit: float) -> str:
    """Return the header of a column, with the unit that its numbers are in."""
    return column.header if unit == 1 else f"{column.header} ({unit:.0e})".replace("e+0", "e").replace("e-0", "e-")


def ranked(summary: Summary, row: Row, footnotes: Footnotes) -> Cell:
    """Return the mean rank of a row with its interval; a dash for a row that is not ranked, with the reason."""
    known = summary.mean_ranks.get(row.label)
    if known:
        return Cell(f"{known.mean:.1f} ({known.low:.1f}-{known.high:.1f})")
    return Cell("-", note=footnotes.number(summary.marks.get(row.label, "")))


def cell(entry: Entry, usual: int, footnotes: Footnotes, unit: float = 1.0) -> Cell:
    """Return the mean with its interval, or what happened instead; a footnote for values that are undefined."""
    row, outcomes = entry.row, entry.row.outcomes(entry.column)
    undefined = [each for each in outcomes if each.value is None and each.record.status == "done"]
    note = footnotes.number(undefined[0].reason) if undefined else 0
    if not entry.estimate:
        if undefined:
            return Cell("undefined", note=note)
        return Cell("not measured" if any(each.status == "done" for each in row.records) else outcome(row.records))
    seeds = entry.estimate.seeds
    if seeds < len(row.records):
        count = f" ({seeds} of {len(row.records)})"
    else:
        count = f" (n = {seeds})" if seeds != usual else ""
    return Cell(f"{spelled(entry.estimate, unit)}{count}", bool(entry.in_tier), note)


def outcome(records: Sequence[Record]) -> str:
    """Count how seeds ended: ``diverged 2/3, error 1/3``."""
    ended = Counter(record.status for record in records)
    return ", ".join(f"{status} {ended[status]}/{len(records)}" for status in sorted(ended))


def equal(summary: Summary) -> list[Table]:
    """Return the rows at equal budgets, from their learning curves, for each budget that tells them apart."""
    return [table for kind in budget.KINDS if (table := at_equal(summary, kind))]


def at_equal(summary: Summary, kind: budget.Kind) -> Table | None:
    """Return the rows at the budget of the thriftiest; None where all spend as much or have no learning curve."""
    result = budget.at_equal(summary, kind)
    if not result:
        return None
    lines = tuple(
        PrintedRow(
            each.row.label,
            each.row.league,
            (
                Cell(SHORT[each.row.league]),
                Cell(spelled(each.estimate) if each.estimate else "diverged", each.in_tier),
                Cell(str(each.step)),
                Cell(kind.written(each.spent)),
            ),
        )
        for each in result.points[:MOST]
    )
    left_out = len(result.points) - len(lines)
    said = [
        f"Each row at its last noted step within {kind.written(result.limit)} {kind.name} for each seed, all that the "
        f"thriftiest row had. {f'{kind.note} ' if kind.note else ''}Scores are those of the learning curves, of fewer "
        "samples than above.",
        *([f"{left_out} more row{'s' * (left_out > 1)}: budgets.csv."] if left_out else []),
    ]
    header = ("league", f"{result.metric}", "step", kind.name)
    return Table(f"{summary.dataset} at equal {kind.name}", header, lines, tuple(said), ())
