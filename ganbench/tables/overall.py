"""The answer across data sets and metrics: ranks, normalised scores, how often one row does better than another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from math import inf, log, nan

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from ganbench.tables.best import ranks_of, resamples
from ganbench.tables.columns import Column
from ganbench.tables.rows import Row
from ganbench.tables.statistics import CONFIDENCE, summary
from ganbench.tables.summary import Summary

Numbers = NDArray[np.float64]

RIVAL = "ns_gan"  # with which every row is compared
FLOORS, CEILING = ("noise", "gaussian"), "held_out"  # controls whose scores are 0 and 1
COUNT = 1000  # resamples of seeds and data sets
PROFILE = np.linspace(-1.0, 1.0, 41)  # scores at which a profile says how many lie above
DIFFERENCE = 0.05  # of a distance, which more seeds should tell
POWER = 0.8


@dataclass(frozen=True)
class Range:
    """A number with its 95 % interval over resamples of seeds and data sets."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class RankedMetric:
    """One metric on one data set, as losses on the metric's scale.

    Attributes
    ----------
    data : Summary
        Of the data set.
    column : Column
        The metric.
    losses : mapping of str to ndarray, (seeds,)
        Of trained rows by label; a seed that was lost or is undefined has an infinite loss.
    zero, one : float
        The losses that score 0 and 1; nan where the controls are missing or not apart by more than their intervals.
    """

    data: Summary
    column: Column
    losses: dict[str, Numbers]
    zero: float
    one: float

    @property
    def name(self) -> str:
        """Data set and metric."""
        return f"{self.data.dataset}: {self.column.name}"

    @property
    def normalised(self) -> bool:
        """Whether scores can be normalised."""
        return self.zero > self.one

    def scores(self, label: str) -> Numbers:
        """Return the seeds of a row between the worse floor (0) and held-out data (1), cut at -1 and 1; lost: -1."""
        return np.clip((self.zero - self.losses[label]) / (self.zero - self.one), -1.0, 1.0)


@dataclass(frozen=True)
class Standing:
    """Where one row stands over all data sets.

    Attributes
    ----------
    row : str
        Its label.
    league : str
        Among whom it is ranked.
    rank : Range
        The mean rank, scaled to the number of rows of the league where fewer were trained on a data set.
    first : float
        In which share of resamples no row of the league has a better mean rank.
    score : Range or None
        The interquartile mean of the normalised scores of all seeds and tasks.
    improvement : Range or None
        How often a seed does better than one of the non-saturating GAN, over tasks.
    learned : tuple of int
        On how many data sets it may be ranked, and on how many it was trained.
    profile : tuple of float
        The share of normalised scores above each level of PROFILE.
    """

    row: str
    league: str
    rank: Range
    first: float
    score: Range | None
    improvement: Range | None
    learned: tuple[int, int]
    profile: tuple[float, ...]


@dataclass(frozen=True)
class Undecided:
    """Two rows that nothing tells apart: how often the first ranks better, and the seeds that would tell them apart."""

    first: str
    second: str
    share: float
    seeds: int | None  # more of each row, to see a difference of DIFFERENCE; None where no distance was measured
    metric: str


