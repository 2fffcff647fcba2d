"""Diversity against worked eigenvalues, constants of SSIM and known spreads."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ganbench.errors import BadInput
from ganbench.metrics.diversity import pairwise_distance_ratio, vendi, vendi_from_kernel
from ganbench.metrics.images import ms_ssim, ms_ssim_excess, multi_scale_similarity, similarity


def blocks(*sizes):
    labels = np.arange(len(sizes)).repeat(sizes)
    return torch.from_numpy((labels[:, None] == labels).astype(float))


LINE = np.array([0.0, 0, 10, 10, 20, 20])


@pytest.mark.parametrize(
    ("kernel", "score"),
    [
        (torch.eye(7), 7),
        (torch.ones(5, 5), 1),
        (blocks(2, 2, 2), 3),
        (blocks(6, 3, 1), 2.4545556),
        (torch.tensor([[1, 0.9, 0], [0.9, 1, 0], [0, 0, 1]]), 2.1573005),
        (torch.from_numpy(np.exp(-np.abs(LINE[:, None] - LINE))), 2.999999996),
    ],
)
def test_kernels_have_their_worked_vendi_scores(kernel, score):
    assert vendi_from_kernel(kernel.double()) == pytest.approx(score, abs=2e-7)


def unit(cosine):
    return np.array([[1.0, 0.0], [cosine, math.sqrt(1 - cosine**2)]])


def test_two_directions_have_their_worked_vendi_scores():
    assert vendi(unit(0.5)) == pytest.approx(1.7547654, abs=5e-8)
    assert vendi(unit(0.5), order=2) == pytest.approx(1.6, rel=1e-12)
    assert vendi(unit(0.9)) == pytest.approx(1.2195906, abs=5e-8)
    assert vendi(unit(0.5), order=math.inf) == pytest.approx(1 / 0.75, rel=1e-12)
    assert vendi(unit(0.5), order=0.5) == pytest.approx((math.sqrt(0.75) + math.sqrt(0.25)) ** 2, rel=1e-12)


def test_the_order_is_continuous_at_one():
    x = np.random.default_rng(0).normal(size=(30, 5))
    assert vendi(x, order=1 + 1e-6) == pytest.approx(vendi(x), rel=1e-5)


def test_orders_of_many_items_do_not_underflow():
    assert vendi(np.eye(50), order=300.0) == pytest.approx(50, rel=1e-9)


def test_the_dual_has_the_eigenvalues_of_the_kernel():
    x = np.random.default_rng(0).normal(size=(12, 4))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    kernel = vendi_from_kernel(torch.from_numpy(x @ x.T))
    assert vendi(x) == pytest.approx(kernel, rel=1e-9)  # n > d: the d x d matrix
    assert vendi(x[:3]) == pytest.approx(vendi_from_kernel(torch.from_numpy(x[:3] @ x[:3].T)), rel=1e-9)


def test_random_directions_saturate_at_the_dimension():
    x = np.random.default_rng(0).normal(size=(5000, 16))
    assert vendi(x) == pytest.approx(15.98, abs=0.01)


def test_rows_of_any_length_count_by_their_direction():
    x = np.random.default_rng(0).normal(size=(20, 3))
    lengths = np.logspace(-250, 250, 20)[:, None]  # squares of either end leave float64's range
    assert vendi(x * lengths) == pytest.approx(vendi(x), rel=1e-9)


def test_a_row_without_direction_is_named():
    with pytest.raises(BadInput, match="row 1 is zero"):
        vendi(np.array([[1.0, 0.0], [0.0, 0.0]]))


def test_kernels_and_orders_that_are_none_are_refused():
    for kernel in (torch.ones(2, 3), 2 * torch.eye(2), torch.tensor([[1.0, 0.5], [0.1, 1.0]])):
        with pytest.raises(BadInput, match="kernel"):
            vendi_from_kernel(kernel)
    for order in (0, -1):
        with pytest.raises(BadInput, match="order"):
            vendi(np.eye(2), order=order)


def test_the_distance_ratio_is_the_factor_of_spread():
    x = np.random.default_rng(0).normal(size=(1500, 3)) + 100
    assert pairwise_distance_ratio(x, 0.5 * x) == pytest.approx(0.5, rel=1e-12)
    assert pairwise_distance_ratio(x, x[:1].repeat(9, axis=0)) == pytest.approx(0, abs=1e-9)


def test_the_distance_ratio_leaves_out_pairs_of_a_row_with_itself():
    assert pairwise_distance_ratio(np.array([[0.0], [1.0]]), np.array([[0.0], [3.0], [6.0]])) == pytest.approx(4)


def test_the_distance_ratio_needs_pairs_that_differ():
    with pytest.raises(BadInput, match="at least 2 rows"):
        pairwise_distance_ratio(np.eye(3), np.eye(3)[:1])
    with pytest.raises(BadInput, match="copies of one"):
        pairwise_distance_ratio(np.ones((4, 2)), np.eye(2))


def plain(value, side=176):
    return torch.full((1, 1, side, side), value, dtype=torch.float64)


def test_plain_images_have_the_closed_luminance_term():
    c1 = 2.55**2
    closed = (2 * 100 * 150 + c1) / (100**2 + 150**2 + c1)
    whole, structure = similarity(plain(100.0), plain(150.0), span=255.0)
    assert closed == pytest.approx(0.9230923, abs=5e-8)
    assert whole.item() == pytest.approx(closed, rel=1e-9)
    assert structure.item() == pytest.approx(1, rel=1e-9)
    # Five scales: only the coarsest has a luminance term, to the power .1333.
    assert multi_scale_similarity(plain(100.0), plain(150.0), 255.0).item() == pytest.approx(0.9893892, abs=5e-8)


def test_a_small_image_has_fewer_scales_whose_weights_sum_to_one():
    one_scale = multi_scale_similarity(plain(100.0, 16), plain(150.0, 16), 255.0).item()
    assert one_scale == pytest.approx(0.9230923, abs=5e-8)
    two_scales = multi_scale_similarity(plain(100.0, 28), plain(150.0, 28), 255.0).item()
    assert two_scales == pytest.approx(0.9230923 ** (0.2856 / (0.0448 + 0.2856)), abs=5e-8)
    tiny = multi_scale_similarity(plain(100.0, 8), plain(150.0, 8), 255.0).item()
    assert tiny == pytest.approx(0.9230923, abs=5e-8)


@pytest.mark.parametrize("shape", [(16, 64), (64, 16)])
def test_the_shorter_side_of_an_image_decides_how_many_scales_it_has(shape):
    dark, light = (torch.full((1, 1, *shape), value, dtype=torch.float64) for value in (100.0, 150.0))
    assert multi_scale_similarity(dark, light, 255.0).item() == pytest.approx(0.9230923, abs=5e-8)


@pytest.mark.parametrize("side", [11, 7])
def test_similarity_is_the_sum_over_the_window(side):
    rng = np.random.default_rng(0)
    a, b = rng.uniform(-1, 1, size=(2, side, side))
    at = np.arange(side) - (side - 1) / 2
    bell = np.exp(-(at**2) / (2 * (1.5 * side / 11) ** 2))  # a small image has a narrower window
    w = np.outer(bell, bell) / np.outer(bell, bell).sum()
    mean_a, mean_b = (w * a).sum(), (w * b).sum()
    var_a, var_b = (w * (a - mean_a) ** 2).sum(), (w * (b - mean_b) ** 2).sum()
    cov = (w * (a - mean_a) * (b - mean_b)).sum()
    c1, c2 = 0.02**2, 0.06**2
    structure = (2 * cov + c2) / (var_a + var_b + c2)
    whole = structure * (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    ours = similarity(torch.from_numpy(a)[None, None], torch.from_numpy(b)[None, None], 2.0)
    assert [side.item() for side in ours] == pytest.approx([whole, structure], rel=1e-9)


def noise(n, side=16, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, size=(n, 1, side, side))


def test_one_image_repeated_scores_one_and_noise_nearly_nothing():
    assert ms_ssim(noise(1).repeat(10, axis=0)) == pytest.approx(1, rel=1e-12)
    assert ms_ssim(noise(40)) < 0.1


def test_few_images_are_compared_in_all_pairs():
    x = noise(5)
    pairs = [
        multi_scale_similarity(torch.from_numpy(x[i : i + 1]), torch.from_numpy(x[j : j + 1]), 2.0).item()
        for i in range(5)
        for j in range(i)
    ]
    assert ms_ssim(x) == pytest.approx(np.mean(pairs), rel=1e-9)
    assert ms_ssim(x, seed=1) == ms_ssim(x)


def test_many_images_are_compared_in_seeded_pairs_of_different_images():
    two_kinds = np.concatenate([noise(1).repeat(30, axis=0), noise(30, seed=1)])
    assert ms_ssim(two_kinds, pairs=50, seed=0) == ms_ssim(two_kinds, pairs=50, seed=0)
    assert ms_ssim(two_kinds, pairs=50, seed=0) != ms_ssim(two_kinds, pairs=50, seed=1)
    distinct = noise(4, seed=2)
    assert max(ms_ssim(distinct, pairs=5, seed=seed) for seed in range(20)) < 0.15  # one with itself would add .2


def test_the_excess_tells_collapse_from_scatter():
    smooth = np.linspace(-1, 1, 16)[None, None, None] + 0.3 * noise(30)
    assert ms_ssim_excess(smooth, smooth) == 0
    assert ms_ssim_excess(smooth, smooth[:1].repeat(30, axis=0)) > 0.1
    assert ms_ssim_excess(smooth, noise(30, seed=3)) < -0.1


def test_a_pair_needs_two_images():
    with pytest.raises(BadInput, match="at least 2 images"):
        ms_ssim(noise(1))
    with pytest.raises(BadInput, match="expected images"):
        ms_ssim(np.zeros((4, 16, 16)))
    bright = noise(4)
    bright[2, 0, 3, 3] = math.inf
    with pytest.raises(BadInput, match="image 2 has values that are not finite"):
        ms_ssim(bright)
