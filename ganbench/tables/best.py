"""Which rows may be the best: multiple comparisons with the best, and how often each is when seeds are drawn again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, lgamma, log, pi, sqrt
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, gammaincinv, ndtr

from ganbench.errors import BadInput
from ganbench.tables.statistics import CONFIDENCE, ROUNDING, summary

ALPHA = 0.05
LEAST = 3  # seeds that a row needs for a tier
OUTRIGHT = (5, 3)  # from five seeds on, a row that three others beat with every seed against every seed is out
RESAMPLES = 2000
UNEQUAL = 0.01  # level at which rows are said to spread unequally

Numbers = NDArray[np.float64]
Losses = Mapping[str, Sequence[float]]  # of rows by label, one for each seed, the lower the better


@lru_cache(maxsize=1024)
def critical_value(others: tuple[int, ...], own: int, freedom: int, alpha: float = ALPHA) -> float:
    """Return Dunnett's one-sided critical value: how far the largest of several t statistics reaches by chance.

    Parameters
    ----------
    others : tuple of int
        Numbers of seeds of the other rows.
    own : int
        Number of seeds of the row that all of them are compared with.
    freedom : int
        Degrees of freedom of the pooled error.
    alpha : float
        Probability that the largest statistic lies above the value when all means are equal.

    Returns
    -------
    float
        The value d with P(max_j (mean_j - mean) / (s sqrt(1/n_j + 1/n)) <= d) = 1 - alpha.

    Raises
    ------
    BadInput
        Without another row, seeds or degrees of freedom, or for an alpha outside (0, 1/2].

    Notes
    -----
    The statistics share the row's own mean and the error s alone, so the probability is a double integral over these
    two (Dunnett, 1955, Journal of the American Statistical Association 50), exact for unequal numbers of seeds.

    Examples
    --------
    >>> round(critical_value((5,) * 2, 5, 12), 2)  # Dunnett's table 1a: two others, 12 degrees of freedom
    2.11
    """
    if not others or min(*others, own, freedom) < 1 or not 0 < alpha <= 0.5:
        raise BadInput(
            "expected other rows, seeds of each, degrees of freedom and 0 < alpha <= 0.5, "
            f"got {others}, {own}, {freedom}, {alpha}"
        )

    def excess(t: float) -> float:  # nearly straight in t = log(d)
        return log(max(1 - below(exp(t), others, own, freedom), 1e-300) / alpha)

    last, t = log(2.0), log(3.0)
    before, now = excess(last), excess(t)
    for _ in range(100):  # the secant method
        if abs(now) < 1e-10 or now == before:
            break
        step = now * (t - last) / (now - before)
        last, before, t = t, now, t - max(-1.0, min(1.0, step))
        now = excess(t)
    return exp(t)


def below(d: float, others: tuple[int, ...], own: int, freedom: int) -> float:
    """Return the probability that none of the statistics exceeds ``d``."""
    z, z_weights = normal_nodes()
    u, u_weights = error_nodes(freedom)
    inside = np.ones((len(u), len(z)))
    for size, count in Counter(others).items():
        share = size / (size + own)  # correlation of two such statistics
        inside *= ndtr((sqrt(share) * z + d * u[:, None]) / sqrt(1 - share)) ** count
    return float(u_weights @ inside @ z_weights)


@lru_cache(maxsize=1)
def normal_nodes() -> tuple[Numbers, Numbers]:
    """Return nodes and weights that integrate against the normal distribution."""
    x, weights = np.polynomial.legendre.leggauss(64)
    z = 8 * x
    return z, 8 * weights * np.exp(-(z**2) / 2) / sqrt(2 * pi)


@lru_cache(maxsize=256)
def error_nodes(freedom: int) -> tuple[Numbers, Numbers]:
    """Return nodes and weights that integrate against the distribution of s / sigma, chi over the root of ``freedom``.

    Its tails beyond probabilities of 1e-12 are left out.
    """
    half = freedom / 2
    low, high = (sqrt(2 * float(gammaincinv(half, p)) / freedom) for p in (1e-12, 1 - 1e-12))
    x, weights = np.polynomial.legendre.leggauss(48)
    u = low + (high - low) * (x + 1) / 2
    constant = log(2) + half * log(half) - lgamma(half)
    density = np.exp(constant + (freedom - 1) * np.log(u) - half * u**2)
    return u, (high - low) / 2 * weights * density


def pooled_error(rows: Losses) -> tuple[float, int]:
    """Return the standard deviation of a seed, pooled over rows, and its degrees of freedom.

    0 where seeds differ by rounding alone.
    """
    parts = [summary(values) for values in rows.values()]
    freedom = sum(n - 1 for _, _, n in parts)
    if not freedom:
        return 0.0, 0
    error = sqrt(sum((n - 1) * sd**2 for _, sd, n in parts) / freedom)
    return (error if error > ROUNDING * max(abs(mean) for mean, _, _ in parts) else 0.0), freedom


def spread_unequally(rows: Sequence[Sequence[float]]) -> bool:
    """Whether rows spread more unequally than by chance: Bartlett's test at level 0.01, of rows whose seeds differ."""
    parts = [(n - 1, sd**2) for _, sd, n in map(summary, rows) if n > 1 and sd > 0]
    freedom = sum(each for each, _ in parts)
    if len(parts) < 2:
        return False
    pooled = sum(each * variance for each, variance in parts) / freedom
    statistic = freedom * log(pooled) - sum(each * log(variance) for each, variance in parts)
    factor = 1 + (sum(1 / each for each, _ in parts) - 1 / freedom) / (3 * (len(parts) - 1))
    return bool(chdtrc(len(parts) - 1, max(statistic, 0.0) / factor) < UNEQUAL)


