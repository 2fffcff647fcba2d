"""What the records of one data set say, row by row and column by column: all that tables, pages and pictures show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import inf

import numpy as np
from numpy.typing import NDArray

from ganbench.records.record import Record, Weights, usual_weights
from ganbench.tables.best import LEAST, RESAMPLES, Standing, ranks_of, resampled, resamples, standings, tier
from ganbench.tables.columns import Column, columns
from ganbench.tables.components import Components, components
from ganbench.tables.leagues import LEAGUES, league_of
from ganbench.tables.marks import marks
from ganbench.tables.rows import Row, rows
from ganbench.tables.scales import Scale, scale_for
from ganbench.tables.statistics import CONFIDENCE, Estimate, estimate

Numbers = NDArray[np.float64]
Place = tuple[int, bool | None, Standing | None]


@dataclass(frozen=True)
class Entry:
    """One row in one column.

    Attributes
    ----------
    row : Row
        Of one data set.
    column : Column
        The metric, with everything that its scores depend on.
    estimate : Estimate or None
        The mean over seeds with its interval; None where no seed has a value.
    rank : int or None
        Among the rows of its league that may be ranked, from 1; equals share the best of their ranks.
    in_tier : bool or None
        Whether the row may be the best of its league; None where nothing can be told.
    standing : Standing or None
        How often it is the best when seeds are drawn again, and the interval of its rank.
    mark : str
        Why the row is not ranked at all; empty for one that may be.
    """

    row: Row
    column: Column
    estimate: Estimate | None
    rank: int | None = None
    in_tier: bool | None = None
    standing: Standing | None = None
    mark: str = ""

    @property
    def mean(self) -> float | None:
        """The mean in the metric's units, if any seed has a value."""
        return self.estimate.mean if self.estimate else None


@dataclass(frozen=True)
class Summary:
    """All entries of one data set.

    Attributes
    ----------
    dataset : str
        Its name.
    rows : tuple of Row
        Baselines, then controls, each in alphabetical order.
    columns : tuple of Column
        In the order of the catalogue of metrics.
    weights : {"average", "last"}
        Of the generators that the samples come from.
    marks : mapping of str to str
        Of rows that are not ranked, by label.
    """

    dataset: str
    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    weights: Weights
    marks: Mapping[str, str]
    _scales: dict[str, Scale] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def entries(self) -> dict[tuple[str, str], Entry]:
        """The entries by the row's label and the column's name."""
        return {(row.label, column.name): self.of(row, column) for column in self.columns for row in self.rows}

    def column(self, column: Column) -> list[Entry]:
        """Return the entries of one column, in the order of the rows."""
        return [self.entries[row.label, column.name] for row in self.rows]

    def scale(self, column: Column) -> Scale:
        """Return the scale on which a column is averaged, compared and drawn."""
        if column.name not in self._scales:
            numbers = (x for row in self.rows for o in row.outcomes(column) for x in o.scores.values if x is not None)
            self._scales[column.name] = scale_for(column.example, numbers)
        return self._scales[column.name]

    def losses(self, row: Row, column: Column) -> list[float]:
        """Return the seeds of a row as losses on the column's scale."""
        return [float(x) for x in self.scale(column).losses(row.values(column), column.example.better, column.ideal)]

    def rankable(self, row: Row, column: Column) -> bool:
        """Whether a row may be ranked in a column: it learned, and each of at least three seeds has a value."""
        if row.is_control or row.label in self.marks or not column.rankable:
            return False
        return len(row.values(column)) == len(row.records) >= LEAST

    def ranked(self, column: Column, league: str) -> list[Row]:
        """Return the rows of a league that are ranked in a column; none where there is only one."""
        those = [row for row in self.rows if row.league == league and self.rankable(row, column)]
        return those if len(those) > 1 else []

    def of(self, row: Row, column: Column) -> Entry:
        """Return the entry of a row in a column."""
        values = row.values(column)
        result = estimate(values, self.scale(column)) if values else None
        rank, kept, standing = self.places[column.name].get(row.label, (None, None, None))
        return Entry(row, column, result, rank, kept, standing, self.marks.get(row.label, ""))

    @cached_property
    def places(self) -> dict[str, dict[str, Place]]:
        """For each column, by row: the rank, whether it is in the tier, and its standing."""
        return {
            column.name: {label: place for league in LEAGUES for label, place in self.placed(column, league).items()}
            for column in self.columns
        }

    def placed(self, column: Column, league: str) -> dict[str, Place]:
        """Rank the rows of one league in one column.

        A metric with a target has ranks, by the distance from it, but no tier: distances that are folded at the target
        are not spread as the test supposes.
        """
        ranked = {row.label: self.losses(row, column) for row in self.ranked(column, league)}
        if not ranked:
            return {}
        everyone = {row.label: self.losses(row, column) for row in self.rows if row.league == league}
        kept = tier(ranked, everyone) if column.example.better != "target" else set()
        ranks = ranks_of(np.array([[np.mean(losses) for losses in ranked.values()]]))[0]
        drawn = self.drawn(column, league)
        standing = standings(drawn) if any(np.ptp(means) for means in drawn.values()) else {}
        return {
            label: (int(rank), label in kept if kept else None, standing.get(label))
            for label, rank in zip(ranked, ranks, strict=True)
        }

    def drawn(self, column: Column, league: str) -> dict[str, Numbers]:
        """Return the mean losses of a league's ranked rows in every resample of their seeds.

        A row has the same resamples in all columns.
        """
        return {
            row.label: resampled(losses, resamples(f"{self.dataset} {row.label}", len(losses)))
            for row in self.ranked(column, league)
            for losses in [self.losses(row, column)]
        }

    @cached_property
    def counted(self) -> tuple[Column, ...]:
        """The columns that a mean rank is made of: all that can be ranked but those of memorisation."""
        return tuple(column for column in self.columns if column.rankable and column.family != "memorisation")

    @cached_property
    def mean_ranks(self) -> dict[str, MeanRank]:
        """The mean over the columns of the rank in the league, of the rows that may be ranked; by label.

        In a column where one of its seeds is undefined a row stands behind all others.
        """
        return {label: each for league in LEAGUES for label, each in mean_ranks(self, league).items()}

    def in_order(self) -> list[Row]:
        """Return the rows league by league, the best mean rank first; then those that are not ranked; controls last."""
        leagues, places = list(LEAGUES), self.typical_places()

        def order(row: Row) -> tuple[int, bool, float, float, str]:
            known = self.mean_ranks.get(row.label)
            mean = known.mean if known else inf
            return leagues.index(row.league), row.label in self.marks, mean, places[row.label], row.label

        return sorted(self.rows, key=order)

    def typical_places(self) -> dict[str, float]:
        """Return the sum of each row's places among all rows, those without a value last: an order without ranks."""
        total = dict.fromkeys((row.label for row in self.rows), 0.0)
        for column in self.counted:
            means = {row.label: np.mean(self.losses(row, column)) if row.values(column) else inf for row in self.rows}
            for label, mean in means.items():
                total[label] += sum(other < mean for other in means.values())
        return total

    def components(self, row: Row, column: Column) -> Components:
        """Return the variances of a row's scores on the column's scale, by what they are drawn from."""
        scale, complete = self.scale(column), [o for o in row.outcomes(column) if o.value is not None]
        tables = [scale.of(np.array(outcome.scores.by_draw, dtype=np.float64)) for outcome in complete]
        return components(tables) if tables else Components(None, None, None)


