"""Optimal transport between two samples: exact Wasserstein distances, sliced ones, and the Sinkhorn divergence."""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.errors import BadInput, Missing
from ganbench.metrics._engine.blocks import CentredRows, differences, exact_squares, rounded_squares
from ganbench.metrics._engine.kernel_sums import NEAR
from ganbench.metrics.feature_vectors import Features, features, order_of_bytes
from ganbench.metrics.spec import distance_metric

TIED = 1e-12  # of the largest, between numbers that are equal but for rounding
NARROW = 32  # coordinates up to which differences cost no more than products
LARGEST_ASSIGNMENT = 4000  # rows of a square assignment that takes seconds rather than minutes


def centred_samples(real: Any, fake: Any) -> tuple[Tensor, Tensor]:
    """Both samples in float64, shifted by one vector to the mean of ``real``; BadInput where they do not match."""
    a, b = checked(real, fake)
    left, right = (x.values.to(torch.float64, copy=True).sub_(a.mean) for x in (a, b))
    return left, right


def checked(real: Any, fake: Any) -> tuple[Features, Features]:
    """Both samples as they are; BadInput where they do not match or one is empty."""
    a, b = features(real, "real"), features(fake, "fake")
    for name, x in (("real", a), ("fake", b)):
        if not len(x):
            raise BadInput(f"{name}: expected at least one row, got none")
    if a.dim != b.dim:
        raise BadInput(f"fake: expected {a.dim} columns as in real, got {b.dim}")
    return a, b


def projected(sample: Features, centre: Tensor, chosen: Tensor) -> Tensor:
    """Return the rows less ``centre`` along each of the chosen directions (d, c), a piece at a time."""
    return torch.cat([part @ chosen for part in differences(sample.values, centre)])


def distances(a: Tensor, b: Tensor) -> Tensor:
    """Euclidean distances (n, m); wide rows by products, except where those lose digits: near and equal rows."""
    if a.shape[1] <= NARROW:
        return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")
    centre = a.new_zeros(a.shape[1])
    left, right = CentredRows(a, a, centre), CentredRows(b, b, centre)
    squares = rounded_squares(left, right, slice(None), slice(None))
    i, j = (squares < NEAR * (left.norms[:, None] + right.norms)).nonzero(as_tuple=True)
    squares[i, j] = exact_squares(a, b, i, j)
    return squares.sqrt_()


def sorted_cost(a: Tensor, b: Tensor, p: float) -> Tensor:
    """W_p^p of each column of (n, c) and (m, c) samples, (c,): quantile functions compared where either steps."""
    n, m = len(a), len(b)
    a, b = sorted_columns(a), sorted_columns(b)
    if n == m:
        return (a - b).abs().pow(p).mean(0)
    left, right, weight = quantile_steps(n, m, a)
    return weight @ (a[left] - b[right]).abs().pow(p)


def sorted_columns(x: Tensor) -> Tensor:
    """Return (n, c) values with each column in ascending order."""
    if x.device.type != "cpu":
        return x.sort(0).values
    # numpy sorts runs of memory with vector instructions: several times faster than torch, and the values are the same
    return torch.from_numpy(np.sort(x.T.contiguous().numpy(), axis=1)).T.contiguous()


