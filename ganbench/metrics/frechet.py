"""Frechet distances: FID with its bias, interval and limit, and FID class by class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.stats import norm
from scipy.stats import t as student
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.errors import BadInput
from ganbench.metrics._engine.spectrum import SMALL, contrasts, nuclear_norm, trace_of_root, variances
from ganbench.metrics.feature_vectors import Features, at_least, both, count, features
from ganbench.metrics.spec import distance_metric, metric


@distance_metric(
    invariances={"identity", "symmetric", "rotation", "translation", "permutation"},
    minimum=2048,
    cost="2 n d min(m, d) + 2 m d min(n, d) + 20 min(n, m, d)^3",
)
def fid(real: Any, fake: Any) -> float:
    """Squared Frechet distance between the Gaussians that have the means and covariances of the two samples.

    Biased upwards by order 1/n + 1/m: compare at equal numbers of samples only.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features of the reference and of the samples, at least 2 rows each, in any units.

    Returns
    -------
    float, at least 0
        The squared distance, in the square of the features' units; lower is better, ideally 0.

    Raises
    ------
    BadInput
        For fewer than 2 rows, unequal numbers of columns, or numbers that are not finite.

    Notes
    -----
    ``|mu_r - mu_f|^2 + Tr(S_r + S_f - 2 (S_r S_f)^(1/2))`` with covariances divided by n - 1. No matrix root is taken:
    the trace of the root is a sum of singular values.

    References
    ----------
    .. [1] Heusel et al., 2017, arXiv:1706.08500, eq. 6

    Examples
    --------
    >>> from ganbench.metrics import fid
    >>> fid([[0.0], [2.0]], [[1.0], [3.0]])
    1.0
    """
    r, f = both(real, fake)
    at_least(r, 2)
    at_least(f, 2)
    return _distance(r.mean - f.mean, root(r), root(f)) if r.dim <= SMALL else _wide_distance(r, f)


def frechet_distance(mean_a: Any, cov_a: Any, mean_b: Any, cov_b: Any) -> float:
    """Squared Frechet distance between two Gaussians.

    Parameters
    ----------
    mean_a, mean_b : array_like, (d,)
        Their means.
    cov_a, cov_b : array_like, (d, d)
        Their covariances.

    Returns
    -------
    float, at least 0
        ``|mu_a - mu_b|^2 + Tr(S_a + S_b - 2 (S_a S_b)^(1/2))``; lower is better.

    Raises
    ------
    BadInput
        For shapes that do not fit, numbers that are not finite, and covariances that are not symmetric or have a
        clearly negative eigenvalue.

    References
    ----------
    .. [1] Dowson and Landau, 1982, Journal of Multivariate Analysis 12

    Examples
    --------
    >>> from ganbench.metrics.frechet import frechet_distance
    >>> frechet_distance([0.0], [[1.0]], [2.0], [[4.0]])
    5.0
    """
    a, b = _gaussian("a", mean_a, cov_a), _gaussian("b", mean_b, cov_b)
    if len(a[0]) != len(b[0]):
        raise BadInput(f"mean_b: expected {len(a[0])} numbers as in mean_a, got {len(b[0])}")
    return _distance(a[0] - b[0], symmetric_root(a[1], "cov_a"), symmetric_root(b[1], "cov_b"))


def root(sample: Features) -> Tensor:
    """Return some F, (r, d), with F'F the covariance: contrasts of few rows, or else the triangle of a QR of all."""
    if "root" not in sample.derived:
        rows = (sample.values.double() - sample.mean) / (len(sample) - 1) ** 0.5
        few = len(sample) <= sample.dim
        sample.derived["root"] = contrasts(rows) if few else torch.linalg.qr(rows, mode="r").R
    factor: Tensor = sample.derived["root"]
    return factor


def symmetric_root(covariance: Tensor, name: str) -> Tensor:
    """Return F with F'F = ``covariance`` by its eigenvectors; raises BadInput where it is no covariance."""
    values, vectors = torch.linalg.eigh(covariance)
    if float(values[0]) < -1e-6 * float(values.abs().max()):
        raise BadInput(f"{name}: expected no negative eigenvalue, got {float(values[0]):.3g}")
    return values.clamp(min=0).sqrt()[:, None] * vectors.T


