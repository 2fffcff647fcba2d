"""Optimal transport between two clouds: exact Wasserstein distances, sliced ones, and the Sinkhorn divergence."""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from ganbench.errors import BadInput, Missing
from ganbench.metrics.base import metric
from ganbench.metrics.distances import Rows, differences, exact_squares, products
from ganbench.metrics.features import Features, features
from ganbench.metrics.forms import NEAR
from ganbench.streams import stream

NARROW = 32  # coordinates up to which differences cost no more than products
LARGEST_ASSIGNMENT = 4000  # rows of a square assignment that takes seconds rather than minutes


def clouds(real: Any, fake: Any) -> tuple[Tensor, Tensor]:
    """Both clouds in float64, shifted by one vector to the mean of ``real``; BadInput where they do not match."""
    a, b = sides(real, fake)
    left, right = (side.values.to(torch.float64, copy=True).sub_(a.mean) for side in (a, b))
    return left, right


def sides(real: Any, fake: Any) -> tuple[Features, Features]:
    """Both clouds as they are; BadInput where they do not match or one is empty."""
    a, b = features(real, "real"), features(fake, "fake")
    for name, side in (("real", a), ("fake", b)):
        if not len(side):
            raise BadInput(f"{name}: expected at least one row, got none")
    if a.dim != b.dim:
        raise BadInput(f"fake: expected {a.dim} columns as in real, got {b.dim}")
    return a, b


def projected(cloud: Features, centre: Tensor, chosen: Tensor) -> Tensor:
    """Return the rows less ``centre`` along each of the chosen directions (d, c), a piece at a time."""
    return torch.cat([part @ chosen for part in differences(cloud.values, centre)])


def distances(a: Tensor, b: Tensor) -> Tensor:
    """Euclidean distances (n, m); wide rows by products, except where those lose digits: near and equal rows."""
    if a.shape[1] <= NARROW:
        return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")
    centre = a.new_zeros(a.shape[1])
    left, right = Rows(a, a, centre), Rows(b, b, centre)
    squares = products(left, right, slice(None), slice(None))
    i, j = (squares < NEAR * (left.norms[:, None] + right.norms)).nonzero(as_tuple=True)
    squares[i, j] = exact_squares(a, b, i, j)
    return squares.sqrt_()