def quantile_steps(n: int, m: int, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Which of ``n`` and of ``m`` sorted values meet in each piece of two quantile functions, and its length."""
    steps = torch.unique(torch.cat([torch.arange(n + 1) * m, torch.arange(m + 1) * n]))  # in units of 1 / nm
    first = steps[:-1].to(like.device)
    return first // m, first // n, steps.diff().to(like) / (n * m)


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


@distance_metric(
    invariances={"identity", "symmetric", "rotation", "translation", "permutation"},
    minimum=1000,
    slow=True,
    cost="n m d + 10 min(n, m)^3",
)
def w1(real: Any, fake: Any) -> float:
    """Exact Wasserstein-1 distance of the two empirical distributions.

    Biased up by about n^(-1/d), and smaller for blurred or averaged images in pixel space. Memory grows with n^2 and
    time with nearly n^3: 0.6 s for 2000 rows, 3.6 s for 4000. Above 5000 rows take a fixed random part of both samples
    (the bias is that of its size) or ``sliced_wasserstein``.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features or points, at least 1 row each.

    Returns
    -------
    float, at least 0
        In units of the features; lower is better, ideally 0.

    Raises
    ------
    BadInput
        For an empty sample, or unequal numbers of columns.
    Missing
        Where unequal numbers of rows need the package POT, which is not installed; names the remedy.

    Notes
    -----
    ``min over couplings of E |x - y|``, with the Euclidean distance.

    References
    ----------
    .. [1] Kantorovich, 1942; as a score: Xu et al., 2018, arXiv:1806.07755

    Examples
    --------
    >>> from ganbench.metrics import w1
    >>> w1([[0.0], [1.0]], [[2.0], [3.0]])
    2.0
    """
    return exact_cost(*centred_samples(real, fake), 1.0)


@distance_metric(
    invariances={"identity", "symmetric", "rotation", "translation", "permutation"},
    minimum=1000,
    slow=True,
    cost="n m d + 10 min(n, m)^3",
)
def w2(real: Any, fake: Any) -> float:
    """Exact Wasserstein-2 distance of the two empirical distributions.

    Costs and caveats are those of ``w1``.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Points or features, at least 1 row each.

    Returns
    -------
    float, at least 0
        In units of the features; the root is taken; lower is better, ideally 0.

    Raises
    ------
    BadInput
        For an empty sample, or unequal numbers of columns.
    Missing
        As in ``w1``.

    Notes
    -----
    ``(min over couplings of E |x - y|^2)^(1/2)``

    References
    ----------
    .. [1] Kantorovich, 1942; Villani, 2009, Optimal Transport: Old and New

    Examples
    --------
    >>> from ganbench.metrics import w2
    >>> w2([[0.0], [1.0]], [[2.0], [3.0]])
    2.0
    """
    return math.sqrt(exact_cost(*centred_samples(real, fake), 2.0))


def directions(count: int, dim: int, seed: int, name: str) -> Tensor:
    """``count`` directions, uniform on the unit sphere, (dim, count)."""
    draws = torch.randn(count, dim, generator=stream(seed, name), dtype=torch.float64)
    return (draws / draws.norm(dim=1, keepdim=True)).T


@distance_metric(
    invariances={"identity", "symmetric", "translation", "permutation"},
    minimum=1000,
    cost="2 slices n d + 2 slices m d + 30 slices n log(n) + 30 slices m log(m)",
)
def sliced_wasserstein(real: Any, fake: Any, *, p: float = 2.0, slices: int = 500, seed: int = 0) -> float:
    """Sliced Wasserstein distance over seeded directions.

    The directions are the seed's own, so the Monte Carlo error (about 1 / sqrt(slices)) is shared by all models.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, at least 1 row each.
    p : float, default 2.0
        Exponent of the cost.
    slices : int, default 500
        Number of directions.
    seed : int, default 0
        Fixes the directions.

    Returns
    -------
    float, at least 0
        In units of the features; lower is better, ideally 0.

    Raises
    ------
    BadInput
        For an empty sample, p below 1, or no slice.

    Notes
    -----
    ``(mean over directions of W_p^p of the projections)^(1/p)``

    References
    ----------
    .. [1] Rabin et al., 2011; Bonneel et al., 2015, Sliced and Radon Wasserstein Barycenters

    Examples
    --------
    >>> from ganbench.metrics import sliced_wasserstein
    >>> round(sliced_wasserstein([[0.0], [1.0]], [[2.0], [3.0]], slices=2), 6)
    2.0
    """
    if not p >= 1 or not math.isfinite(p) or slices < 1:
        raise BadInput(f"expected a finite p >= 1 and at least one slice, got p = {p} and {slices} slices")
    a, b = checked(real, fake)
    return sliced_cost(a, b, directions(slices, a.dim, seed, "sliced_wasserstein"), p) ** (1 / p)


@distance_metric(
    invariances={"identity", "symmetric", "translation", "permutation"},
    minimum=1000,
    cost="2 slices n d + 2 slices m d + 30 slices n log(n) + 30 slices m log(m)",
)
def mind(real: Any, fake: Any, *, slices: int = 1000, seed: int = 0) -> float:
    """Monge inception distance: squared sliced Wasserstein distance of features, times three times their number.

    It reads three times what the Frechet distance reads for two Gaussians that differ by a shift, and sees what two
    moments do not. Equal distributions read more than 0, less with more rows: compare at equal sizes. The directions
    alone move the value by about 4 % in 16 dimensions; those of one seed are shared by all models.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features of the reference and of the samples, at least 1 row each.
    slices : int, default 1000
        How many directions.
    seed : int, default 0
        Fixes them.

    Returns
    -------
    float, at least 0
        In the square of the features' units; lower is better, ideally 0.

    Raises
    ------
    BadInput
        For an empty sample, unequal numbers of columns, or no direction.

    Notes
    -----
    ``3 d mean over unit vectors t of W_2(t.x, t.y)^2``. For unequal numbers of rows quantiles are coupled exactly,
    where torch-fidelity 0.5 cuts the larger sample at random: the two agree for equal numbers and directions.

    References
    ----------
    .. [1] Berthet et al., 2026, arXiv:2605.06797

    Examples
    --------
    >>> from ganbench.metrics import mind
    >>> round(mind([[0.0], [1.0]], [[2.0], [3.0]]), 6)
    12.0
    """
    if slices < 1:
        raise BadInput(f"slices: expected at least one, got {slices}")
    a, b = checked(real, fake)
    return 3 * a.dim * sliced_cost(a, b, directions(slices, a.dim, seed, "mind"), 2.0)


def sliced_cost(a: Features, b: Features, chosen: Tensor, p: float) -> float:
    """Return the mean of W_p^p over the chosen directions (d, c)."""
    parts = torch.split(chosen.to(a.values.device), 128, dim=1)  # a block at a time: memory
    costs = [sorted_cost(projected(a, a.mean, some), projected(b, a.mean, some), p) for some in parts]
    return torch.cat(costs).mean().item()


@distance_metric(
    invariances={"identity", "symmetric", "permutation"},
    minimum=1000,
    version=2,
    slow=True,
    cost="300 steps n d + 300 steps m d + 5000 steps n log(n) + 5000 steps m log(m)",
)
def max_sliced_wasserstein(real: Any, fake: Any, *, steps: int = 150, seed: int = 0) -> float:
    """Largest Wasserstein-2 distance over one-dimensional projections, by ascent on the sphere.

    The maximum is not convex: the value is a lower bound, at least that of the direction between the means. Which of
    several maxima the ascent ends in may hang on rounding: a shift of both samples, or another machine, may move the
    value in the fourth digit. The order of the rows does not: they are put into one of their own first.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features; 1 row or more each.
    steps : int, default 150
        Steps of the ascent.
    seed : int, default 0
        Fixes the starting directions.

    Returns
    -------
    float, at least 0
        In units of the features; lower is better, ideally 0.

    Raises
    ------
    BadInput
        For an empty sample, or no step.

    Notes
    -----
    ``max over unit vectors t of W_2(t.x, t.y)``

    References
    ----------
    .. [1] Deshpande et al., 2019, arXiv:1904.05877

    Examples
    --------
    >>> from ganbench.metrics import max_sliced_wasserstein
    >>> round(max_sliced_wasserstein([[0.0, 0.0], [1.0, 0.0]], [[2.0, 0.0], [3.0, 0.0]]), 4)
    2.0
    """
    if steps < 1:
        raise BadInput(f"steps: expected at least 1, got {steps}")
    a, b = (x.values[order_of_bytes(x.values)].double() for x in checked(real, fake))
    middle = (a.mean(0) + b.mean(0)) / 2
    a, b = a - middle, b - middle
    starts = directions(15, a.shape[1], seed, "max_sliced_wasserstein").to(a.device)
    between = (b.mean(0) - a.mean(0))[:, None]
    theta = torch.cat([starts, between / between.norm()], 1) if between.any() else starts
    best, pieces = 0.0, quantile_steps(len(a), len(b), a)
    for step in range(steps):
        costs, gradient = squared_cost_and_gradient(a, b, theta, pieces)
        best = max(best, costs.max().item())
        tangent = gradient - theta * (gradient * theta).sum(0)
        # Steps of fixed length, ever shorter: the maximum is often a kink, where gradients do not vanish.
        theta = theta + 0.5 * 0.9**step * tangent / tangent.norm(dim=0).clamp(min=1e-300)
        theta = theta / theta.norm(dim=0)
    return math.sqrt(best)


def squared_cost_and_gradient(
    a: Tensor, b: Tensor, theta: Tensor, pieces: tuple[Tensor, Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    """W_2^2 along each direction (d, c), (c,), and its gradient (d, c); ``pieces`` are the ``quantile_steps``.

    Where rows tie along a direction the gradient is not unique: theirs is the mean over their orders, which no order of
    the rows shows in.
    """
    (along_a, place_a), (along_b, place_b) = ((x @ theta).sort(dim=0, stable=True) for x in (a, b))
    left, right, weight = pieces
    gap = along_a[left] - along_b[right]
    pull = 2 * weight[:, None] * gap
    limit = TIED * torch.maximum(along_a.abs().amax(0), along_b.abs().amax(0))
    on_a, on_b = (
        torch.zeros_like(along).scatter_(
            0, place, over_ties(along, torch.zeros_like(along).index_add_(0, at, pull), limit)
        )
        for along, place, at in ((along_a, place_a, left), (along_b, place_b, right))
    )
    return weight @ gap.square(), a.T @ on_a - b.T @ on_b


def over_ties(ordered: Tensor, values: Tensor, limit: Tensor) -> Tensor:
    """Return each column of values (n, c) averaged over the rows whose ordered numbers are at most ``limit`` apart."""
    new = ordered.diff(dim=0) > limit
    group = (
        torch.cat([torch.zeros_like(new[:1]), new]).long().cumsum(0) if len(new) else torch.zeros_like(ordered).long()
    )
    sums, counts = (torch.zeros_like(values).scatter_add_(0, group, each) for each in (values, torch.ones_like(values)))
    return (sums / counts.clamp(min=1)).gather(0, group)


TOLERANCE = 1e-10  # relative, of the value over one round
ROUNDS, ITERATIONS = 60, 50  # between two absorptions of the scalings into the potentials
UNSETTLED = f"the Sinkhorn plan did not settle in {ROUNDS * ITERATIONS} iterations: raise the regularisation"


def soft_minimum(cost: Tensor, potential: Tensor, epsilon: float) -> Tensor:
    """-epsilon log mean_j exp((potential_j - cost_ij) / epsilon), (n,)."""
    scaled = (potential - cost) / epsilon
    return epsilon * (math.log(cost.shape[1]) - scaled.logsumexp(1))


def self_cost(cost: Tensor, epsilon: float) -> float:
    """Entropic cost of a sample with itself: one potential serves both, and averaged updates settle it fast.

    Feydy et al., 2019, section 3.1. Raises BadInput where the potential does not settle.
    """
    f = cost.new_zeros(len(cost))
    for _ in range(ROUNDS * ITERATIONS):
        step = (soft_minimum(cost, f, epsilon) - f) / 2
        f = f + step
        if step.abs().max() <= TOLERANCE * epsilon:
            return 2 * f.mean().item()
    raise BadInput(UNSETTLED)


def entropic_cost(cost: Tensor, epsilon: float) -> float:
    """Minimum of <P, C> + epsilon KL(P || uniform x uniform) over plans of uniform marginals, by annealed Sinkhorn.

    The scalings run in the plain domain and are absorbed into the potentials in the log domain: as stable as
    the latter, as fast as the former. The value only grows; raises BadInput where it does not settle.
    """
    n, m = cost.shape
    g = cost.new_zeros(m)
    level = max(cost.max().item(), epsilon)
    while level > epsilon:
        _, g = anneal(cost, g, level)
        level /= 4
    f, g = anneal(cost, g, epsilon)
    for _ in range(ROUNDS):
        before = (f.mean() + g.mean()).item()
        plan = ((f[:, None] + g - cost) / epsilon).exp() / (n * m)
        v = torch.ones_like(g)
        for _ in range(ITERATIONS):
            u = 1 / (n * (plan @ v)).clamp(min=1e-300)
            v = 1 / (m * (u @ plan)).clamp(min=1e-300)
        f, g = f + epsilon * u.log(), g + epsilon * v.log()
        value = (f.mean() + g.mean()).item()
        if abs(value - before) <= TOLERANCE * max(abs(value), epsilon):
            return value
    raise BadInput(UNSETTLED)


def anneal(cost: Tensor, g: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
    """One pair of updates in the log domain: potentials whose plan has the right column sums."""
    f = soft_minimum(cost, g, epsilon)
    return f, soft_minimum(cost.T, f, epsilon)


@distance_metric(
    invariances={"identity", "rotation", "translation", "permutation"},
    minimum=500,
    slow=True,
    cost="2 n^2 d + 5000 n^2 + 5000 n m + 5000 m^2",
)
def sinkhorn_divergence(real: Any, fake: Any, *, regularisation: float = 0.1) -> float:
    """Debiased entropic transport with squared Euclidean cost.

    Between W2 squared (small regularisation) and the squared distance of the means (large).

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features; the reals must differ.
    regularisation : float, default 0.1
        In units of the mean squared distance between two references, so that all models share one scale.

    Returns
    -------
    float, at least 0
        In the square of the features' units; lower is better, ideally 0.

    Raises
    ------
    BadInput
        Where the regularisation is not positive, the reals are equal, or the plan does not settle.

    Notes
    -----
    ``OT(P, Q) - OT(P, P) / 2 - OT(Q, Q) / 2`` with ``OT = min <P, C> + epsilon KL(P || product of the marginals)``.

    References
    ----------
    .. [1] Genevay et al., 2018, arXiv:1706.00292; Feydy et al., 2019, arXiv:1810.08278, equation 3

    Examples
    --------
    >>> from ganbench.metrics import sinkhorn_divergence
    >>> round(sinkhorn_divergence([[0.0], [1.0]], [[2.0], [3.0]]), 4)
    4.0
    """
    if not regularisation > 0:
        raise BadInput(f"regularisation: expected a positive number, got {regularisation}")
    a, b = centred_samples(real, fake)
    within = 2 * a.square().sum(1).mean().item()  # the mean squared distance of two draws from real, already centred
    if not within:
        raise BadInput("real: expected rows that differ, got copies of one: they give the cost no scale")
    epsilon = regularisation * within
    own, other = (self_cost(distances(x, x).square(), epsilon) for x in (a, b))
    return max(entropic_cost(distances(a, b).square(), epsilon) - (own + other) / 2, 0.0)
