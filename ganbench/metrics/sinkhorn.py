"""The Sinkhorn divergence: entropic optimal transport without its entropic bias."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics.base import metric
from ganbench.metrics.transport import clouds, distances

TOLERANCE = 1e-10  # relative, of the value over one round
ROUNDS, ITERATIONS = 60, 50  # between two absorptions of the scalings into the potentials
UNSETTLED = f"the Sinkhorn plan did not settle in {ROUNDS * ITERATIONS} iterations: raise the regularisation"


def soft_minimum(cost: Tensor, potential: Tensor, epsilon: float) -> Tensor:
    """-epsilon log mean_j exp((potential_j - cost_ij) / epsilon), (n,)."""
    scaled = (potential - cost) / epsilon
    return epsilon * (math.log(cost.shape[1]) - scaled.logsumexp(1))


def self_cost(cost: Tensor, epsilon: float) -> float:
    """Entropic cost of a cloud with itself: one potential serves both sides, and averaged updates settle it fast.

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


@metric(
    needs=("real", "fake"),
    better="lower",
    ideal=0.0,
    bounds=(0.0, math.inf),
    paper="Genevay et al., 2018, arXiv:1706.00292; Feydy et al., 2019, arXiv:1810.08278, equation 3",
    laws={"identity", "rotation", "translation", "permutation"},
    minimum=500,
)
def sinkhorn_divergence(real: Any, fake: Any, *, regularisation: float = 0.1) -> float:
    """Debiased entropic transport with squared Euclidean cost: OT(P, Q) - OT(P, P) / 2 - OT(Q, Q) / 2.

    ``regularisation`` is in units of the mean squared distance between two references, so that all models share
    one scale. Between W2 squared (small) and the squared distance of the means (large).
    """
    if not regularisation > 0:
        raise BadInput(f"regularisation: expected a positive number, got {regularisation}")
    a, b = clouds(real, fake)
    within = 2 * a.square().sum(1).mean().item()  # the mean squared distance of two draws from real, already centred
    if not within:
        raise BadInput("real: expected rows that differ, got copies of one: they give the cost no scale")
    epsilon = regularisation * within
    own, other = (self_cost(distances(side, side).square(), epsilon) for side in (a, b))
    return max(entropic_cost(distances(a, b).square(), epsilon) - (own + other) / 2, 0.0)