@dataclass(frozen=True)
class MeanRank:
    """The mean of a row's ranks, what 95 % of resamples of the seeds say of it, and the number of columns."""

    mean: float
    low: float
    high: float
    columns: int
    drawn: Numbers = field(repr=False, compare=False)  # in every resample


def mean_ranks(summary: Summary, league: str) -> dict[str, MeanRank]:
    """Return the mean ranks of one league on one data set."""
    rows = [row for row in summary.rows if row.league == league and row.label not in summary.marks]
    sums: dict[str, list[Numbers]] = {row.label: [] for row in rows}
    for column in summary.counted:
        drawn = summary.drawn(column, league)
        if not drawn:
            continue
        point = np.array([[np.mean(summary.losses(row, column)) for row in summary.ranked(column, league)]])
        ranks = dict(zip(drawn, ranks_of(np.vstack([point, np.stack(list(drawn.values()), axis=1)])).T, strict=True))
        for row in rows:
            if row.label in ranks:
                sums[row.label].append(ranks[row.label])
            elif len(row.records) >= LEAST and row.outcomes(column):
                sums[row.label].append(np.full(RESAMPLES + 1, len(ranks) + 1.0))
    means = {label: np.mean(each, axis=0) for label, each in sums.items() if each}
    ends = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    limits = {label: np.quantile(x[1:], ends) for label, x in means.items()}
    return {
        label: MeanRank(float(x[0]), float(limits[label][0]), float(limits[label][1]), len(sums[label]), x[1:])
        for label, x in means.items()
    }


def summarise(records: Sequence[Record], weights: Weights | None = None) -> list[Summary]:
    """Return one summary for each data set, in alphabetical order.

    Parameters
    ----------
    records : sequence of Record
        In any order.
    weights : {"average", "last"} or None
        Of the generators, averaged over the steps or those of the last step; None for what ``usual_weights`` says.
    """
    weights = weights or usual_weights(records)
    return [
        of_dataset(name, [record for record in records if record.dataset == name], weights)
        for name in sorted({record.dataset for record in records})
    ]


def of_dataset(name: str, records: Sequence[Record], weights: Weights) -> Summary:
    """Return the summary of one data set."""
    known = [of_weights(record, weights) for record in records]
    down, across = rows(known), columns(known, weights)
    return Summary(name, tuple(down), tuple(across), weights, marks(down, across))


def of_weights(record: Record, weights: Weights) -> Record:
    """Return a record with scores of some weights, also where there is one kind only: of a control, of a lost seed."""
    if any(scores.weights == weights for scores in record.scores):
        return record
    if record.status == "done" and league_of(record) != "control":
        return record
    return replace(record, scores=tuple(replace(scores, weights=weights) for scores in record.scores))
