"""Optimal transport against closed forms, brute force and scipy."""

from __future__ import annotations

import math
import sys
from itertools import permutations

import numpy as np
import pytest
import torch
from scipy.optimize import linprog
from scipy.special import gamma
from scipy.stats import norm, wasserstein_distance

from ganbench.errors import BadInput, Missing
from ganbench.metrics import transport
from ganbench.metrics.transport import (
    max_sliced_wasserstein,
    sinkhorn_divergence,
    sliced_wasserstein,
    sorted_cost,
    w1,
    w2,
)

DISTANCES = [w1, w2, sliced_wasserstein, max_sliced_wasserstein, sinkhorn_divergence]


def column(*values):
    return np.array(values, dtype=float)[:, None]


def normal(n, d, seed):
    return np.random.default_rng(seed).normal(size=(n, d))


def quantiles(distribution, n=200_000):
    return distribution.ppf((np.arange(n) + 0.5) / n)[:, None]


def test_small_samples_on_a_line_have_their_worked_values():
    assert w1(column(0, 1, 3), column(5, 6, 8)) == pytest.approx(5, rel=1e-14)
    assert w1(column(0, 0, 1), column(0, 1, 1)) == pytest.approx(1 / 3, rel=1e-14)
    assert w2(column(0, 0, 1), column(0, 1, 1)) ** 2 == pytest.approx(1 / 3, rel=1e-14)


@pytest.mark.parametrize(
    ("mean", "sd", "value"), [(1, 1, 1.0), (0, 2, 0.7978846), (1, 2, 1.1666309)], ids=["shift", "scale", "both"]
)
def test_gaussians_on_a_line_have_their_closed_forms(mean, sd, value):
    a, b = quantiles(norm(0, 1)), quantiles(norm(mean, sd))
    assert w1(a, b) == pytest.approx(value, rel=1e-4)  # the midpoint rule misses some of the tails
    assert w2(a, b) ** 2 == pytest.approx(mean**2 + (sd - 1) ** 2, rel=1e-4)


def test_uniform_distribution_have_their_closed_forms():
    u = (np.arange(100_000) + 0.5)[:, None] / 100_000
    assert w1(u, 2 * u) == pytest.approx(0.5, rel=1e-9)
    assert w2(u, 2 * u) ** 2 == pytest.approx(1 / 3, rel=1e-9)
    assert w1(u, norm.ppf(u)) == pytest.approx(0.7006127, abs=2e-5)


@pytest.mark.parametrize("d", [1, 3])
@pytest.mark.parametrize(("score", "p"), [(w1, 1), (w2, 2)])
def test_six_points_are_matched_as_brute_force_matches_them(score, p, d):
    a, b = normal(6, d, 0), normal(6, d, 1) + 0.5
    cost = np.linalg.norm(a[:, None] - b, axis=2) ** p
    best = min(cost[range(6), order].mean() for order in permutations(range(6)))
    assert score(a, b) == pytest.approx(best ** (1 / p), rel=1e-12)


def linear_program(a, b, p):
    """The transport problem as textbooks print it, solved by HiGHS."""
    n, m = len(a), len(b)
    cost = np.linalg.norm(a[:, None] - b, axis=2) ** p
    rows, columns = np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))
    marginals = np.concatenate([np.full(n, 1 / n), np.full(m, 1 / m)])
    return linprog(cost.ravel(), A_eq=np.vstack([rows, columns]), b_eq=marginals).fun ** (1 / p)


@pytest.mark.parametrize(("n", "m"), [(4, 6), (6, 4), (5, 7), (1, 5), (3, 9)])
@pytest.mark.parametrize(("score", "p"), [(w1, 1), (w2, 2)])
def test_unequal_counts_solve_the_linear_program(score, p, n, m):
    a, b = normal(n, 2, 0), normal(m, 2, 1)
    assert score(a, b) == pytest.approx(linear_program(a, b, p), rel=1e-9)


@pytest.mark.parametrize(("n", "m"), [(7, 7), (7, 5), (12, 8), (1, 9)])
def test_unequal_counts_on_a_line_agree_with_scipy(n, m):
    a, b = normal(n, 1, 2), normal(m, 1, 3)
    assert w1(a, b) == pytest.approx(wasserstein_distance(a[:, 0], b[:, 0]), rel=1e-12)
    assert w2(a, b) == pytest.approx(linear_program(a, b, 2), rel=1e-9)


def test_unequal_counts_too_many_for_an_assignment_name_the_remedy(monkeypatch):
    monkeypatch.setattr(transport, "LARGEST_ASSIGNMENT", 10)
    monkeypatch.setitem(sys.modules, "ot", None)  # as if it were not installed
    with pytest.raises(Missing, match=r"pip install 'ganbench\[transport\]'"):
        w1(normal(5, 2, 0), normal(7, 2, 1))


def test_unequal_counts_agree_with_pot_where_it_is_installed(monkeypatch):
    pytest.importorskip("ot", reason="POT is not installed")
    a, b = normal(15, 2, 0), normal(14, 2, 1)
    assigned = w1(a, b), w2(a, b)
    monkeypatch.setattr(transport, "LARGEST_ASSIGNMENT", 10)
    assert (w1(a, b), w2(a, b)) == pytest.approx(assigned, rel=1e-9)


