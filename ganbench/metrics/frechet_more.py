"""How sure a Frechet distance is, what it tends to, and what it says class by class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.stats import norm
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics.base import metric
from ganbench.metrics.features import Features, at_least, both, count, features
from ganbench.metrics.frechet import fid, frechet_distance
from ganbench.streams import stream


def fid_bias(cloud: Any, n: int, m: float = float("inf")) -> float:
    """FID expected, to first order in 1/n and 1/m, of n against m rows of one Gaussian with the cloud's covariance.

    With eigenvalues l: sum l (1/n + 1/m) + 1/2 sum_jk l_j l_k (1 + [j = k]) / (l_j + l_k) (1/(n-1) + 1/(m-1)).
    Good for n well above d. ``m`` may be infinite, for exact reference statistics.
    """
    if n < 2 or m < 2:
        raise BadInput(f"n, m: expected sizes of at least 2, got {n} and {m}")
    values = torch.linalg.eigvalsh(features(cloud, "cloud").covariance).clamp(min=0)
    sums = values[:, None] + values
    pairs = torch.where(sums > 0, torch.outer(values, values) / sums, 0.0)
    spread = (pairs.sum() + pairs.diagonal().sum()) / 2
    return float(values.sum() * (1 / n + 1 / m) + spread * (1 / (n - 1) + 1 / (m - 1)))


@metric(
    needs=("real", "fake"),
    better="lower",
    ideal=0.0,
    bounds=(float("-inf"), float("inf")),
    paper="Chong and Forsyth, 2020, arXiv:1911.07023, section 3",
    laws={"rotation", "translation"},
    minimum=5000,
)
def fid_infinity(real: Any, fake: Any, *, points: int = 15, seed: int = 0) -> float:
    """FID extrapolated to infinitely many fakes: the intercept of a line in 1/size through ``points`` subset sizes.

    Sizes are even from min(5000, max(m / 10, 2)) to m, each a fresh draw without replacement. The reference's own
    bias stays. May be negative. Raises BadInput for fewer than 2 points or fewer fakes than points.
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
    bias for equal laws. It holds for n, m well above d and for laws that differ. Raises BadInput for n or m <= d.
    """
    if not 0 < confidence < 1:
        raise BadInput(f"confidence: expected a number between 0 and 1, got {confidence}")
    r, f = both(real, fake)
    for cloud in (r, f):
        at_least(cloud, cloud.dim + 2)
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
    needs=("real", "fake", "real_labels", "fake_labels"),
    better="lower",
    ideal=0.0,
    bounds=(0.0, float("inf")),
    paper="Miyato and Koyama, 2018, arXiv:1802.05637, section 4 (mean over classes)",
    laws={"identity", "symmetric", "rotation", "translation", "permutation"},
    minimum=2048,
)
def intra_fid(real: Any, fake: Any, real_labels: Any, fake_labels: Any) -> float:
    """Mean over classes of the FID within a class. Raises BadInput for a class with fewer than 2 rows on a side."""
    r, f = both(real, fake)
    pairs = by_class(r, f, real_labels, fake_labels)
    return float(np.mean([fid(a, b) for a, b in pairs]))


@metric(
    needs=("real", "fake", "real_labels", "fake_labels"),
    better="lower",
    ideal=0.0,
    bounds=(0.0, float("inf")),
    paper="Benny et al., 2021, arXiv:2004.12361, section 3 (between-class FID)",
    laws={"identity", "symmetric", "rotation", "translation", "permutation"},
    minimum=2048,
)
def between_class_fid(real: Any, fake: Any, real_labels: Any, fake_labels: Any) -> float:
    """Squared Frechet distance between the clouds of class means, every class counting once (covariance ddof 0)."""
    r, f = both(real, fake)
    pairs = by_class(r, f, real_labels, fake_labels)
    means = [torch.stack([side[i].mean for side in pairs]) for i in (0, 1)]
    a, b = ((m.mean(0), torch.cov(m.T, correction=0).reshape(r.dim, r.dim)) for m in means)
    return frechet_distance(*a, *b)


def by_class(real: Features, fake: Features, real_labels: Any, fake_labels: Any) -> list[tuple[Features, Features]]:
    """Return both clouds class by class; raises BadInput unless both sides have 2 rows of every class."""
    labels = []
    for cloud, given in ((real, real_labels), (fake, fake_labels)):
        label = torch.as_tensor(np.asarray(given) if not isinstance(given, Tensor) else given).to(cloud.values.device)
        if label.shape != (len(cloud),):
            raise BadInput(f"{cloud.name}_labels: expected {len(cloud)} labels, got shape {tuple(label.shape)}")
        labels.append(label)
    pairs = []
    for name in torch.cat(labels).unique().tolist():
        one = [Features(c.values[label == name], c.name) for c, label in zip((real, fake), labels, strict=True)]
        for cloud in one:
            if len(cloud) < 2:
                raise BadInput(f"{cloud.name}: expected at least 2 rows of class {name}, got {len(cloud)}")
        pairs.append((one[0], one[1]))
    return pairs
