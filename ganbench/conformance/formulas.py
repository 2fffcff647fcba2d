"""The formulas of the common metrics, with an argument for each classic mistake; right by default."""

from __future__ import annotations

from collections.abc import Iterable
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
) -> float:
    """Squared Frechet distance; ``commuting`` takes the distance of the roots of the covariances."""
    real, fake = (x.astype(np.float32 if single else np.float64) for x in (real, fake))
    shift = np.linalg.norm(real.mean(0) - fake.mean(0))
    a, b = (np.atleast_2d(np.cov(x, rowvar=False, ddof=ddof)) for x in (real, fake))
    first = (shift**2 if square else shift) if means else 0.0
    if commuting:
        return float(first + np.square(root(a) - root(b)).sum())
    return float(first + np.trace(a) + np.trace(b) - 2 * root_trace(a @ b))


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
) -> float:
    """Squared MMD with a Gaussian kernel, bandwidth by the median distance of the reals (or of all)."""
    sample = np.concatenate([real, fake]) if pooled else real
    if bandwidth is None:
        distances = cdist(sample, sample)[np.triu_indices(len(sample), 1)]
        bandwidth = float(np.median(distances))
    kernels = (np.exp(-cdist(a, b, "sqeuclidean") / (two * bandwidth**2)) for a, b in kernel_pairs(real, fake))
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
) -> float:
    """Precision, recall, density or coverage with the k-th neighbour's ball."""
    if (metric == "recall") != exchanged:
        real, fake = fake, real
    radii = np.sort(cdist(real, real), axis=1)[:, k + offset]
    distances = cdist(real, fake)
    radii = radii**2 if squared else radii
    inside = distances < radii[:, None] if strict else distances <= radii[:, None] * (1 + 1e-12)
    if metric == "density":
        return float(inside.sum(0).mean() / k)
    return float(inside.any(1).mean() if metric == "coverage" else inside.any(0).mean())


def recall_with_wrong_ties(real: Any, fake: Any, *, k: int = 3) -> float:
    """Recall where a distance also counts that equals the radius of the real itself, to five digits."""
    radii, own = (np.sort(cdist(x, x), axis=1)[:, k] for x in (fake, real))
    distances = cdist(real, fake)
    tied = np.isclose(distances, own[:, None], rtol=1e-5, atol=1e-8)
    return float(((distances < radii) | tied).any(1).mean())


def inception(posteriors: Any, *, splits: int = 1, uniform: bool = False, early: bool = False) -> float:
    """Inception Score as the mean over contiguous blocks."""
    scores = []
    for block in np.array_split(posteriors, splits):
        marginal = np.full(block.shape[1], 1 / block.shape[1]) if uniform else block.mean(0)
        terms = np.where(block > 0, block * (np.log(np.maximum(block, 1e-300)) - np.log(marginal)), 0).sum(1)
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


def vendi(fake: Any, *, order: float = 1.0, normalised: bool = True) -> float:
    """Effective number of rows under the cosine kernel."""
    unit = fake / np.linalg.norm(fake, axis=1, keepdims=True)
    values = np.linalg.eigvalsh(unit @ unit.T) / (len(fake) if normalised else 1)
    values = values[values > 1e-12]
    if order == 1:
        return float(np.exp(-(values * np.log(values)).sum()))
    return float((values**order).sum() ** (1 / (1 - order)))
