"""Precision, recall, density, coverage, realism, rarity and the nearest-neighbour test, against exact brute force."""

import numpy as np
import pytest
import torch

from ganbench.errors import BadInput
from ganbench.metrics import feature_vectors
from ganbench.metrics._engine import blocks, pairs
from ganbench.metrics.c2st import one_nn_accuracy, one_nn_fake, one_nn_parts, one_nn_real
from ganbench.metrics.feature_vectors import Features
from ganbench.metrics.precision_recall import (
    coverage,
    density,
    expected_coverage,
    precision,
    rarity,
    rarity_scores,
    realism,
    realism_scores,
    recall,
)

PRDC = (precision, recall, density, coverage)


def normal(seed, n, d, *, mean=0.0, sd=1.0):
    return mean + sd * np.random.default_rng(seed).normal(size=(n, d))


def squares(x, y):
    return ((np.asarray(x, float)[:, None] - np.asarray(y, float)[None]) ** 2).sum(-1)


def brute(real, fake, ks=(3, 3, 5, 5)):
    """The four values by definition, a ball holding its border."""
    within_real, within_fake, across = squares(real, real), squares(fake, fake), squares(real, fake)
    radius = lambda within, k: np.sort(within, 1)[:, k]  # noqa: E731 - the row itself comes first
    held = across <= radius(within_real, ks[2])[:, None]
    return (
        (across <= radius(within_real, ks[0])[:, None]).any(0).mean(),
        (across <= radius(within_fake, ks[1])[None]).any(1).mean(),
        held.sum(0).mean() / ks[2],
        (across <= radius(within_real, ks[3])[:, None]).any(1).mean(),
    )


@pytest.fixture
def in_float32(monkeypatch):
    """Use the fast products whatever the size of the samples, in several blocks."""
    for module in (feature_vectors, pairs):
        monkeypatch.setattr(module, "working_type", lambda *_: torch.float32)
    monkeypatch.setattr(blocks, "BLOCK", 64)


GRID = np.random.default_rng(0).integers(0, 3, (240, 40)).astype(np.float32)
RING = np.repeat(normal(1, 12, 40), 10, 0)
CASES = [
    pytest.param(normal(2, 150, 40), normal(3, 130, 40, sd=0.97), id="plain"),
    pytest.param(normal(4, 150, 40, mean=1e3).astype("f4"), normal(5, 130, 40, mean=1e3).astype("f4"), id="mean 1e3"),
    pytest.param(normal(6, 150, 40, mean=1e4).astype("f4"), normal(7, 130, 40, mean=1e4).astype("f4"), id="mean 1e4"),
    pytest.param(normal(8, 150, 40, mean=1e6, sd=1e-3), normal(9, 130, 40, mean=1e6, sd=1e-3), id="mean 1e6, sd 1e-3"),
    pytest.param(normal(10, 100, 40), normal(10, 100, 40), id="copies"),
    pytest.param(np.ones((60, 40)), np.ones((60, 40)), id="all rows equal"),
    pytest.param(GRID[:120], GRID[120:], id="many ties"),
    pytest.param(np.repeat(normal(11, 70, 40), 2, 0), np.repeat(normal(12, 70, 40), 2, 0), id="every row twice"),
    pytest.param(normal(13, 100, 40), np.repeat(normal(13, 1, 40), 90, 0), id="collapse onto a real"),
    pytest.param(RING + normal(14, 120, 40, sd=1e-5), RING + normal(15, 120, 40, sd=1e-5), id="tight clusters"),
    pytest.param(normal(16, 150, 40), normal(17, 130, 40) + 1e6, id="far apart"),
    pytest.param(normal(18, 150, 40, sd=1e-20), normal(19, 130, 40, sd=1e-20), id="variance 1e-40"),
    pytest.param(normal(20, 6, 40), normal(21, 6, 40), id="k + 1 rows"),
    pytest.param(normal(22, 150, 1), normal(23, 130, 1), id="one dimension"),
    pytest.param(normal(24, 90, 40).astype("f2"), normal(25, 80, 40).astype("f2"), id="float16"),
]


