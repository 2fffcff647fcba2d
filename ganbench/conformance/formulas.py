"""The formulas of the common metrics, with an argument for each classic mistake; right by default."""

from __future__ import annotations

from collections.abc import Iterable
from math import lcm
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist


def frechet(
    real: Any,
    fake: Any,
    *,
    ddof: int = 1,
    commuting: bool = False,
    means: bool = True,
    square: bool = True,
    single: bool = False,
    covariances: str = "",
    cross: float = 2.0,
    rooted: bool = True,
    spread: bool = True,
    average: bool = False,
) -> float:
    """Squared Frechet distance; ``commuting`` takes the distance of the roots of the covariances.

    ``covariances``: ``diagonal``, ``correlation``, ``raw`` (second moments about zero), ``first`` (ddof 0 for one set).
    """
    real, fake = (x.astype(np.float32 if single else np.float64) for x in (real, fake))
    shift = np.linalg.norm(real.mean(0) - fake.mean(0))
    a, b = (np.atleast_2d(np.cov(x, rowvar=False, ddof=ddof)) for x in (real, fake))
    if covariances == "diagonal":
        a, b = np.diag(np.diag(a)), np.diag(np.diag(b))
    elif covariances == "correlation":
        a, b = (np.atleast_2d(np.corrcoef(x, rowvar=False)) for x in (real, fake))
    elif covariances == "raw":
        a, b = real.T @ real / len(real), fake.T @ fake / len(fake)
    elif covariances == "first":
        b = b * (1 - 1 / len(fake))
    first = (shift**2 if square else shift) if means else 0.0
    first = first / real.shape[1] if average else first
    if not spread:
        return float(first)
    if commuting:
        return float(first + np.square(root(a) - root(b)).sum())
    product = a @ b
    third = root_trace(product) if rooted else np.trace(product)
    return float(first + np.trace(a) + np.trace(b) - cross * third)