def _wide_distance(r: Features, f: Features) -> float:
    """Return the distance in many dimensions, where the trace of the root has a faster way."""
    whole = float((r.mean - f.mean).square().sum()) + float(variances(r).sum()) + float(variances(f).sum())
    return max(whole - 2 * trace_of_root(r, f), 0.0) if np.isfinite(whole) else whole


def _distance(shift: Tensor, root_a: Tensor, root_b: Tensor) -> float:
    """Put the formula together: with F'F = A and G'G = B, the sum of the singular values of FG' is Tr (AB)^(1/2).

    Rounding below zero is cut, for no squared distance is negative.
    """
    spread = root_a.square().sum() + root_b.square().sum()
    return max(float(shift.square().sum() + spread) - 2 * nuclear_norm(root_a @ root_b.T), 0.0)


def _gaussian(which: str, mean: Any, cov: Any) -> tuple[Tensor, Tensor]:
    """Return the parameters in float64, checked."""
    mu, sigma = (torch.as_tensor(value).detach().double() for value in (mean, cov))
    if mu.ndim != 1 or sigma.shape != (len(mu), len(mu)):
        raise BadInput(
            f"cov_{which}: expected a (d,) mean and a (d, d) covariance, got {(*mu.shape,)}, {(*sigma.shape,)}"
        )
    if not bool(mu.isfinite().all() and sigma.isfinite().all()):
        raise BadInput(f"cov_{which}: expected finite numbers in the mean and the covariance")
    if float((sigma - sigma.T).abs().max()) > 1e-6 * float(sigma.abs().max()):
        raise BadInput(f"cov_{which}: expected a symmetric matrix")
    return mu, (sigma + sigma.T) / 2


def fid_bias(sample: Any, n: int, m: float = float("inf")) -> float:
    """FID expected, to first order, of n against m rows of one Gaussian.

    Parameters
    ----------
    sample : array_like, (N, d)
        Features with the covariance of the Gaussian.
    n, m : int
        Numbers of rows, well above d; ``m`` may be infinite, for exact reference statistics.

    Returns
    -------
    float, at least 0
        The bias of `fid`, in the square of the features' units.

    Raises
    ------
    BadInput
        For sizes below 2.

    Notes
    -----
    ``sum l (1/n + 1/m) + 1/2 sum_jk l_j l_k (1 + [j = k]) / (l_j + l_k) (1/(n-1) + 1/(m-1))`` with the eigenvalues l.

    Examples
    --------
    >>> from ganbench.metrics.frechet import fid_bias
    >>> round(fid_bias([[0.0], [2.0]], 101, 101), 4)
    0.0596
    """
    if n < 2 or m < 2:
        raise BadInput(f"n, m: expected sizes of at least 2, got {n} and {m}")
    values = torch.linalg.eigvalsh(features(sample, "sample").covariance).clamp(min=0)
    sums = values[:, None] + values
    pairs = torch.where(sums > 0, torch.outer(values, values) / sums, 0.0)
    spread = (pairs.sum() + pairs.diagonal().sum()) / 2
    return float(values.sum() * (1 / n + 1 / m) + spread * (1 / (n - 1) + 1 / (m - 1)))


