"""The Sinkhorn divergence against closed forms: shifts, two points, and both of its limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ganbench.errors import BadInput
from ganbench.metrics.transport import entropic_cost, self_cost, sinkhorn_divergence, w2


def column(*values):
    return np.array(values, dtype=float)[:, None]


def normal(n, d, seed):
    return np.random.default_rng(seed).normal(size=(n, d))


def test_a_shift_costs_the_sinkhorn_divergence_its_square():
    a = normal(40, 3, 0)
    assert sinkhorn_divergence(a, a + np.array([1.0, 2.0, -2.0])) == pytest.approx(9, rel=1e-7)


def test_two_points_have_the_closed_entropic_cost():
    # Plan [[p, q], [q, p]] with p + q = 1/2 and p / q = exp(c / epsilon) for the cost c between the points.
    cost, epsilon = 1.7, 0.6
    q = 0.5 / (1 + math.exp(cost / epsilon))
    p = 0.5 - q
    closed = 2 * q * cost + epsilon * (2 * p * math.log(4 * p) + 2 * q * math.log(4 * q))
    matrix = torch.tensor([[0, cost], [cost, 0]], dtype=torch.float64)
    assert entropic_cost(matrix, epsilon) == pytest.approx(closed, rel=1e-9)
    assert self_cost(matrix, epsilon) == pytest.approx(closed, rel=1e-9)


def test_the_sinkhorn_divergence_goes_from_the_means_to_w2():
    a, b = normal(25, 2, 0), normal(25, 2, 1) * 2 + 1
    means = ((a.mean(0) - b.mean(0)) ** 2).sum()
    assert sinkhorn_divergence(a, b, regularisation=1e5) == pytest.approx(means, rel=1e-4)
    assert means < sinkhorn_divergence(a, b) < w2(a, b) ** 2
    apart = column(0, 10, 20, 30, 40)  # so far apart that a small temperature leaves one plan: neighbours
    moved = apart[[3, 1, 4, 0, 2]] + column(1, -1, 2, 0.5, -0.5)
    assert sinkhorn_divergence(apart, moved, regularisation=0.01) == pytest.approx(w2(apart, moved) ** 2, rel=1e-6)


def test_a_regularisation_too_small_to_settle_is_said_rather_than_rounded():
    with pytest.raises(BadInput, match="did not settle"):
        sinkhorn_divergence(normal(25, 2, 0), normal(25, 2, 1) * 2 + 1, regularisation=1e-3)


def test_the_sinkhorn_divergence_takes_unequal_counts():
    a, b = normal(30, 2, 0), normal(20, 2, 1)
    twice = np.concatenate([b, b])  # the same distribution
    assert sinkhorn_divergence(a, b) == pytest.approx(sinkhorn_divergence(a, twice), rel=1e-7)


def test_distant_clusters_still_settle():
    a = np.concatenate([normal(20, 2, 0), normal(20, 2, 1) + 30])
    b = np.concatenate([normal(25, 2, 2), normal(15, 2, 3) + 30])
    value = sinkhorn_divergence(a, b)
    assert 0 < value < w2(a, b) ** 2 * 1.01


def test_a_reference_without_scale_is_refused():
    with pytest.raises(BadInput, match="copies of one"):
        sinkhorn_divergence(np.ones((5, 2)), normal(5, 2, 0))