def tier(rows: Losses, league: Losses | None = None, alpha: float = ALPHA) -> set[str]:
    """Return the rows that may be the best; none if nothing can be told.

    Parameters
    ----------
    rows : mapping of str to sequence of float
        Losses of the rows' seeds on the metric's scale. Rows of fewer than three seeds take no part.
    league : mapping of str to sequence of float, optional
        All rows that may beat one outright, also those that are not compared; ``rows`` by default.
    alpha : float
        The probability that the truly best row is left out is at most this, where rows spread alike.

    Returns
    -------
    set of str
        Empty for fewer than two rows and where no seeds differ.

    Notes
    -----
    Multiple comparisons with the best (Hsu, 1984, Annals of Statistics 12) with one error pooled over rows: a row is
    out where another's mean is better by more than d s sqrt(1/n_i + 1/n_j), with Dunnett's one-sided d for the row
    against all others, exact also for unequal numbers of seeds. From five seeds on, a row is also out if three others
    of its league beat it with every seed against every seed.

    Examples
    --------
    >>> sorted(tier({"a": [1.0, 1.1, 0.9], "b": [1.05, 1.2, 0.95], "c": [9.0, 9.1, 8.9]}))
    ['a', 'b']
    """
    ranked = {name: values for name, values in rows.items() if len(values) >= LEAST}
    if len(ranked) < 2:
        return set()
    error, freedom = pooled_error(ranked)
    if not error:
        return set()
    means = np.array([summary(values)[0] for values in ranked.values()])
    sizes = [len(values) for values in ranked.values()]
    beaten = beaten_outright(rows if league is None else league)
    kept = set()
    for i, name in enumerate(ranked):
        others = [j for j in range(len(ranked)) if j != i]
        d = critical_value(tuple(sorted(sizes[j] for j in others)), sizes[i], freedom, alpha)
        reach = d * error * np.sqrt(1 / sizes[i] + 1 / np.array([sizes[j] for j in others]))
        far = sizes[i] >= OUTRIGHT[0] and beaten.get(name, 0) >= OUTRIGHT[1]
        if not far and bool((means[i] - means[others] < reach).all()):
            kept.add(name)
    return kept


def beaten_outright(league: Losses) -> dict[str, int]:
    """Return for each row how many others are better with every seed than it is with any."""
    known = {name: values for name, values in league.items() if len(values)}
    worst = np.sort([max(values) for values in known.values()])
    return {name: int(np.searchsorted(worst, min(values))) for name, values in known.items()}


@dataclass(frozen=True)
class Standing:
    """Where a row stands when seeds are drawn again: how often it is the best, and 95 % of its ranks."""

    p_best: float
    low: float
    high: float


def standings(means: Mapping[str, Numbers]) -> dict[str, Standing]:
    """Return where rows stand, from their mean losses in every resample, (resamples,) each.

    Rows that tie for the best share it.
    """
    if not means:
        return {}
    table = np.stack(list(means.values()), axis=1)
    best = table == table.min(axis=1, keepdims=True)
    shares = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
    ends = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    low, high = np.quantile(ranks_of(table), ends, axis=0, method="inverted_cdf")
    return {name: Standing(float(shares[i]), float(low[i]), float(high[i])) for i, name in enumerate(means)}


def ranks_of(table: Numbers) -> Numbers:
    """Return the rank of every loss among those of its line, from 1; equals share the best of their ranks."""
    order = np.sort(table, axis=1)
    return np.stack([np.searchsorted(line, own) for line, own in zip(order, table, strict=True)]) + 1.0


def resampled(values: Sequence[float], chosen: NDArray[np.intp]) -> Numbers:
    """Return the means of a row in every resample of its seeds.

    Parameters
    ----------
    values : sequence of float
        One for each seed.
    chosen : ndarray, (resamples, seeds), int
        Places of the seeds that each resample holds.

    Returns
    -------
    ndarray, (resamples,), float64
        Deviations from the mean are widened by sqrt(n / (n - 1)), without which a bootstrap of few seeds knows too
        little of their spread.
    """
    x = np.asarray(values, dtype=np.float64)
    mean, n = summary(values)[0], len(x)
    return mean + (x[chosen].mean(axis=1) - mean) * (sqrt(n / (n - 1)) if n > 1 else 1.0)


@lru_cache(maxsize=512)
def resamples(name: str, seeds: int, count: int = RESAMPLES) -> NDArray[np.intp]:
    """Return which seeds each resample of a row holds, (count, seeds): the same for a name, whatever else there is."""
    generator = np.random.default_rng([crc32(name.encode()), seeds])
    return generator.integers(seeds, size=(count, seeds))