@metric(
    better="lower",
    scale="linear",
    ideal=0.0,
    invariances={"rotation", "translation"},
    minimum=5000,
    cost="points n d min(m, d) + points m d min(n, d) + 20 points min(n, m, d)^3",
)
def fid_infinity(real: Any, fake: Any, *, points: int = 15, seed: int = 0) -> float:
    """FID extrapolated to infinitely many samples.

    The reference's own bias stays.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features; ``fake`` needs at least as many rows as there are points.
    points : int, default 15
        Sizes of random subsets of ``fake``, even from min(5000, max(m / 10, 2)) to m.
    seed : int, default 0
        Fixes the subsets.

    Returns
    -------
    float, any number
        The intercept of a line in 1 / size, in the square of the features' units; lower is better, ideally 0.

    Raises
    ------
    BadInput
        For fewer than 2 points, or fewer fakes than points.

    Notes
    -----
    A least-squares fit of ``FID(real, subset of N fakes) = a + b / N``; the value is a.

    References
    ----------
    .. [1] Chong and Forsyth, 2020, arXiv:1911.07023, section 3

    Examples
    --------
    >>> from ganbench.metrics import fid_infinity
    >>> reals, fakes = [[0.0], [1.0]] * 10, [[2.0], [3.0]] * 10
    >>> round(fid_infinity(reals, fakes, points=5), 3)
    3.983
    """
    r, f = both(real, fake)
    count("points", points)
    at_least(f, max(points, 4))
    return intercept(lambda rows: fid(r, f.part(rows)), len(f), points, seed, "fid_infinity")