@pytest.mark.parametrize(("real", "fake"), CASES)
def test_four_values_are_those_of_brute_force(real, fake):
    r, f = Features(real), Features(fake)
    assert [metric(r, f) for metric in PRDC] == pytest.approx(brute(real, fake), rel=1e-14)


@pytest.mark.parametrize(("real", "fake"), [case for case in CASES if case.id != "variance 1e-40"])
def test_float32_products_decide_every_pair_as_brute_force_does(real, fake, in_float32):
    r, f = Features(real), Features(fake)
    assert [metric(r, f) for metric in PRDC] == pytest.approx(brute(real, fake), rel=1e-14)


def test_unusual_k_is_asked_for_by_name():
    real, fake = normal(26, 50, 3), normal(27, 60, 3)
    expected = brute(real, fake, (1, 7, 4, 2))
    result = precision(real, fake, k=1), recall(real, fake, k=7), density(real, fake, k=4), coverage(real, fake, k=2)
    assert result == pytest.approx(expected, rel=1e-14)


def test_the_arguments_are_not_interchangeable():
    wide, narrow = normal(28, 300, 2), normal(29, 300, 2, sd=0.3)
    assert precision(wide, narrow) > 0.98
    assert recall(wide, narrow) < 0.6
    assert precision(narrow, wide) == recall(wide, narrow)


def test_nested_balls_have_the_precision_and_recall_of_their_volumes():
    def ball(seed, radius):
        angle, spread = np.random.default_rng(seed).random((2, 3000))
        return radius * np.sqrt(spread)[:, None] * np.stack([np.cos(2 * np.pi * angle), np.sin(2 * np.pi * angle)], 1)

    real, fake = Features(ball(30, 1.0)), Features(ball(31, 0.5))
    assert precision(real, fake) == pytest.approx(0.982, abs=0.02)  # sd .005
    assert recall(real, fake) == pytest.approx(0.257, abs=0.04)  # the area's share is 1/4; balls reach over the rim
    assert density(real, fake, k=3) == pytest.approx(1, abs=0.06)  # as for equal distributions, away from the rim


def test_disjoint_samples_share_nothing():
    assert [metric(normal(32, 30, 2), normal(33, 30, 2, mean=1e3)) for metric in PRDC] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("n", "m", "k", "value"),
    [(100, 100, 5, 0.971070), (1000, 1000, 5, 0.968984), (1000, 1000, 3, 0.875375), (2000, 1000, 5, 0.868642)],
)
def test_coverage_expected_of_equal_laws(n, m, k, value):
    assert expected_coverage(n, m, k) == pytest.approx(value, abs=5e-7)


@pytest.mark.slow
def test_coverage_and_density_average_to_what_equal_distribution_promise():
    draws = [
        (coverage(r, f), density(r, f))
        for r, f in ((normal(2 * i, 40, 2), normal(2 * i + 1, 60, 2)) for i in range(300))
    ]
    means, errors = np.mean(draws, 0), np.std(draws, 0) / np.sqrt(300)
    assert means[0] == pytest.approx(expected_coverage(40, 60), abs=4 * errors[0])
    assert means[1] == pytest.approx(1, abs=4 * errors[1])  # a fake is in each of n balls with chance k / n


@pytest.mark.parametrize("metric", [*PRDC, realism, rarity])
def test_neighbours_need_more_than_k_rows_and_a_positive_k(metric):
    enough = normal(34, 9, 2)
    if metric is not realism:
        with pytest.raises(BadInput, match="fake: expected at least 9 rows, got 8"):
            metric(enough, normal(35, 8, 2), k=8)
    with pytest.raises(BadInput, match="real: expected at least 9 rows, got 8"):
        metric(normal(35, 8, 2), enough, k=8)
    with pytest.raises(BadInput, match="k: expected a positive whole number, got 0"):
        metric(enough, enough, k=0)
    with pytest.raises(BadInput, match="fake: 1 of 9 rows are not finite"):
        metric(enough, np.where(np.arange(9)[:, None] == 4, np.nan, enough))


def test_realism_is_radius_over_distance():
    reals, fakes = [[0.0], [1.0], [2.0], [3.0]], [[0.25], [10.0]]
    assert realism_scores(reals, fakes, k=1).tolist() == pytest.approx([4.0, 1 / 7], rel=1e-14)
    assert realism(reals, fakes, k=1) == pytest.approx(1 / 7)  # the lower median
    assert realism_scores(reals, [[2.0], [2.0]], k=1).tolist() == [np.inf, np.inf]