def sorted_cost(a: Tensor, b: Tensor, p: float) -> Tensor:
    """W_p^p of each column of (n, c) and (m, c) samples, (c,): quantile functions compared where either steps."""
    n, m = len(a), len(b)
    a, b = a.sort(0).values, b.sort(0).values
    if n == m:
        return (a - b).abs().pow(p).mean(0)
    steps = torch.unique(torch.cat([torch.arange(n + 1) * m, torch.arange(m + 1) * n]))  # in units of 1 / nm
    left = steps[:-1]
    weight = steps.diff().to(a) / (n * m)
    return weight @ (a[left // m] - b[left // n]).abs().pow(p)


def exact_cost(a: Tensor, b: Tensor, p: float) -> float:
    """W_p^p with the Euclidean distance: by sorting in 1-D, by assignment, else by POT's network simplex."""
    if a.shape[1] == 1:
        return sorted_cost(a, b, p).item()
    cost = distances(a, b).pow(p)
    n, m = cost.shape
    rows = math.lcm(n, m)
    if n == m or rows <= LARGEST_ASSIGNMENT:  # copies of equal weight make unequal counts an assignment too
        square = cost.repeat_interleave(rows // n, 0).repeat_interleave(rows // m, 1).cpu().numpy()
        return float(square[linear_sum_assignment(square)].mean())
    try:
        ot = import_module("ot")
    except ImportError as error:
        remedy = "pip install 'ganbench[transport]', or give as many samples as references"
        raise Missing(f"{n} and {m} rows: unequal counts need the package POT; {remedy}") from error
    return float(ot.emd2([], [], cost.cpu().numpy(), numItermax=10_000_000))


@metric(
    needs=("real", "fake"),
    better="lower",
    ideal=0.0,
    bounds=(0.0, math.inf),
    paper="Kantorovich, 1942; as a score: Xu et al., 2018, arXiv:1806.07755",
    laws={"identity", "symmetric", "rotation", "translation", "permutation"},
    minimum=1000,
)
def w1(real: Any, fake: Any) -> float:
    """Exact Wasserstein-1 distance of the two empirical laws, Euclidean cost, in units of the features.

    Biased up by about n^(-1/d), and smaller for blurred or averaged images in pixel space. Exact transport grows with
    n^2 in memory and nearly n^3 in time: 0.6 s for 2000 rows, 3.6 s for 4000. Above 5000 rows, take a fixed random part
    of both clouds (its bias is that of its size) or ``sliced_wasserstein``. Unequal counts may need POT (raises Missing
    with the remedy).
    """
    return exact_cost(*clouds(real, fake), 1.0)


@metric(
    needs=("real", "fake"),
    better="lower",
    ideal=0.0,
    bounds=(0.0, math.inf),
    paper="Kantorovich, 1942; Villani, 2009, Optimal Transport: Old and New",
    laws={"identity", "symmetric", "rotation", "translation", "permutation"},
    minimum=1000,
)
def w2(real: Any, fake: Any) -> float:
    """Exact Wasserstein-2 distance (the root is taken) of the two empirical laws; cost and caveats as for w1."""
    return math.sqrt(exact_cost(*clouds(real, fake), 2.0))


def directions(count: int, dim: int, seed: int, name: str) -> Tensor:
    """``count`` directions, uniform on the unit sphere, (dim, count)."""
    draws = torch.randn(count, dim, generator=stream(seed, name), dtype=torch.float64)
    return (draws / draws.norm(dim=1, keepdim=True)).T


@metric(
    needs=("real", "fake"),
    better="lower",
    ideal=0.0,
    bounds=(0.0, math.inf),
    paper="Rabin et al., 2011; Bonneel et al., 2015, Sliced and Radon Wasserstein Barycenters",
    laws={"identity", "symmetric", "translation", "permutation"},
    minimum=1000,
)
def sliced_wasserstein(real: Any, fake: Any, *, p: float = 2.0, slices: int = 500, seed: int = 0) -> float:
    """Sliced Wasserstein distance: the p-th root of the mean W_p^p over seeded directions.

    The directions are the seed's own, so the Monte Carlo error (about 1/sqrt(slices)) is shared by all models.
    """
    if not p >= 1 or not math.isfinite(p) or slices < 1:
        raise BadInput(f"expected a finite p >= 1 and at least one slice, got p = {p} and {slices} slices")
    a, b = sides(real, fake)
    chosen = directions(slices, a.dim, seed, "sliced_wasserstein").to(a.values.device)
    parts = torch.split(chosen, 128, dim=1)  # a block at a time: memory
    costs = [sorted_cost(projected(a, a.mean, some), projected(b, a.mean, some), p) for some in parts]
    return torch.cat(costs).mean().item() ** (1 / p)


@metric(
    needs=("real", "fake"),
    better="lower",
    ideal=0.0,
    bounds=(0.0, math.inf),
    paper="Deshpande et al., 2019, arXiv:1904.05877",
    laws={"identity", "symmetric", "translation", "permutation"},
    minimum=1000,
)
def max_sliced_wasserstein(real: Any, fake: Any, *, steps: int = 150, seed: int = 0) -> float:
    """Largest Wasserstein-2 distance over 1-D projections, by ascent on the sphere from seeded starts.

    The maximum is not convex: the value is a lower bound, at least that of the direction between the means.
    """
    if steps < 1:
        raise BadInput(f"steps: expected at least 1, got {steps}")
    a, b = clouds(real, fake)
    starts = directions(15, a.shape[1], seed, "max_sliced_wasserstein").to(a.device)
    between = (b.mean(0) - a.mean(0))[:, None]
    theta = torch.cat([starts, between / between.norm()], 1) if between.any() else starts
    best = 0.0
    for step in range(steps):
        theta = theta.detach().requires_grad_()
        costs = sorted_cost(a @ theta, b @ theta, 2.0)
        best = max(best, costs.max().item())
        (slope,) = torch.autograd.grad(costs.sum(), theta)
        tangent = slope - theta * (slope * theta).sum(0)
        # Steps of fixed length, ever shorter: the maximum is often a kink, where slopes do not vanish.
        theta = theta + 0.5 * 0.9**step * tangent / tangent.norm(dim=0).clamp(min=1e-300)
        theta = theta / theta.norm(dim=0)
    return math.sqrt(best)