def intercept(score: Callable[[Tensor], float], n: int, points: int, seed: int, name: str) -> float:
    """Return the intercept of a line in 1 / size through the scores of random subsets, given as row numbers."""
    if points < 2:
        raise BadInput(f"points: expected at least 2, got {points}")
    sizes = np.linspace(min(5000, max(n // 10, 2)), n, points).astype(int)
    scores = [score(torch.randperm(n, generator=stream(seed, name, size))[:size]) for size in sizes.tolist()]
    design = np.stack([np.ones(points), 1 / sizes], 1)
    return float(np.linalg.lstsq(design, np.array(scores), rcond=None)[0][0])


@dataclass(frozen=True)
class Interval:
    """A value and the ends of its confidence interval."""

    value: float
    low: float
    high: float


def fid_interval(real: Any, fake: Any, *, confidence: float = 0.95) -> Interval:
    """Confidence interval of the population's FID from influence functions: first order, no root is taken twice.

    The derivative of the distance moves a fake y by 2 (mu_f - mu_r).(y - mu_f) + (y - mu_f)'(I - T)(y - mu_f), with
    T the optimal transport of N(mu_f, S_f) onto N(mu_r, S_r), and a real likewise; the variance of these sums is
    that of the estimate (the infinitesimal jackknife). The interval is centred on the value less its first-order
    bias for equal distributions. It holds for n, m well above d and for distributions that differ. Raises BadInput for
    n or m <= d.
    """
    if not 0 < confidence < 1:
        raise BadInput(f"confidence: expected a number between 0 and 1, got {confidence}")
    r, f = both(real, fake)
    for sample in (r, f):
        at_least(sample, sample.dim + 2)
    variance = 0.0
    for one, other in ((r, f), (f, r)):
        centred = one.values.double() - one.mean
        bend = torch.eye(one.dim, dtype=torch.float64, device=centred.device) - transport(
            one.covariance, other.covariance
        )
        influence = 2 * centred @ (one.mean - other.mean) + ((centred @ bend) * centred).sum(1)
        variance += float(influence.var(correction=1)) / len(one)
    value = fid(r, f)
    centre = max(value - (fid_bias(r, len(r)) + fid_bias(f, len(f))), 0.0)
    half = float(norm.ppf(0.5 + confidence / 2)) * variance**0.5
    return Interval(value, max(centre - half, 0.0), centre + half)


Encoder = tuple[Any, Any, Any]  # features of reference, samples and held-out reals by one encoder
GROUPS = 10


def frechet_ratio(encoders: Sequence[Encoder], *, confidence: float = 0.95) -> Interval:
    """Frechet distance of samples over that of as many held-out reals, the mean over encoders (FDr_k), with interval.

    A generator can be trained on the distance of one encoder; of several, trained differently, it is harder to buy.
    Ratios are free of the encoders' units and of most of the bias, for both distances are of equally many rows.

    Parameters
    ----------
    encoders : sequence of (real, fake, held_out)
        For each encoder, two or more: features (n, d) of the reference, (m, d) of the samples and (m, d) of reals
        that are not in the reference. Rows are the same images in the same order for every encoder.
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    Interval
        The ratio: 1 is as good as real, below 1 is nearer to the reference than real data are. The interval is by the
        jackknife over 10 groups of samples and of held-out reals, the reference fixed (Student's t).

    Raises
    ------
    BadInput
        For fewer than two encoders, other numbers of held-out reals than of samples, fewer than 100 of these, numbers
        that differ between encoders, and held-out reals at no distance.

    Notes
    -----
    ``mean over encoders of FD(real, fake) / FD(real, held_out)``

    References
    ----------
    .. [1] FD-Loss, 2026, arXiv:2604.28190

    Examples
    --------
    >>> import torch
    >>> from ganbench.metrics.frechet import frechet_ratio
    >>> real, held_out = torch.arange(200.0)[:, None], torch.arange(200.0)[:, None] + 1
    >>> ratio = frechet_ratio([(real, real + 2, held_out), (real / 9, real / 9 + 2 / 9, held_out / 9)])
    >>> round(ratio.value, 3), ratio.low < 4 < ratio.high
    (4.0, True)
    """
    if not 0 < confidence < 1:
        raise BadInput(f"confidence: expected a number between 0 and 1, got {confidence}")
    sets = checked_encoders(encoders)
    n = len(sets[0][1])
    group = torch.arange(n) % GROUPS
    value = mean_ratio(sets)
    parts = [(group != i).nonzero().flatten() for i in range(GROUPS)]
    left_out = np.array([mean_ratio([(r, f.part(rows), h.part(rows)) for r, f, h in sets]) for rows in parts])
    error = float(np.sqrt((GROUPS - 1) / GROUPS * np.square(left_out - left_out.mean()).sum()))
    half = float(student.ppf((1 + confidence) / 2, GROUPS - 1)) * error
    return Interval(value, max(value - half, 0.0), value + half)


def checked_encoders(encoders: Sequence[Encoder]) -> list[tuple[Features, Features, Features]]:
    """Return the features of each encoder, or raise BadInput where they do not match."""
    if len(encoders) < 2:
        raise BadInput(f"encoders: expected at least two of different training, got {len(encoders)}")
    sets = []
    for real, fake, held_out in encoders:
        r, f = both(real, fake)
        h = both(r, features(held_out, "held_out"))[1]
        at_least(f, GROUPS * GROUPS)
        if len(h) != len(f):
            raise BadInput(f"held_out: expected as many rows as there are samples, {len(f)}, got {len(h)}")
        sets.append((r, f, h))
    if len({len(f) for _, f, _ in sets}) > 1:
        raise BadInput(f"encoders: expected equally many samples, got {', '.join(str(len(f)) for _, f, _ in sets)}")
    return sets


def mean_ratio(sets: Sequence[tuple[Features, Features, Features]]) -> float:
    """Return the mean over encoders of the distance of samples over that of held-out reals."""
    ratios = []
    for real, fake, held_out in sets:
        floor = fid(real, held_out)
        if not floor > 0:
            raise BadInput("held_out: expected reals other than the reference; their distance to it is 0")
        ratios.append(fid(real, fake) / floor)
    return float(np.mean(ratios))


def transport(source: Tensor, target: Tensor) -> Tensor:
    """Return the optimal map between centred Gaussians, A^(-1/2) (A^(1/2) B A^(1/2))^(1/2) A^(-1/2).

    Raises BadInput where the source is singular.
    """
    values, vectors = torch.linalg.eigh(source)
    if float(values[0]) <= 1e-12 * float(values[-1]):
        raise BadInput("covariance: expected full rank, for the transport between the Gaussians needs its inverse root")
    half = (vectors * values.sqrt()) @ vectors.T
    inverse = (vectors / values.sqrt()) @ vectors.T
    inner = half @ target @ half
    squares, basis = torch.linalg.eigh((inner + inner.T) / 2)
    return inverse @ (basis * squares.clamp(min=0).sqrt()) @ basis.T @ inverse


@distance_metric(
    invariances={"identity", "symmetric", "rotation", "translation", "permutation"},
    minimum=2048,
    cost="200 k q d + 4 k q d min(q, d) + 20 k min(q, d)^3",
)
def intra_fid(real: Any, fake: Any, real_labels: Any, fake_labels: Any) -> float:
    """Mean over classes of the FID within a class.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, at least 2 rows of every class in either sample.
    real_labels, fake_labels : array_like, (n,) and (m,)
        Class of each reference, and class that each sample was asked to be of.

    Returns
    -------
    float, at least 0
        The mean, every class counting once, in the square of the features' units; lower is better, ideally 0.

    Raises
    ------
    BadInput
        For a class with fewer than 2 rows in either sample, or labels that do not match the rows.

    Notes
    -----
    ``mean over c of FID(real rows of class c, fake rows of class c)``

    References
    ----------
    .. [1] Miyato and Koyama, 2018, arXiv:1802.05637, section 4 (mean over classes)

    Examples
    --------
    >>> from ganbench.metrics import intra_fid
    >>> intra_fid([[0.0], [2.0], [5.0], [7.0]], [[1.0], [3.0], [5.0], [7.0]], [0, 0, 1, 1], [0, 0, 1, 1])
    0.5
    """
    r, f = both(real, fake)
    pairs = by_class(r, f, real_labels, fake_labels)
    return float(np.mean([fid(a, b) for a, b in pairs]))


@distance_metric(
    invariances={"identity", "symmetric", "rotation", "translation", "permutation"},
    minimum=2048,
    cost="20 n d + 20 m d + 20 d^3",
)
def between_class_fid(real: Any, fake: Any, real_labels: Any, fake_labels: Any) -> float:
    """Squared Frechet distance between the class means of the two samples.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, at least 2 rows of each class.
    real_labels, fake_labels : array_like, (n,) and (m,)
        Class of each reference row, and the class asked for of each sample.

    Returns
    -------
    float, at least 0
        The squared distance, in the square of the features' units; lower is better, ideally 0.

    Raises
    ------
    BadInput
        For a class with fewer than 2 rows in either sample, or labels that do not match the rows.

    Notes
    -----
    Every class counts once: the formula of ``fid`` on the means of the classes, with covariances divided by their
    number.

    References
    ----------
    .. [1] Benny et al., 2021, arXiv:2004.12361, section 3 (between-class FID)

    Examples
    --------
    >>> from ganbench.metrics import between_class_fid
    >>> between_class_fid([[0.0], [2.0], [5.0], [7.0]], [[1.0], [3.0], [6.0], [8.0]], [0, 0, 1, 1], [0, 0, 1, 1])
    1.0
    """
    r, f = both(real, fake)
    return between(by_class(r, f, real_labels, fake_labels))


@metric(
    better="lower",
    scale="linear",
    ideal=0.0,
    invariances={"rotation", "translation"},
    minimum=5000,
    cost="200 points k q d + 2 points k q d min(q, d) + 20 points k min(q, d)^3",
)
def intra_fid_infinity(
    real: Any, fake: Any, real_labels: Any, fake_labels: Any, *, points: int = 15, seed: int = 0
) -> float:
    """Mean over classes of the FID within a class, extrapolated to infinitely many samples of each.

    The bias of the reference stays.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, at least 2 rows of every class of ``real`` and as many as there are points of ``fake``.
    real_labels, fake_labels : array_like, (n,) and (m,)
        Classes, as in `intra_fid`.
    points : int, default 15
        Sizes of random subsets of the fakes of a class, as in `fid_infinity`.
    seed : int, default 0
        Fixes the subsets.

    Returns
    -------
    float, any number
        The mean of the intercepts, in the square of the features' units; lower is better, ideally 0.

    Raises
    ------
    BadInput
        For fewer than 2 points, a class with fewer fakes than points, or labels that do not match the rows.

    Notes
    -----
    ``mean over c of fid_infinity(real rows of class c, fake rows of class c)``

    References
    ----------
    .. [1] Chong and Forsyth, 2020, arXiv:1911.07023; within classes: Miyato and Koyama, 2018, arXiv:1802.05637

    Examples
    --------
    >>> from ganbench.metrics import intra_fid_infinity
    >>> reals, fakes = [[0.0], [1.0]] * 10, [[2.0], [3.0]] * 10
    >>> round(intra_fid_infinity(reals, fakes, [0] * 20, [0] * 20, points=5), 3)
    3.983
    """
    r, f = both(real, fake)
    pairs = by_class(r, f, real_labels, fake_labels)
    return float(np.mean([fid_infinity(a, b, points=points, seed=seed) for a, b in pairs]))


@metric(
    better="lower",
    scale="linear",
    ideal=0.0,
    invariances={"rotation", "translation"},
    minimum=5000,
    cost="100 points n d + 100 points m d + 20 points d^3",
)
def between_class_fid_infinity(
    real: Any, fake: Any, real_labels: Any, fake_labels: Any, *, points: int = 15, seed: int = 0
) -> float:
    """Squared Frechet distance between class means, extrapolated to infinitely many samples.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, as in `between_class_fid`, with as many fakes of each class as there are points.
    real_labels, fake_labels : array_like, (n,) and (m,)
        Class of each row of either sample.
    points : int, default 15
        Shares of the fakes of each class, even from a tenth to all.
    seed : int, default 0
        Fixes which they are.

    Returns
    -------
    float, any number
        The intercept, in the square of the features' units; lower is better, ideally 0. The reference's bias stays.

    Raises
    ------
    BadInput
        For fewer than 2 points, too few fakes of a class, or labels that do not match the rows.

    Notes
    -----
    A least-squares fit of ``between_class_fid(real, N fakes) = a + b / N``, classes keeping their shares; the value is
    a.

    References
    ----------
    .. [1] Chong and Forsyth, 2020, arXiv:1911.07023; between classes: Benny et al., 2021, arXiv:2004.12361

    Examples
    --------
    >>> from ganbench.metrics import between_class_fid_infinity
    >>> reals, fakes = [[0.0], [4.0]] * 20, [[1.0], [5.0]] * 20
    >>> round(between_class_fid_infinity(reals, fakes, [0, 1] * 20, [0, 1] * 20, points=5), 3)
    1.0
    """
    r, f = both(real, fake)
    pairs = by_class(r, f, real_labels, fake_labels)
    count("points", points)
    for _, fakes in pairs:
        at_least(fakes, max(points, 4))
    total = sum(len(fakes) for _, fakes in pairs)

    def score(rows: Tensor) -> float:
        share = len(rows) / total
        parts = [
            (a, b.part(torch.randperm(len(b), generator=stream(seed, "classes", len(rows), i))[: at_share(b, share)]))
            for i, (a, b) in enumerate(pairs)
        ]
        return between(parts)

    return intercept(score, total, points, seed, "between_class_fid_infinity")


def at_share(sample: Features, share: float) -> int:
    """Return how many rows are a share of a class, at least 2."""
    return max(2, round(share * len(sample)))


def between(pairs: Sequence[tuple[Features, Features]]) -> float:
    """Return the squared Frechet distance between the means of classes."""
    dim = pairs[0][0].dim
    means = [torch.stack([pair[i].mean for pair in pairs]) for i in (0, 1)]
    a, b = ((m.mean(0), torch.cov(m.T, correction=0).reshape(dim, dim)) for m in means)
    return frechet_distance(*a, *b)


def by_class(real: Features, fake: Features, real_labels: Any, fake_labels: Any) -> list[tuple[Features, Features]]:
    """Return both samples class by class; raises BadInput unless both have 2 rows of every class."""
    labels = []
    for sample, given in ((real, real_labels), (fake, fake_labels)):
        label = torch.as_tensor(np.asarray(given) if not isinstance(given, Tensor) else given).to(sample.values.device)
        if label.shape != (len(sample),):
            raise BadInput(f"{sample.name}_labels: expected {len(sample)} labels, got shape {tuple(label.shape)}")
        labels.append(label)
    pairs = []
    for name in torch.cat(labels).unique().tolist():
        one = [Features(c.values[label == name], c.name) for c, label in zip((real, fake), labels, strict=True)]
        for sample in one:
            if len(sample) < 2:
                raise BadInput(f"{sample.name}: expected at least 2 rows of class {name}, got {len(sample)}")
        pairs.append((one[0], one[1]))
    return pairs
