"""Renyi kernel entropies against their matrices and closed forms; MIND against its definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ganbench.errors import BadInput
from ganbench.metrics import fid, mind, rke, rrke, sliced_wasserstein
from ganbench.metrics.feature_vectors import Features
from ganbench.metrics.kernels import median_distance, spread_rows
from ganbench.metrics.transport import directions
from tests.metrics.test_precision_recall import in_float32, normal, squares

__all__ = ["in_float32"]


def kernel(x, y, width: float) -> np.ndarray:
    return np.exp(-squares(x, y) / (2 * width**2))


@pytest.mark.parametrize("width", [0.3, 1.0, None])
def test_rke_is_the_inverse_of_the_kernel_matrixs_squared_norm(width):
    real, fake = normal(0, 90, 5), normal(1, 80, 5, sd=1.3)
    used = width or median_distance(Features(real)) / 2
    matrix = kernel(fake, fake, used) / len(fake)
    assert rke(real, fake, bandwidth=width) == pytest.approx(1 / (matrix**2).sum(), rel=1e-10)


@pytest.mark.usefixtures("in_float32")
def test_rke_of_fast_products_agrees_to_five_digits():
    real, fake = normal(0, 90, 40), normal(1, 200, 40)
    matrix = kernel(fake, fake, median_distance(Features(real)) / 2) / len(fake)
    assert rke(real, fake) == pytest.approx(1 / (matrix**2).sum(), rel=1e-5)


def test_rke_counts_equal_modes_that_are_far_apart_and_sees_a_lost_one():
    centres = 100 * np.eye(6)
    fake = np.repeat(centres, 50, 0) + 0.001 * normal(2, 300, 6)
    assert rke(normal(0, 20, 6), fake, bandwidth=1.0) == pytest.approx(6, rel=1e-3)
    assert rke(normal(0, 20, 6), fake[:250], bandwidth=1.0) == pytest.approx(5, rel=1e-3)


def test_rke_of_a_normal_distribution_is_that_of_its_closed_form():
    n, d, width = 4000, 3, 1.5
    expected = (width**2 / (width**2 + 4)) ** (-d / 2)  # the kernel of a difference of variance 2 in each coordinate
    assert rke(normal(3, 20, d), normal(4, n, d), bandwidth=width) == pytest.approx(expected, rel=0.02)


def test_rrke_is_minus_the_log_of_the_squared_nuclear_norm():
    real, fake = normal(5, 60, 4), normal(6, 70, 4, mean=0.5)
    matrix = kernel(real, fake, 1.2) / math.sqrt(60 * 70)
    expected = -2 * math.log(np.linalg.svd(matrix, compute_uv=False).sum())
    assert rrke(real, fake, bandwidth=1.2) == pytest.approx(expected, rel=1e-9)
    assert rrke(fake, real, bandwidth=1.2) == pytest.approx(expected, rel=1e-9)


def test_rrke_of_more_rows_than_it_takes_is_that_of_rows_spread_over_the_sample():
    real, fake = normal(7, 300, 3), normal(8, 300, 3)
    taken = [spread_rows(Features(each), 150) for each in (real, fake)]
    few = rrke(real, fake, bandwidth=1.0, rows=150)
    assert few == pytest.approx(rrke(real[taken[0]], fake[taken[1]], bandwidth=1.0), rel=1e-9)
    assert few == pytest.approx(rrke(real[::-1].copy(), fake, bandwidth=1.0, rows=150), rel=1e-9)
    with pytest.raises(BadInput, match="rows: expected a positive whole number, got 0"):
        rrke(real, fake, rows=0)


def test_rrke_of_samples_out_of_each_others_sight_is_refused():
    with pytest.raises(BadInput, match="fake: expected rows within sight of some real, by a kernel of bandwidth 1"):
        rrke([[0.0], [1.0]], [[1e6], [2e6]], bandwidth=1.0)


@pytest.mark.parametrize("metric", [rke, rrke])
def test_a_bandwidth_that_is_not_positive_is_refused(metric):
    with pytest.raises(BadInput, match="bandwidth: expected a positive number, got -1"):
        metric(normal(0, 9, 2), normal(1, 9, 2), bandwidth=-1)


def test_mind_is_its_definition_for_equal_counts():
    real, fake = normal(9, 200, 7), normal(10, 200, 7, mean=0.3, sd=1.2)
    chosen = directions(50, 7, 3, "mind").numpy()
    gaps = np.sort(real @ chosen, 0) - np.sort(fake @ chosen, 0)
    assert mind(real, fake, slices=50, seed=3) == pytest.approx(3 * 7 * (gaps**2).sum() / (200 * 50), rel=1e-12)


def test_mind_of_a_shift_is_three_times_the_frechet_distance():
    real = normal(11, 400, 6)
    fake = real + np.array([1.0, -2.0, 0.5, 0.0, 0.0, 3.0])
    assert mind(real, fake, slices=20_000) == pytest.approx(3 * fid(real, fake), rel=0.03)


def test_mind_of_unequal_counts_couples_quantiles():
    real, fake = normal(12, 30, 2), normal(13, 45, 2)
    wide = np.repeat(real, 3, 0), np.repeat(fake, 2, 0)
    assert mind(real, fake) == pytest.approx(mind(*wide), rel=1e-10)


def test_mind_is_three_times_the_dimension_times_the_squared_sliced_distance():
    real, fake = normal(14, 100, 5), normal(15, 100, 5, sd=2)
    sliced = sliced_wasserstein(real, fake, slices=4000)
    assert mind(real, fake, slices=4000) == pytest.approx(3 * 5 * sliced**2, rel=0.05)


def test_mind_without_directions_is_refused():
    with pytest.raises(BadInput, match="slices: expected at least one, got 0"):
        mind(torch.zeros(3, 2), torch.zeros(3, 2), slices=0)