@pytest.mark.parametrize("score", [w1, w2, max_sliced_wasserstein], ids=lambda m: m.__name__)
def test_a_shift_costs_its_length(score):
    a = normal(40, 5, 0)
    shift = np.array([1.0, -2.0, 0.5, 0.0, 3.0])
    assert score(a, a + shift) == pytest.approx(np.linalg.norm(shift), rel=1e-9)


@pytest.mark.parametrize("score", DISTANCES, ids=lambda m: m.__name__)
def test_distances_far_from_the_origin_keep_their_digits(score):
    a, b = normal(30, 3, 0), normal(30, 3, 1)
    assert score(a + 1e6, b + 1e6) == pytest.approx(score(a, b), rel=1e-7)  # the input itself keeps 10 digits


@pytest.mark.parametrize(("d", "factor"), [(2, 0.6366198), (3, 0.5), (10, 0.2586899), (147, 0.0659204)])
def test_a_shift_costs_the_sliced_distances_their_closed_forms(d, factor):
    a = normal(3, d, 0)
    shift = np.zeros(d)
    shift[0] = 2
    assert gamma(d / 2) / (math.sqrt(math.pi) * gamma((d + 1) / 2)) == pytest.approx(factor, abs=5e-8)
    slices = 20_000  # a coefficient of variation of at most .76 (1.42 squared) over 20 000 directions
    assert sliced_wasserstein(a, a + shift, p=1, slices=slices) == pytest.approx(2 * factor, rel=0.022)
    assert sliced_wasserstein(a, a + shift, p=2, slices=slices) ** 2 == pytest.approx(4 / d, rel=0.04)


def test_on_a_line_slicing_changes_nothing():
    a, b = normal(9, 1, 0), normal(7, 1, 1)
    assert sliced_wasserstein(a, b, p=1) == pytest.approx(w1(a, b), rel=1e-12)
    assert sliced_wasserstein(a, b, p=2) == pytest.approx(w2(a, b), rel=1e-12)
    assert max_sliced_wasserstein(a, b) == pytest.approx(w2(a, b), rel=1e-12)


def test_a_change_of_scale_costs_each_slice_its_own_square():
    a = normal(50, 4, 0)
    expected = sliced_wasserstein(np.zeros((1, 4)), a, p=2)  # |theta' x|, root mean square
    centred = a - a.mean(0)
    mean_square = (centred**2).mean() + (a.mean(0) ** 2).mean()
    assert expected**2 == pytest.approx(mean_square, rel=0.2)
    assert sliced_wasserstein(a, 3 * a, p=2) == pytest.approx(2 * expected, rel=1e-9)


def test_directions_are_the_seeds_own():
    a, b = normal(20, 6, 0), normal(20, 6, 1)
    assert sliced_wasserstein(a, b, seed=1) == sliced_wasserstein(a, b, seed=1)
    assert sliced_wasserstein(a, b, seed=1) != sliced_wasserstein(a, b, seed=2)


def test_the_largest_slice_is_found_among_many_dimensions():
    # Both samples are alike but for one axis, where the deviation is 3 against 1: W2 along it is exactly known.
    a = normal(400, 12, 0)
    b = a.copy()
    b[:, 7] *= 3
    along = math.sqrt(sorted_cost(torch.from_numpy(a[:, 7:8]), torch.from_numpy(b[:, 7:8]), 2.0).item())
    result = max_sliced_wasserstein(a, b)
    assert 0.98 * along <= result <= 1.05 * along
    assert sliced_wasserstein(a, b) < 0.6 * result


def test_the_largest_slice_is_never_below_a_random_one_nor_above_w2():
    a, b = normal(60, 5, 2), normal(60, 5, 3) * np.array([1, 2, 1, 0.5, 1])
    assert sliced_wasserstein(a, b) <= max_sliced_wasserstein(a, b) <= w2(a, b) * (1 + 1e-12)


@pytest.mark.parametrize("score", DISTANCES, ids=lambda m: m.__name__)
def test_samples_that_do_not_match_are_refused(score):
    with pytest.raises(BadInput, match="expected 2 columns"):
        score(normal(5, 2, 0), normal(5, 3, 0))
    with pytest.raises(BadInput, match="at least one row"):
        score(normal(5, 2, 0), np.zeros((0, 2)))
    with pytest.raises(BadInput, match="not finite"):
        score(normal(5, 2, 0), np.full((5, 2), np.nan))


def test_options_that_mean_nothing_are_refused():
    a = normal(5, 2, 0)
    for call in (
        lambda: sliced_wasserstein(a, a, p=0.5),
        lambda: sliced_wasserstein(a, a, p=math.inf),
        lambda: sliced_wasserstein(a, a, slices=0),
        lambda: max_sliced_wasserstein(a, a, steps=0),
        lambda: sinkhorn_divergence(a, a, regularisation=0),
    ):
        with pytest.raises(BadInput):
            call()


def test_wide_distances_come_from_products_and_near_or_equal_rows_from_differences():
    a = normal(30, 40, 5)
    b = np.concatenate([a[:10], a[10:20] + 1e-9 * normal(10, 40, 6), normal(10, 40, 7)])
    result = transport.distances(torch.from_numpy(a), torch.from_numpy(b))
    np.testing.assert_allclose(result, np.sqrt(np.square(a[:, None] - b).sum(2)), rtol=1e-12)
    assert (result.diagonal()[:10] == 0).all()