def clustered(seed, n):
    """Ten clusters at distance 50, far tighter than float32 products can tell."""
    rng = np.random.default_rng(seed)
    centres = 50 * np.linalg.qr(np.random.default_rng(0).normal(size=(40, 40)))[0][:10]
    return (centres[rng.integers(10, size=n)] + 1e-3 * rng.normal(size=(n, 40))).astype("f4")


@pytest.mark.parametrize(
    ("real", "fake"),
    [
        *[case for case in CASES if case.id not in ("variance 1e-40", "all rows equal")],
        pytest.param(clustered(40, 210), clustered(41, 200), id="clusters at distance 50, sd .001"),
    ],
)
def test_realism_is_that_of_brute_force(real, fake, in_float32):
    radius = np.sort(squares(real, real), 1)[:, 3] ** 0.5
    kept = radius <= np.sort(radius)[(len(radius) - 1) // 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = radius[kept, None] / np.sqrt(squares(np.asarray(real)[kept], fake))
    expected = np.nan_to_num(ratios, nan=np.inf, posinf=np.inf).max(0)
    np.testing.assert_allclose(realism_scores(real, fake), expected, rtol=1e-12)


def test_rarity_is_the_smallest_radius_around_a_fake():
    reals = [[0.0], [1.0], [3.0], [10.0]]  # radii 1, 1, 2, 7
    fakes = [[0.5], [4.5], [2.5], [-1.0], [30.0]]
    assert rarity_scores(reals, fakes, k=1).tolist() == [1.0, 2.0, 2.0, 1.0]
    assert rarity(reals, fakes, k=1) == 1.5
    with pytest.raises(BadInput, match="got none"):
        rarity(reals, [[30.0], [40.0]], k=1)


def test_nearest_neighbours_vote_by_brute_force(in_float32):
    real, fake = normal(38, 100, 40), normal(39, 80, 40, sd=0.9)
    pool = np.concatenate([real, fake])
    within = squares(pool, pool)
    np.fill_diagonal(within, np.inf)
    kind = np.arange(180) < 100
    right = kind[within.argmin(1)] == kind
    assert one_nn_parts(real, fake) == pytest.approx((right[kind].mean(), right[~kind].mean()), rel=1e-14)
    assert one_nn_accuracy(real, fake) == pytest.approx((right[kind].mean() + right[~kind].mean()) / 2, rel=1e-14)
    assert (one_nn_real(real, fake), one_nn_fake(real, fake)) == one_nn_parts(real, fake)


@pytest.mark.parametrize(
    ("real", "fake", "parts"),
    [
        ([[0.0], [1.0]], [[0.0], [1.0]], (0.0, 0.0)),  # copies
        ([[0.0], [1.0]], [[50.0], [51.0]], (1.0, 1.0)),
        ([[0.0], [2.0], [4.0]], [[1.0], [3.0], [40.0]], (0.0, 0.0)),  # each beside the other kind
        ([[0.0], [9.0]], [[0.0]] * 3, (1 / 8, 2 / 3)),  # nearest to 9 are a real and three fakes
        ([[-1.0], [20.0], [22.0]], [[0.0], [1.0], [30.0]], (2 / 3, 0.5 / 3 + 1 / 3)),  # 0 lies between -1 and 1
        (np.ones((4, 3)), np.ones((3, 3)), (3 / 6, 2 / 6)),
    ],
)
def test_equally_near_neighbours_share_the_vote(real, fake, parts):
    assert one_nn_parts(real, fake) == pytest.approx(parts, rel=1e-14)


@pytest.mark.slow
def test_equal_distribution_are_told_apart_as_often_as_the_null_says():
    parts = np.array([one_nn_parts(normal(2 * i, 20, 3), normal(2 * i + 1, 30, 3)) for i in range(400)])
    errors = parts.std(0) / 20
    assert parts[:, 0].mean() == pytest.approx(19 / 49, abs=4 * errors[0])
    assert parts[:, 1].mean() == pytest.approx(29 / 49, abs=4 * errors[1])