def root(matrix: Any) -> Any:
    """Return the square root of a symmetric matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T


def root_trace(matrix: Any) -> float:
    """Return the trace of the square root of a product of two covariances."""
    return float(np.sqrt(np.clip(np.linalg.eigvals(matrix).real, 0, None)).sum())


def estimate(kernels: Iterable[Any], biased: bool) -> float:
    """Squared MMD from its three kernel matrices: within reals, within fakes, between."""
    xx, yy, xy = kernels
    if biased:
        return float(xx.mean() + yy.mean() - 2 * xy.mean())
    n, m = len(xx), len(yy)
    within = (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1))
    return float(within - 2 * xy.mean())


def kid(
    real: Any,
    fake: Any,
    *,
    biased: bool = False,
    scaled: bool = True,
    constant: float = 1.0,
    degree: int = 3,
    single: bool = False,
) -> float:
    """Squared MMD with the kernel (x.y / d + 1)^3."""
    real, fake = (x.astype(np.float32 if single else np.float64) for x in (real, fake))
    divisor = real.shape[1] if scaled else 1
    return estimate(((a @ b.T / divisor + constant) ** degree for a, b in kernel_pairs(real, fake)), biased)


def kid_of_subsets(real: Any, fake: Any, draws: int = 30) -> Any:
    """KID of equally many rows of either set, some left out at random, ``draws`` times."""
    if len(real) == len(fake):
        raise ValueError("no rows are left out")
    size, rng = min(len(real), len(fake)), np.random.default_rng(0)
    sets = [x.astype(float) for x in (real, fake)]
    return np.array([kid(*(x[rng.permutation(len(x))[:size]] for x in sets)) for _ in range(draws)])


def kernel_pairs(real: Any, fake: Any) -> tuple[tuple[Any, Any], ...]:
    """Return the three pairs of sets that a two-sample kernel sum needs."""
    return (real, real), (fake, fake), (real, fake)


def gaussian_mmd(
    real: Any,
    fake: Any,
    *,
    bandwidth: float | None = None,
    biased: bool = False,
    pooled: bool = False,
    two: float = 2.0,
    root: bool = False,
    center: str = "median",
    unsquared: bool = False,
) -> float:
    """Squared MMD with a Gaussian kernel, bandwidth by the median distance of the reals (or of all)."""
    sample = np.concatenate([real, fake]) if pooled else real
    if bandwidth is None:
        distances = cdist(sample, sample)[np.triu_indices(len(sample), 1)]
        centres: dict[str, Any] = {"median": np.median, "mean": np.mean, "one": lambda _: 1.0}
        bandwidth = float(centres[center](distances))
    kind: Any
    kind, width = ("euclidean", bandwidth) if unsquared else ("sqeuclidean", bandwidth**2)
    kernels = (np.exp(-cdist(a, b, kind) / (two * width)) for a, b in kernel_pairs(real, fake))
    value = estimate(kernels, biased)
    return float(np.sqrt(value)) if root else value


def energy(real: Any, fake: Any, *, biased: bool = False, root: bool = False, power: int = 1) -> float:
    """Energy distance: the squared MMD of the kernel -|x - y|."""
    value = estimate((-(cdist(a, b) ** power) for a, b in kernel_pairs(real, fake)), biased)
    return float(np.sqrt(value)) if root else value


def balls(
    real: Any,
    fake: Any,
    *,
    metric: str,
    k: int = 3,
    strict: bool = False,
    squared: bool = False,
    offset: int = 0,
    exchanged: bool = False,
    kind: Any = "euclidean",
    pooled: str = "",
    undivided: bool = False,
    half: bool = False,
) -> float:
    """Precision, recall, density or coverage with the k-th neighbour's ball.

    ``kind`` is scipy's name of a distance; ``pooled`` takes the mean or median radius for all balls.
    """
    if (metric == "recall") != exchanged:
        real, fake = fake, real
    radii = np.sort(cdist(real, real, kind), axis=1)[:, k + offset]
    distances = cdist(real, fake, kind)
    radii = radii / 2 if half else radii
    if pooled:
        whole: dict[str, Any] = {"mean": np.mean, "median": np.median, "max": np.max}
        radii = np.full(len(radii), whole[pooled](radii))
    radii = radii**2 if squared else radii
    inside = distances < radii[:, None] if strict else distances <= radii[:, None] * (1 + 1e-12)
    if metric == "density":
        return float(inside.sum(0).mean() / (1 if undivided else k))
    return float(inside.any(1).mean() if metric == "coverage" else inside.any(0).mean())


def recall_with_wrong_ties(real: Any, fake: Any, *, k: int = 3) -> float:
    """Recall where a distance also counts that equals the radius of the real itself, to five digits."""
    radii, own = (np.sort(cdist(x, x), axis=1)[:, k] for x in (fake, real))
    distances = cdist(real, fake)
    tied = np.isclose(distances, own[:, None], rtol=1e-5, atol=1e-8)
    return float(((distances < radii) | tied).any(1).mean())


def inception(
    posteriors: Any,
    *,
    splits: int = 1,
    uniform: bool = False,
    early: bool = False,
    reverse: bool = False,
    entropies: str = "",
    batch: int = 0,
) -> float:
    """Inception Score as the mean over contiguous blocks; ``batch`` is their size instead of their number.

    ``entropies``: ``conditional`` or ``marginal`` takes that entropy alone, ``sum`` adds what is to be subtracted.
    """
    scores = []
    whole = posteriors.astype(float)
    blocks = [whole[i : i + batch] for i in range(0, len(whole), batch)] if batch else np.array_split(whole, splits)
    for block in blocks:
        marginal = np.full(block.shape[1], 1 / block.shape[1]) if uniform else block.mean(0)
        safe, even = np.maximum(block, 1e-300), np.maximum(marginal, 1e-300)
        terms = np.where(block > 0, block * (np.log(safe) - np.log(even)), 0).sum(1)
        if reverse:
            terms = (marginal * (np.log(even) - np.log(safe))).sum(1)
        conditional, over = -(block * np.log(safe)).sum(1), -(marginal * np.log(even)).sum()
        if entropies:
            terms = {"conditional": conditional, "marginal": over + 0 * conditional, "sum": over + conditional}[
                entropies
            ]
        scores.append(np.exp(terms).mean() if early else np.exp(terms.mean()))
    return float(np.mean(scores))


def dropped(posteriors: Any, *, splits: int = 10) -> float:
    """Inception Score over equal blocks, the remainder left out."""
    return inception(posteriors[: len(posteriors) // splits * splits], splits=splits)


def shuffled(posteriors: Any, *, splits: int = 10, draws: int = 100) -> Any:
    """Inception Scores over blocks of shuffled rows, ``draws`` times."""
    rng = np.random.default_rng(0)
    return np.array([inception(posteriors[rng.permutation(len(posteriors))], splits=splits) for _ in range(draws)])


def t(
    real: Any, fake: Any, *, ddof: int = 1, literal: bool = False, welch: bool = False, signed: bool = False
) -> float:
    """Largest t statistic of a feature."""
    n, m = len(real), len(fake)
    a, b = real.var(0, ddof=ddof), fake.var(0, ddof=ddof)
    pooled = ((n - ddof) * a + (m - ddof) * b) / (n + m - 2 * ddof)
    error = np.sqrt(a / n + b / m) if welch else np.sqrt(pooled * (1 / n + 1 / m))
    error = np.sqrt(pooled) * (1 / n + 1 / m) if literal else error
    statistic = (real.mean(0) - fake.mean(0)) / error
    return float(statistic.max() if signed else np.abs(statistic).max())


def vendi(
    fake: Any, *, order: float = 1.0, normalised: bool = True, lengths: bool = False, bits: bool = False
) -> float:
    """Effective number of rows under the cosine kernel; ``lengths`` keeps those of the rows."""
    unit = fake if lengths else fake / np.linalg.norm(fake, axis=1, keepdims=True)
    values = np.linalg.eigvalsh(unit @ unit.T) / (len(fake) if normalised else 1)
    values = values[values > 1e-12]
    if order == 1:
        return float(np.exp(-(values * np.log(values)).sum() / (np.log(2) if bits else 1)))
    return float((values**order).sum() ** (1 / (1 - order)))


def one_nn(real: Any, fake: Any, *, side: str = "both", pooled: bool = False, own: bool = False) -> float:
    """Accuracy of the leave-one-out nearest-neighbour classifier; ``own`` leaves none out."""
    cross = cdist(real, fake)
    within = [cdist(x, x) + (0 if own else np.diag(np.full(len(x), np.inf))) for x in (real, fake)]
    shares = [
        1.0 * (same.min(1) < other.min(1)) + 0.5 * (same.min(1) == other.min(1))
        for same, other in zip(within, (cross, cross.T), strict=True)
    ]
    if side != "both":
        return float(shares[side == "fake"].mean())
    return float(np.concatenate(shares).mean() if pooled else (shares[0].mean() + shares[1].mean()) / 2)


def matched(
    real: Any, fake: Any, *, power: float = 1.0, rooted: bool = True, nearest: bool = False, kind: Any = "euclidean"
) -> float:
    """Wasserstein distance of equally many rows; ``nearest`` sends every real to its nearest fake."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - slow to import, seldom needed

    size = lcm(len(real), len(fake))
    if size > 2000:
        raise ValueError("too many rows to match")
    cost = cdist(np.repeat(real, size // len(real), 0), np.repeat(fake, size // len(fake), 0), kind) ** power
    value = cost.min(1).mean() if nearest else cost[linear_sum_assignment(cost)].mean()
    return float(value ** (1 / power) if rooted else value)


def largest_step(real: Any, fake: Any, *, sign: float = 1.0, mean: bool = False) -> float:
    """One-sided Kolmogorov-Smirnov distance of a feature, or (``mean``) the two-sided one averaged over features."""
    values = []
    for x, y in zip(real.T, fake.T, strict=True):
        grid = np.concatenate([x, y])
        steps = (x[:, None] <= grid).mean(0) - (y[:, None] <= grid).mean(0)
        values.append(abs(steps).max() if mean else (sign * steps).max())
    return float(np.mean(values) if mean else np.max(values))
