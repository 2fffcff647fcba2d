"""Frechet distances: FID with its bias, interval and limit, and FID class by class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.stats import norm
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.errors import BadInput
from ganbench.metrics._engine.moments import gram
from ganbench.metrics._engine.spectrum import (
    contrasts,
    of_short,
    of_tall,
    of_tall_and_short,
    tall,
    trace_of_root,
    variance,
)
from ganbench.metrics.features import Features, at_least, both, count, features
from ganbench.metrics.spec import metric

SMALL = 512  # dimensions up to which the most accurate factorisations cost nothing


@metric(
    better="lower",
    scale="log",
    ideal=0.0,
    bounds=(0.0, float("inf")),
    invariances={"identity", "symmetric", "rotation", "translation", "permutation"},
    minimum=2048,
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
    wide = _wide_distance(r, f) if r.dim > SMALL else None
    return _distance(r.mean - f.mean, root(r), root(f)) if wide is None else wide


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
    """Return some F, (r, d), with F'F the covariance, as accurate as the sample allows.

    Fewer rows than dimensions: contrasts of the centred rows. Few dimensions: QR of the rows. Otherwise
    Cholesky's factor, and QR again where the covariance is singular.
    """
    if "root" not in sample.derived:
        sample.derived["root"] = _root(sample)
    factor: Tensor = sample.derived["root"]
    return factor


def _root(sample: Features) -> Tensor:
    if len(sample) > sample.dim > SMALL:
        factor, failed = torch.linalg.cholesky_ex(sample.covariance, upper=True)
        if not int(failed):
            return factor
    rows = (sample.values.double() - sample.mean) / (len(sample) - 1) ** 0.5
    return contrasts(rows) if len(sample) <= sample.dim else torch.linalg.qr(rows, mode="r").R


def symmetric_root(covariance: Tensor, name: str) -> Tensor:
    """Return F with F'F = ``covariance`` by its eigenvectors; raises BadInput where it is no covariance."""
    values, vectors = torch.linalg.eigh(covariance)
    if float(values[0]) < -1e-6 * float(values.abs().max()):
        raise BadInput(f"{name}: expected no negative eigenvalue, got {float(values[0]):.3g}")
    return values.clamp(min=0).sqrt()[:, None] * vectors.T


def _wide_distance(r: Features, f: Features) -> float | None:
    """Return the distance from eigenvalues of the smallest symmetric product, None where rounding would show."""
    whole = float((r.mean - f.mean).square().sum()) + variance(r) + variance(f)
    if tall(r):
        squares = (of_tall if tall(f) else of_tall_and_short)(root(r), f)
    else:
        squares = of_tall_and_short(root(f), r) if tall(f) else of_short(r, f)
    total = trace_of_root(squares, whole)
    return None if total is None else max(whole - 2 * total, 0.0)


def _distance(shift: Tensor, root_a: Tensor, root_b: Tensor) -> float:
    """Put the formula together; rounding below zero is cut, for no squared distance is negative."""
    spread = root_a.square().sum() + root_b.square().sum()
    whole = float(shift.square().sum() + spread)
    return max(whole - 2 * nuclear_norm(root_a @ root_b.T, whole), 0.0)


def nuclear_norm(product: Tensor, whole: float) -> float:
    """Return the sum of singular values: with F'F = A and G'G = B, that of FG' is Tr (AB)^(1/2).

    The eigenvalues of the smaller Gram matrix are several times faster, and used where they are good enough.
    """
    if min(product.shape) > SMALL:
        narrow = product.T if product.shape[0] <= product.shape[1] else product
        total = trace_of_root(torch.linalg.eigvalsh(gram([narrow], narrow[0])), whole)
        if total is not None:
            return total
    return float(torch.linalg.svdvals(product).sum())


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


@metric(better="lower", scale="linear", ideal=0.0, invariances={"rotation", "translation"}, minimum=5000)
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
    if points < 2:
        raise BadInput(f"points: expected at least 2, got {points}")
    at_least(f, max(points, 4))
    sizes = np.linspace(min(5000, max(len(f) // 10, 2)), len(f), points).astype(int)
    scores = []
    for size in sizes.tolist():
        chosen = torch.randperm(len(f), generator=stream(seed, "fid_infinity", size))[:size]
        scores.append(fid(r, Features(f.values[chosen.to(f.values.device)], f.name)))
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


@metric(
    better="lower",
    scale="log",
    ideal=0.0,
    bounds=(0.0, float("inf")),
    invariances={"identity", "symmetric", "rotation", "translation", "permutation"},
    minimum=2048,
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


@metric(
    better="lower",
    scale="log",
    ideal=0.0,
    bounds=(0.0, float("inf")),
    invariances={"identity", "symmetric", "rotation", "translation", "permutation"},
    minimum=2048,
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
    pairs = by_class(r, f, real_labels, fake_labels)
    means = [torch.stack([pair[i].mean for pair in pairs]) for i in (0, 1)]
    a, b = ((m.mean(0), torch.cov(m.T, correction=0).reshape(r.dim, r.dim)) for m in means)
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
