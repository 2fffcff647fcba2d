"""What seeds can tell of one row: means and their intervals on a metric's scale, shares, and robust summaries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special  # scipy.stats takes half a second to import, which every table would pay for

from ganbench.errors import BadInput
from ganbench.tables.scales import Scale

CONFIDENCE = 0.95
ROUNDING = 1e-12  # a spread below this share of the mean is the order of summation, not of samples


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
    return Interval(mean, student(n - 1, confidence) * sd / sqrt(n), n)


def student(freedom: float, confidence: float = CONFIDENCE) -> float:
    """Return how many standard errors a two-sided interval of Student's t reaches."""
    return float(special.stdtrit(freedom, (1 + confidence) / 2))


@dataclass(frozen=True)
class Estimate:
    """What the seeds of a row say in one column, in the metric's own units.

    Attributes
    ----------
    mean : float
        The mean of the seeds on the metric's scale, mapped back: of distances the geometric mean; of counts the median.
    low, high : float or None
        Never outside the metric's range, ``low <= mean <= high``; None where nothing is known of the spread.
    seeds : int
        How many had a value.
    kind : {"student", "range", "binomial", ""}
        Student's interval on the scale; of counts the range of the seeds; of a share that all seeds agree on, the
        interval of Clopper and Pearson for the samples of one seed; nothing of a single or a repeated value.
    """

    mean: float
    low: float | None
    high: float | None
    seeds: int
    kind: Literal["student", "range", "binomial", ""]


def estimate(values: Sequence[float], scale: Scale, confidence: float = CONFIDENCE) -> Estimate:
    """Return the mean of seeds on a scale with its interval.

    Parameters
    ----------
    values : sequence of float
        One for each seed.
    scale : Scale
        The metric's.
    confidence : float
        How often such intervals hold the mean.

    Returns
    -------
    Estimate
        In the metric's units.

    Raises
    ------
    BadInput
        Without values, or for one that is not finite.

    Examples
    --------
    >>> estimate([8.0, 8.0, 7.0], Scale("count", 0.0))
    Estimate(mean=8.0, low=7.0, high=8.0, seeds=3, kind='range')
    """
    x = checked(values)
    if scale.kind == "count" and len(x) > 1:
        return Estimate(float(np.median(x)), float(x.min()), float(x.max()), len(x), "range")
    mean, sd, n = summary(scale.of(x).tolist())
    if sd <= ROUNDING * abs(mean):
        if scale.kind == "logit" and n > 1:
            return Estimate(float(x[0]), *binomial(float(x[0]), scale), n, "binomial")
        return Estimate(float(x[0]), None, None, n, "")
    half = student(n - 1, confidence) * sd / sqrt(n)
    middle, low, high = (float(scale.back(y)) for y in (mean, mean - half, mean + half))
    return Estimate(middle, min(low, middle), max(high, middle), n, "student")


def binomial(value: float, scale: Scale) -> tuple[float, float]:
    """Return the interval of Clopper and Pearson of a share of as many samples as the scale tells apart."""
    width = scale.high - scale.low
    trials = max(1, round(width / (2 * scale.least)))
    share = (value - scale.low) / width
    low, high = clopper_pearson(share * trials, trials)
    return min(value, scale.low + width * low), max(value, scale.low + width * high)


def clopper_pearson(successes: float, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the exact interval of a probability from ``successes`` of ``trials`` (Clopper and Pearson, 1934).

    Raises BadInput unless 0 <= successes <= trials and there is a trial.
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise BadInput(f"expected 0 to {trials} successes of at least one trial, got {successes}")
    tail = (1 - confidence) / 2
    low = special.betaincinv(successes, trials - successes + 1, tail) if successes else 0.0
    high = special.betaincinv(successes + 1, trials - successes, 1 - tail) if successes < trials else 1.0
    return float(low), float(high)


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
    x = np.sort(checked(np.ravel(np.asarray(values, dtype=np.float64)).tolist()))
    cut = len(x) // 4
    return float(x[cut : len(x) - cut].mean())


def losses(values: Sequence[float], better: str, ideal: float | None = None) -> list[float]:
    """Return values as losses, the lower the better: as they are, negated, or their distance from the ``ideal``."""
    return [float(loss) for loss in Scale("linear").losses(values, better, ideal)]


def improvement(losses_a: Sequence[float], losses_b: Sequence[float]) -> float:
    """Probability that a seed of a does better than a seed of b, U / (n m); ties count half (Agarwal et al., 2021)."""
    a, b = checked(losses_a)[:, None], checked(losses_b)
    return float((a < b).mean() + (a == b).mean() / 2)
