"""What seeds can tell: intervals, tests, and the tier of rows that cannot be told from the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isfinite, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu, t, trim_mean, ttest_ind_from_stats

from ganbench.errors import BadInput

CONFIDENCE = 0.95
ALPHA = 0.05


@dataclass(frozen=True)
class Interval:
    """A mean over ``n`` seeds and half the width of its confidence interval, None where one seed tells no spread."""

    mean: float
    half_width: float | None
    n: int


def interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Return mean +- t_{n-1} s / sqrt(n), Student's interval of the mean; raises BadInput without finite values."""
    mean, sd, n = summary(values)
    if n == 1:
        return Interval(mean, None, 1)
    return Interval(mean, float(t.ppf((1 + confidence) / 2, n - 1)) * sd / sqrt(n), n)


def summary(values: Sequence[float]) -> tuple[float, float, int]:
    """Return mean, standard deviation (ddof 1; 0 for one value) and n; a constant is exact and has a deviation of 0."""
    x = checked(values)
    if x.min() == x.max():  # the rounded mean of equal numbers may differ from them
        return float(x[0]), 0.0, len(x)
    unit = float(np.abs(x).max())  # squares of tiny or huge values would vanish or overflow
    return unit * float((x / unit).mean()), unit * float((x / unit).std(ddof=1)), len(x)


def checked(values: Sequence[float]) -> NDArray[np.float64]:
    """Return the values as an array; raises BadInput for none, or for one that is not finite."""
    if not len(values) or not all(isfinite(value) for value in values):
        raise BadInput(f"expected one or more finite values, got {list(values)}")
    return np.asarray(values, dtype=np.float64)


def iqm(values: Sequence[float] | Sequence[Sequence[float]]) -> float:
    """Interquartile mean: the mean without the lowest and the highest quarter (Agarwal et al., 2021, arXiv:2108.13264).

    Of a matrix (runs, tasks), all its values are pooled. Raises BadInput without finite values.
    """
    return float(trim_mean(checked(np.ravel(np.asarray(values, dtype=np.float64)).tolist()), 0.25))


def welch(a: Sequence[float], b: Sequence[float]) -> float:
    """Two-sided p-value of Welch's t-test that two means are equal (Welch, 1947).

    1 where either side has a single value: nothing is known of its spread. Where both are constants
    the answer is certain: 1 if they agree, otherwise 0.
    """
    (mean_a, sd_a, n_a), (mean_b, sd_b, n_b) = summary(a), summary(b)
    if n_a < 2 or n_b < 2 or mean_a == mean_b:
        return 1.0
    if sd_a == sd_b == 0:
        return 0.0
    scale = max(sd_a, sd_b)  # for the same reason as in summary
    test = ttest_ind_from_stats(mean_a / scale, sd_a / scale, n_a, mean_b / scale, sd_b / scale, n_b, equal_var=False)
    return float(test.pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number by Holm's step-down rule (Holm, 1979), in the order given."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, highest = [0.0] * len(order), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p_values[i]))
        adjusted[i] = highest
    return adjusted


def losses(values: Sequence[float], better: str, ideal: float | None = None) -> list[float]:
    """Return values as losses, the lower the better: as they are, negated, or their distance from the ``ideal``."""
    if better == "target":
        if ideal is None:
            raise BadInput("a score with a target cannot be ranked without the target's value")
        return [abs(value - ideal) for value in values]
    return [-value if better == "higher" else value for value in values]


def best_tier(rows: Mapping[str, Sequence[float]], alpha: float = ALPHA) -> set[str]:
    """Return the rows of ``losses`` that cannot be told from the one with the lowest mean; empty if none can be ranked.

    Rows need at least two values to take part. Every pair is tested by Welch's test and all p-values are adjusted
    together by Holm's rule: which row is best was read off the same data, so a correction for the comparisons with
    that row alone would cast out too many equals.
    """
    ranked = {name: values for name, values in rows.items() if len(values) > 1}
    if not ranked:
        return set()
    best = min(ranked, key=lambda name: (summary(ranked[name])[0], name))
    pairs = list(combinations(ranked, 2))
    adjusted = holm([welch(ranked[a], ranked[b]) for a, b in pairs])
    worse = {name for pair, p in zip(pairs, adjusted, strict=True) if best in pair and p < alpha for name in pair}
    return set(ranked) - (worse - {best})


def improvement(losses_a: Sequence[float], losses_b: Sequence[float]) -> float:
    """Probability that a seed of a does better than a seed of b, U / (n m); ties count half (Agarwal et al., 2021)."""
    a, b = checked(losses_a), checked(losses_b)
    return float(mannwhitneyu(b, a, alternative="two-sided").statistic) / (len(a) * len(b))
