"""Topological precision and recall: supports estimated by densities above the noise of their own bootstrap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.errors import BadInput
from ganbench.metrics._engine.pairs import Pair, pair_of
from ganbench.metrics.feature_vectors import Features, at_least
from ganbench.metrics.spec import share_metric

DIMENSIONS, REPEATS, LEVEL = 32, 10, 0.1
NEIGHBOURS = 5 * DIMENSIONS  # as published at 32 dimensions; fewer would drown low-dimensional supports in the band
BLOCK = 2048


@share_metric(
    invariances={"identity"},
    minimum=1000,
    cost="3000 n^2 + 3000 m^2 + 3000 n m",
)
def topp(real: Any, fake: Any, *, seed: int = 0) -> float:
    """Share of the significant fakes that lie in the significant support of the reals.

    More than 32 dimensions are projected on 32 at random. Clumps of far fewer than 160 rows are smoothed over.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, more than 160 rows each; the support is that of ``real``.
    seed : int, default 0
        Fixes the projection and the bootstrap.

    Returns
    -------
    float, 0 to 1
        The share of the significant fakes; higher is better, ideally 1.

    Raises
    ------
    BadInput
        Unless both samples have more than 160 rows, or where no fake is significant.

    Notes
    -----
    A row is significant where the kernel density of its own sample rises above the bootstrap's confidence band at level
    0.1; the bandwidth is the median distance to the 160th neighbour.

    References
    ----------
    .. [1] Kim et al., 2023, arXiv:2306.08013, section 4

    Examples
    --------
    >>> from ganbench.metrics import topp
    >>> line = [[i / 200] for i in range(200)]
    >>> topp(line, line)
    1.0
    """
    pair = pair_of(real, fake)
    supports = _supports(pair, seed)
    return _share(supports[1].own, supports[0].density(supports[1].points) > supports[0].band, "fake")


@share_metric(
    invariances={"identity"},
    minimum=1000,
    cost="3000 n^2 + 3000 m^2 + 3000 n m",
)
def topr(real: Any, fake: Any, *, seed: int = 0) -> float:
    """Share of the significant reals that lie in the significant support of the fakes.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, more than 160 rows each; the support is that of ``fake``.
    seed : int, default 0
        Fixes the projection and the bootstrap's draws.

    Returns
    -------
    float, 0 to 1
        The share of the significant reals; higher is better, ideally 1.

    Raises
    ------
    BadInput
        Unless both samples have more than 160 rows, or where no real is significant.

    Notes
    -----
    ``topp`` with the samples exchanged.

    References
    ----------
    .. [1] Kim et al., 2023, arXiv:2306.08013, section 4

    Examples
    --------
    >>> from ganbench.metrics import topr
    >>> line = [[i / 200] for i in range(200)]
    >>> topr(line, line)
    1.0
    """
    pair = pair_of(real, fake)
    supports = _supports(pair, seed)
    return _share(supports[0].own, supports[1].density(supports[0].points) > supports[1].band, "real")


@dataclass(frozen=True)
class Support:
    """A kernel density, the height of its confidence band, and which of its own rows rise above that."""

    points: Tensor
    bandwidth: float
    band: float
    own: Tensor

    def density(self, at: Tensor) -> Tensor:
        """Return the density at some points, up to the constant that the band shares."""
        return kernel_sums(at, self.points, self.bandwidth, torch.ones_like(self.points[:, :1]))[:, 0]


def kernel_sums(at: Tensor, points: Tensor, bandwidth: float, weights: Tensor) -> Tensor:
    """Return weighted means of the kernel cos(pi u / 2), u < 1, of distances over the bandwidth: (len(at), C)."""
    parts = []
    for part in at.split(BLOCK):
        u = torch.cdist(part, points, compute_mode="donot_use_mm_for_euclid_dist") / bandwidth
        parts.append(torch.where(u < 1, (u * (torch.pi / 2)).cos(), 0.0) @ weights)
    return torch.cat(parts) / len(points)


def support(sample: Features, points: Tensor, seed: int) -> Support:
    """Estimate the support: the bandwidth is the median distance to the 160th neighbour, the band a bootstrap's."""
    n, k = len(points), NEIGHBOURS
    at_least(sample, k + 1)
    bandwidth = float(Features(points, sample.name).radii(k).sqrt().median())
    if bandwidth == 0:
        raise BadInput(f"{sample.name}: expected rows that differ, but half of them have {k} equal others")
    random = stream(seed, "topp", "bootstrap")
    drawn = torch.stack([torch.bincount(torch.randint(n, (n,), generator=random), minlength=n) for _ in range(REPEATS)])
    weights = torch.cat([torch.ones(1, n), drawn]).double().T.to(points.device)
    sums = kernel_sums(points, points, bandwidth, weights)
    deviations = (sums[:, 1:] - sums[:, :1]).abs().amax(0)
    band = float(deviations.quantile(1 - LEVEL))
    return Support(points, bandwidth, band, sums[:, 0] > band)


def _supports(pair: Pair, seed: int) -> tuple[Support, Support]:
    """Return both supports, each derived once for its sample."""
    supports = []
    for sample in (pair.real, pair.fake):
        if ("topp", seed) not in sample.derived:
            sample.derived["topp", seed] = support(sample, project(sample.values.double(), seed), seed)
        supports.append(sample.derived["topp", seed])
    return supports[0], supports[1]


def project(values: Tensor, seed: int) -> Tensor:
    """Return the rows in at most 32 dimensions, by one random linear map for every sample of a seed."""
    d = values.shape[1]
    if d <= DIMENSIONS:
        return values
    matrix = torch.randn(d, DIMENSIONS, generator=stream(seed, "topp", "projection"), dtype=torch.float64)
    return values @ (matrix * (2 / (d + DIMENSIONS)) ** 0.5).to(values.device)


def _share(significant: Tensor, inside: Tensor, name: str) -> float:
    if not bool(significant.any()):
        raise BadInput(f"{name}: expected a row whose density rises above its confidence band, got none")
    return float(inside[significant].double().mean())
