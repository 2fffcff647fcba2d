"""What seeds can tell: intervals, tests, and the tier of rows that may be the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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

    1 where one of them has a single value: nothing is known of its spread. Where both are constants
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


def losses(values: Sequence[float], better: str, ideal: float | None = None) -> list[float]:
    """Return values as losses, the lower the better: as they are, negated, or their distance from the ``ideal``."""
    if better == "target":
        if ideal is None:
            raise BadInput("a score with a target cannot be ranked without the target's value")
        return [abs(value - ideal) for value in values]
    return [-value if better == "higher" else value for value in values]


def best_tier(rows: Mapping[str, Sequence[float]], alpha: float = ALPHA) -> set[str]:
    """Return the rows of ``losses`` that may be the best; empty if none can be ranked.

    Multiple comparisons with the best (Hsu, 1984, Annals of Statistics 12): a row is cast out where another one is
    better by Welch's one-sided test at level ``alpha``, divided by the number of other rows. So a row that is the best
    is cast out with a probability of ``alpha`` at most. Rows need at least two values to take part.
    """
    ranked = {name: values for name, values in rows.items() if len(values) > 1}
    means = {name: summary(values)[0] for name, values in ranked.items()}

    def beats(other: str, name: str) -> bool:
        if means[other] >= means[name]:
            return False
        return welch(ranked[other], ranked[name]) / 2 * (len(ranked) - 1) < alpha

    return {name for name in ranked if not any(beats(other, name) for other in ranked)}


def improvement(losses_a: Sequence[float], losses_b: Sequence[float]) -> float:
    """Probability that a seed of a does better than a seed of b, U / (n m); ties count half (Agarwal et al., 2021)."""
    a, b = checked(losses_a), checked(losses_b)
    return float(mannwhitneyu(b, a, alternative="two-sided").statistic) / (len(a) * len(b))
