"""Maximum mean discrepancies with characteristic kernels, and the energy distance."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import torch
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics.base import metric
from ganbench.metrics.distances import Rows, Start, pieces
from ganbench.metrics.features import Features, at_least
from ganbench.metrics.forms import Distance, Forms, Gaussian
from ganbench.metrics.median import median_square
from ganbench.metrics.pairs import Pair, Plan, pair_of

FEW = (
    4096  # rows whose pairwise distances give the median; larger clouds give as many, evenly by distance from the mean
)
OCTAVES = (0.25, 0.5, 1.0, 2.0, 4.0)  # the mixture's bandwidths over the median
CMMD_BANDWIDTH = 10.0
Stationary = Gaussian | Distance


@metric(
    needs=("real", "fake"),
    better="lower",
    ideal=0.0,
    bounds=(float("-inf"), 2.0),
    paper="Gretton et al., 2012, JMLR 13, eq. 3",
    laws={"rotation", "translation", "scale", "permutation"},
    minimum=100,
)
def mmd(real: Any, fake: Any, *, bandwidth: float | None = None) -> float:
    """Unbiased squared MMD with kernel exp(-|x - y|^2 / (2 bandwidth^2)); may be negative for equal laws.

    ``bandwidth`` in units of the features; None takes the median distance between reals, the same for every
    model compared with them. Raises BadInput for fewer than 2 rows, or for a reference without spread.
    """
    pair = pair_of(real, fake)
    return unbiased(pair, gaussian(pair, bandwidth))


@metric(
    needs=("real", "fake"),
    better="lower",
    ideal=0.0,
    bounds=(float("-inf"), 2.0),
    paper="Li et al., 2015, arXiv:1502.02761, section 3 (a sum of bandwidths)",
    laws={"rotation", "translation", "scale", "permutation"},
    minimum=100,
)
def mmd_mixture(real: Any, fake: Any) -> float:
    """Unbiased squared MMD with the mean of five Gaussian kernels, two octaves about the median real distance."""
    pair = pair_of(real, fake)
    return unbiased(pair, mixture(pair))


@metric(
    needs=("real", "fake"),
    better="lower",
    ideal=0.0,
    bounds=(0.0, 2000.0),
    paper="Jayasumana et al., 2024, arXiv:2401.09603, section 4 and its code",
    laws={"identity", "symmetric", "rotation", "scale", "permutation"},
    minimum=1000,
)
def cmmd(real: Any, fake: Any) -> float:
    """1000 times the biased squared MMD of rows scaled to unit length, Gaussian kernel of bandwidth 10.

    Meant for CLIP embeddings. Biased upwards by order 1/n + 1/m: compare at equal sizes. BadInput for a zero row.
    """
    pair = pair_of(real, fake)
    at_least(pair.real, 1)
    at_least(pair.fake, 1)
    pair = pair_of(unit(pair.real), unit(pair.fake))
    real_sum, fake_sum, cross = _sums(pair, Gaussian((CMMD_BANDWIDTH,)))
    n, m = len(pair.real), len(pair.fake)
    return max(1000 * (real_sum / n**2 + fake_sum / m**2 - 2 * cross / (n * m)), 0.0)


@metric(
    needs=("real", "fake"),
    better="lower",
    ideal=0.0,
    bounds=(float("-inf"), float("inf")),
    paper="Szekely and Rizzo, 2013, J. Stat. Plan. Inference 143, eq. 1.1",
    laws={"symmetric", "rotation", "translation", "permutation"},
    minimum=100,
)
def energy_distance(real: Any, fake: Any) -> float:
    """2 E|x - y| - E|x - x'| - E|y - y'|, unbiased and without a root; in units of the features."""
    return unbiased(pair_of(real, fake), Distance())


def start(kernel: Stationary, left: Tensor | None = None, right: Tensor | None = None) -> Start:
    """Return the study of a kernel's sums."""

    def begin(_left: Rows, _right: Rows) -> Forms:
        return Forms(kernel, left, right)

    return begin


def unbiased(pair: Pair, kernel: Stationary) -> float:
    """Return the U-statistic of the squared MMD (Gretton et al., 2012, eq. 3)."""
    at_least(pair.real, 2)
    at_least(pair.fake, 2)
    real_sum, fake_sum, cross = _sums(pair, kernel)
    n, m = len(pair.real), len(pair.fake)
    return real_sum / (n * (n - 1)) + fake_sum / (m * (m - 1)) - 2 * cross / (n * m)


def kernel_plan(*kernels: Stationary) -> Plan:
    """Return the studies behind the sums of some kernels."""
    studies: dict[Hashable, Start] = {kernel: start(kernel) for kernel in kernels}
    return Plan(studies, studies, studies)


def _sums(pair: Pair, kernel: Stationary) -> tuple[float, float, float]:
    kernel_plan(kernel).run(pair)
    return float(pair.real.derived[kernel]), float(pair.fake.derived[kernel]), float(pair.derived[kernel])


def gaussian(pair: Pair, bandwidth: float | None = None) -> Gaussian:
    """Return the Gaussian kernel of a bandwidth, by default the median distance between reals."""
    if bandwidth is None:
        return Gaussian((median_distance(pair.real),))
    if not 0 < bandwidth < float("inf"):
        raise BadInput(f"bandwidth: expected a positive number, got {bandwidth!r}")
    return Gaussian((float(bandwidth),))


def mixture(pair: Pair) -> Gaussian:
    """Return the mean of five Gaussian kernels, two octaves about the median distance between reals."""
    return Gaussian(tuple(median_distance(pair.real) * octave for octave in OCTAVES))


def median_distance(cloud: Features) -> float:
    """Median distance between different rows, zeros left out; raises BadInput where all rows are equal."""
    if "median distance" not in cloud.derived:
        at_least(cloud, 2)
        order = cloud.rows.norms.argsort(stable=True)
        few = min(FEW, len(cloud))
        chosen = order[torch.arange(few, device=order.device) * len(cloud) // few]
        square = median_square(cloud.values[chosen], cloud.mean)
        if square is None:
            raise BadInput(f"{cloud.name}: expected rows that differ, got {len(cloud)} equal rows")
        cloud.derived["median distance"] = square**0.5
    value: float = cloud.derived["median distance"]
    return value


def unit(cloud: Features) -> Features:
    """Return the rows scaled to unit length; raises BadInput for a zero row."""
    if "unit" not in cloud.derived:
        norms = torch.cat([part.double().norm(dim=1, keepdim=True) for part in pieces(cloud.values)])
        zero = (norms[:, 0] == 0).nonzero().flatten().tolist()
        if zero:
            raise BadInput(
                f"{cloud.name}: expected rows of positive length, got {len(zero)} zero rows (first: row {zero[0]})"
            )
        directions = [(part / part.double().norm(dim=1, keepdim=True)).to(part.dtype) for part in pieces(cloud.values)]
        cloud.derived["unit"] = Features(torch.cat(directions), cloud.name)
    scaled: Features = cloud.derived["unit"]
    return scaled