@dataclass(frozen=True)
class Overall:
    """What all data sets say together."""

    summaries: tuple[Summary, ...]
    _weights: dict[str, Numbers] = field(default_factory=dict, repr=False, compare=False)
    _ranks: dict[str, dict[str, Numbers]] = field(default_factory=dict, repr=False, compare=False)
    _standings: dict[str, list[Standing]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def tasks(self) -> list[RankedMetric]:
        """Every metric of every data set but those of memorisation and those without a direction."""
        return [task_of(each, column) for each in self.summaries for column in each.counted]

    @cached_property
    def chosen(self) -> Numbers:
        """How often each data set is in each resample, (1 + resamples, data sets); in the first, all once."""
        count = len(self.summaries)
        drawn = np.random.default_rng(count).multinomial(count, [1 / count] * count, size=COUNT)
        return np.vstack([np.ones(count), drawn]).astype(np.float64)

    def standings(self, league: str) -> list[Standing]:
        """Return the rows of a league that are ranked on some data set, the best mean rank first.

        Rows that were trained on no more than half of the data sets are left out.
        """
        if league not in self._standings:
            self._standings[league] = self.in_order(league)
        return self._standings[league]

    def in_order(self, league: str) -> list[Standing]:
        """Return the standings of a league, computed anew."""
        ranks = self.ranks(league)
        if len(ranks) < 2:
            return []
        table = np.stack(list(ranks.values()), axis=1)
        best = table == np.nanmin(table, axis=1, keepdims=True)
        first = (best / best.sum(axis=1, keepdims=True))[1:].mean(axis=0)
        result = [
            Standing(
                label,
                league,
                ranged(ranks[label]),
                float(first[i]),
                self.score(label),
                self.improvement(label),
                self.learned(label),
                self.profile(label),
            )
            for i, label in enumerate(ranks)
        ]
        return sorted(result, key=lambda each: (each.rank.value, each.row))

    def ranks(self, league: str) -> dict[str, Numbers]:
        """Return the mean ranks of a league's rows in every resample, (1 + resamples,); the first is of all seeds.

        A row that was not trained on any data set of a resample is nan there.
        """
        if league not in self._ranks:
            self._ranks[league] = self.mean_ranks(league)
        return self._ranks[league]

    def mean_ranks(self, league: str) -> dict[str, Numbers]:
        """Return the mean ranks of a league, computed anew."""
        shares = [shares_of(each, league) for each in self.summaries]
        labels = sorted({label for each in shares for label in each})
        ranked = [label for label in labels if self.is_ranked(label)]
        result = {}
        for label in ranked:
            there = np.array([label in each for each in shares], dtype=np.float64)
            total = sum(
                (self.chosen[:, d] * each[label] for d, each in enumerate(shares) if label in each),
                np.zeros(len(self.chosen)),
            )
            weights = self.chosen @ there
            mean = np.divide(total, weights, out=np.full(len(total), nan), where=weights > 0)
            result[label] = 1 + mean * (len(labels) - 1)
        return result

    def learned(self, label: str) -> tuple[int, int]:
        """Return on how many data sets a row is ranked, and on how many it was trained."""
        trained = [each for each in self.summaries if any(row.label == label for row in each.rows)]
        return sum(label in each.mean_ranks for each in trained), len(trained)

    def is_ranked(self, label: str) -> bool:
        """Whether a row is ranked on some data set and was trained on more than half of them."""
        learned, trained = self.learned(label)
        return learned > 0 and 2 * trained > len(self.summaries)

    def weights(self, task: RankedMetric, label: str) -> Numbers:
        """Return how often each seed of a row is in each resample of seeds and data sets, (1 + resamples, seeds)."""
        place, seeds = self.summaries.index(task.data), len(task.losses[label])
        name = f"{task.data.dataset} {label}"
        if name not in self._weights:
            drawn = resamples(name, seeds)[:COUNT]
            counts = (drawn[:, :, None] == np.arange(seeds)).sum(axis=1)
            self._weights[name] = np.vstack([np.ones(seeds), counts]).astype(np.float64)
        return self._weights[name] * self.chosen[:, place, None]

    def normalised(self, label: str) -> list[RankedMetric]:
        """Return the tasks in which a row has a normalised score."""
        return [task for task in self.tasks if task.normalised and label in task.losses]

    def score(self, label: str) -> Range | None:
        """Return the interquartile mean of a row's normalised scores over seeds and tasks (Agarwal et al., 2021)."""
        tasks = self.normalised(label)
        if not tasks:
            return None
        values = np.concatenate([task.scores(label) for task in tasks])
        weights = np.concatenate([self.weights(task, label) for task in tasks], axis=1)
        return ranged(weighted_iqm(values, weights))

    def profile(self, label: str) -> tuple[float, ...]:
        """Return the share of a row's normalised scores above each level."""
        values = [score for task in self.normalised(label) for score in task.scores(label)]
        return tuple(float(np.mean(np.array(values) > level)) for level in PROFILE) if values else ()

    def improvement(self, label: str, rival: str = RIVAL) -> Range | None:
        """Return how often a seed of a row does better than one of a rival, averaged over the tasks of both."""
        tasks = [task for task in self.tasks if {label, rival} <= task.losses.keys()]
        if not tasks or label == rival:
            return None
        shares, weights = [], []
        for task in tasks:
            own, other = (task.losses[name] for name in (label, rival))
            better = (own[:, None] < other) + (own[:, None] == other) / 2
            of_own, of_other = (self.weights(task, name) for name in (label, rival))
            place = self.chosen[:, self.summaries.index(task.data)]
            scale = np.where(place > 0, place, 1.0)
            pairs = np.einsum("bi,ij,bj->b", of_own / scale[:, None], better, of_other / scale[:, None])
            shares.append(pairs / better.size)
            weights.append(place)
        total = np.sum(weights, axis=0)
        mean = np.sum(np.multiply(shares, weights), axis=0)
        return ranged(np.divide(mean, total, out=np.full(len(total), nan), where=total > 0))

    def wins(self, labels: Sequence[str]) -> tuple[Numbers, Numbers]:
        """Return how often each row does better than each other, and in how many tasks with every seed.

        Returns
        -------
        tuple of two ndarrays, (rows, rows)
            The share of pairs of seeds, averaged over the tasks of both; nan where there are none. The number of tasks
            in which every seed of one is better than every seed of the other.
        """
        share, tasks, outright = (np.zeros((len(labels), len(labels))) for _ in range(3))
        for task in self.tasks:
            known = [i for i, label in enumerate(labels) if label in task.losses]
            seeds = max((len(task.losses[labels[i]]) for i in known), default=0)
            table = np.full((len(known), seeds), nan)
            for place, i in enumerate(known):
                own = task.losses[labels[i]]
                table[place, : len(own)] = own
            better = table[:, None, :, None] < table[None, :, None, :]
            equal = table[:, None, :, None] == table[None, :, None, :]
            counts = (~np.isnan(table)).sum(axis=1)
            pairs = (better.sum(axis=(2, 3)) + equal.sum(axis=(2, 3)) / 2) / np.outer(counts, counts)
            where = np.ix_(known, known)
            share[where] += pairs
            tasks[where] += 1
            outright[where] += pairs == 1
        np.fill_diagonal(tasks, 0)
        return np.divide(share, tasks, out=np.full_like(share, nan), where=tasks > 0), outright

    def agreement(self, league: str) -> list[tuple[str, str, float, int]]:
        """Return Spearman's correlation of the mean ranks on each two data sets, with the number of common rows.

        Pairs with fewer than four common rows are left out.
        """
        result = []
        for one, other in combinations(self.summaries, 2):
            common = [row.label for row in one.rows if row.league == league and both_rank(row.label, one, other)]
            if len(common) > 3:
                pair = np.array([[each.mean_ranks[label].mean for label in common] for each in (one, other)])
                result.append((one.dataset, other.dataset, spearman(pair), len(common)))
        return result

    def undecided(self, league: str, most: int = 3) -> list[Undecided]:
        """Return the leading row beside each of those next to it that it does not beat in 95 % of resamples."""
        standings, ranks = self.standings(league), self.ranks(league)
        result = []
        for other in standings[1 : most + 1]:
            a, b = ranks[standings[0].row][1:], ranks[other.row][1:]
            known = ~(np.isnan(a) | np.isnan(b))
            share = float(np.mean((a < b)[known] + (a == b)[known] / 2))
            if share < CONFIDENCE:
                result.append(self.undecided_pair(standings[0].row, other.row, share))
        return result

    def undecided_pair(self, first: str, second: str, share: float) -> Undecided:
        """Say how many more seeds would tell two rows apart by a small difference of the first distance of each set."""
        spreads: list[tuple[str, float]] = []
        metric, seeds = "", 0
        for task in self.tasks:
            pair = [task.losses.get(label) for label in (first, second)]
            if task.data.scale(task.column).kind != "log" or task.data.dataset in {name for name, _ in spreads}:
                continue
            known = [each for each in pair if each is not None and np.isfinite(each).all() and len(each) > 1]
            if len(known) == 2:
                spreads.append((task.data.dataset, float(np.mean([summary(x.tolist())[1] ** 2 for x in known]))))
                metric, seeds = metric or task.column.name, max(seeds, *map(len, known))
        if not spreads:
            return Undecided(first, second, share, None, "")
        variance = float(np.mean([each for _, each in spreads]))
        return Undecided(first, second, share, max(0, seeds_needed(variance, log(1 + DIFFERENCE)) - seeds), metric)


def both_rank(label: str, one: Summary, other: Summary) -> bool:
    """Whether a row has a rank on either of two data sets."""
    return label in one.mean_ranks and label in other.mean_ranks


def task_of(data: Summary, column: Column) -> RankedMetric:
    """Return one metric on one data set; rows that were not scored in it are left out."""
    losses = {
        row.label: losses_of(data, row, column)
        for row in data.rows
        if not row.is_control and (row.outcomes(column) or all(record.status != "done" for record in row.records))
    }
    zero, one = ends_of(data, column)
    return RankedMetric(data, column, losses, zero, one)


def losses_of(data: Summary, row: Row, column: Column) -> Numbers:
    """Return the losses of a row's seeds, in their order; infinite for a seed without a value."""
    known = {outcome.record.key: outcome.value for outcome in row.outcomes(column)}
    values = [known.get(record.key) for record in row.records]
    scale, example = data.scale(column), column.example
    return np.array(
        [inf if x is None else float(scale.losses(x, example.better, column.ideal)) for x in values], dtype=np.float64
    )


def ends_of(data: Summary, column: Column) -> tuple[float, float]:
    """Return the losses that score 0 and 1: of the worse floor and of held-out data; nan where they are not apart."""
    rows = {row.records[0].baseline: row for row in data.rows if row.is_control and row.values(column)}
    floors = [rows[name] for name in FLOORS if name in rows]
    if len(floors) < len(FLOORS) or CEILING not in rows:
        return nan, nan
    mean = {row.label: float(np.mean(data.losses(row, column))) for row in (*floors, rows[CEILING])}
    floor, top = max(floors, key=lambda row: mean[row.label]), rows[CEILING]
    (a, b), (c, d) = (interval_of(data, row, column) for row in (floor, top))
    apart = mean[floor.label] > mean[top.label] and (b < c or d < a)
    return (mean[floor.label], mean[top.label]) if apart else (nan, nan)


def interval_of(data: Summary, row: Row, column: Column) -> tuple[float, float]:
    """Return the interval of a row, in the metric's units; its mean where there is none."""
    result = data.entries[row.label, column.name].estimate
    if result is None:
        return nan, nan
    return (
        result.mean if result.low is None else result.low,
        result.mean if result.high is None else result.high,
    )


def shares_of(data: Summary, league: str) -> dict[str, Numbers]:
    """Return for each row of a league which share of the others is better on one data set, in every resample.

    Rows that did not learn or lost a seed share the places behind all others.
    """
    ranked = {row.label: data.mean_ranks[row.label] for row in data.rows if in_league(data, row, league)}
    lost = [row.label for row in data.rows if row.league == league and row.label in data.marks]
    count = len(ranked) + len(lost)
    if count < 2:
        return {}
    shares = {}
    if ranked:
        means = np.stack([np.append(each.mean, each.drawn[:COUNT]) for each in ranked.values()], axis=1)
        ties = (means[:, :, None] == means[:, None, :]).sum(axis=2) - 1
        shares = dict(zip(ranked, ((ranks_of(means) - 1 + ties / 2) / (count - 1)).T, strict=True))
    return shares | {label: np.full(COUNT + 1, (len(ranked) + (len(lost) - 1) / 2) / (count - 1)) for label in lost}


def in_league(data: Summary, row: Row, league: str) -> bool:
    """Whether a row is ranked in a league on one data set."""
    return row.league == league and row.label in data.mean_ranks


def ranged(values: Numbers) -> Range:
    """Return the first number, that of all seeds and data sets, with the interval of the others; nan are left out."""
    low, high = np.nanquantile(values[1:], [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Range(float(values[0]), min(float(low), float(values[0])), max(float(high), float(values[0])))


def weighted_iqm(values: Numbers, weights: Numbers) -> Numbers:
    """Return the interquartile mean of values in every resample.

    Parameters
    ----------
    values : ndarray, (n,)
        In any order.
    weights : ndarray, (resamples, n)
        How often each value counts; a value at a quartile counts with its part inside. nan where none does.
    """
    order = np.argsort(values, kind="stable")
    ends = np.cumsum(weights[:, order], axis=1)
    total = ends[:, -1:]
    inside = np.clip(ends, total / 4, total * 3 / 4)
    inside = np.diff(np.hstack([np.broadcast_to(total / 4, total.shape), inside]), axis=1)
    half = total[:, 0] / 2
    return np.divide(inside @ values[order], half, out=np.full(len(half), nan), where=half > 0)


def spearman(pair: Numbers) -> float:
    """Return the rank correlation of two lines of numbers, ties at the mean of their ranks; nan of constants."""
    ranks = (pair[:, :, None] > pair[:, None, :]).sum(axis=2) + (pair[:, :, None] == pair[:, None, :]).sum(axis=2) / 2
    centred = ranks - ranks.mean(axis=1, keepdims=True)
    spread = float(np.sqrt((centred**2).sum(axis=1).prod()))
    return float((centred[0] * centred[1]).sum()) / spread if spread else nan


def seeds_needed(variance: float, difference: float) -> int:
    """Return how many seeds of each of two rows tell a difference of their means in 80 % of cases, two-sided at 5 %."""
    seeds = 2
    for _ in range(100):
        freedom = 2 * seeds - 2
        reach = float(stdtrit(freedom, (1 + CONFIDENCE) / 2) + stdtrit(freedom, POWER))
        needed = max(2, int(np.ceil(2 * variance * (reach / difference) ** 2)))
        if needed <= seeds:
            break
        seeds = max(seeds + 1, (seeds + needed) // 2 if needed < 10 * seeds else 2 * seeds)
    return seeds
