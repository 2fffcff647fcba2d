"""Clipped density and coverage: by definition, on hard samples, and calibrated to the share of good samples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import betabinom

from ganbench.errors import BadInput
from ganbench.metrics import clipped_coverage, clipped_density
from ganbench.metrics.clipped import expected_share, own_holders
from ganbench.metrics.feature_vectors import Features
from tests.metrics.test_precision_recall import CASES, in_float32, normal, squares

K = 5
__all__ = ["in_float32"]


def expected(n: int, m: int, k: int) -> np.ndarray:
    """The share of its k nearest fakes that a real has in its ball, from the beta-binomial as scipy has it."""
    goods = np.arange(m + 1)
    shares = 1 - sum((k - j) * betabinom.pmf(j, goods, k, n - k) for j in range(k)) / k
    return np.where(goods < k, 0.0, shares)


def brute_density(real, fake, k: int = K) -> float:
    """By definition: balls cut at the median radius; a real is in no ball of its own."""
    within, across = squares(real, real), squares(real, fake)
    radii = np.sqrt(np.sort(within, 1)[:, k])
    reach = np.minimum(radii, np.median(radii))[:, None] ** 2 * (1 + 1e-12)
    np.fill_diagonal(within, np.inf)
    good, usual = (np.minimum((d <= reach).sum(0) / k, 1).mean() for d in (across, within))
    return min(good / usual, 1.0)


def brute_coverage(real, fake, k: int = K) -> float:
    """By definition, every F(m) summed."""
    radii = np.sort(squares(real, real), 1)[:, k][:, None]
    nearest = np.sort(squares(real, fake), 1)[:, :k]
    share = (nearest * (1 + 1e-12) < radii).mean()
    return float((expected(len(real), len(fake), k) < share - 1e-12).mean())


@pytest.mark.parametrize(("real", "fake"), CASES)
def test_both_are_those_of_the_definition_on_hard_samples(real, fake):
    r, f = Features(real), Features(fake)
    assert clipped_density(r, f) == pytest.approx(brute_density(real, fake), rel=1e-12)
    assert clipped_coverage(r, f) == pytest.approx(brute_coverage(real, fake), abs=1e-12)


@pytest.mark.parametrize(
    ("real", "fake"), [case for case in CASES if case.id in ("plain", "many ties", "tight clusters")]
)
@pytest.mark.usefixtures("in_float32")
def test_fast_products_change_nothing(real, fake):
    assert clipped_density(real, fake) == pytest.approx(brute_density(real, fake), rel=1e-12)
    assert clipped_coverage(real, fake) == pytest.approx(brute_coverage(real, fake), abs=1e-12)


@pytest.mark.parametrize(("n", "m", "k"), [(30, 40, 5), (6, 20, 5), (200, 7, 3), (50, 50, 1)])
def test_the_expected_share_is_that_of_the_beta_binomial(n, m, k):
    assert expected_share(n, m, k) == pytest.approx(expected(n, m, k), abs=1e-12)


def test_the_expected_share_never_falls_at_the_size_of_published_scores():
    shares = expected_share(50_000, 50_000, 5)
    assert (np.diff(shares) > -1e-12).all()
    assert shares[-1] == pytest.approx(1 - 252 / 1024, abs=1e-4)  # E min(B, 5) / 5, B negative binomial(5, 1/2)


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.75, 0.9])
def test_a_share_of_good_samples_reads_as_that_share(share):
    n, good, values = 500, round(share * 500), []
    for seed in range(6):
        real, fake = normal(seed, n, 8), normal(100 + seed, n, 8)
        fake[good:] += 1e3
        values.append((clipped_density(real, fake), clipped_coverage(real, fake)))
    assert np.mean(values, 0) == pytest.approx([share, share], abs=0.04)  # four times 0.025 over the root of six


def test_reals_that_are_outliers_raise_density_and_not_without_bound():
    real, fake = normal(1, 1000, 4), normal(2, 1000, 4)
    real[:200] = 1e3 + 1e3 * normal(3, 200, 4)
    fake[500:] += 1e5
    assert clipped_density(real, fake) == pytest.approx(0.5 / 0.8, abs=0.05)


def test_ties_on_the_border_of_a_ball_count_whatever_the_order():
    grid = np.array([[x, y] for x in range(6) for y in range(6)], float)
    holders = own_holders(Features(grid), 3)
    radius = np.sort(squares(grid, grid), 1)[:, 3]
    held = squares(grid, grid) <= np.minimum(radius, np.median(radius))[:, None]
    assert holders.tolist() == (held.sum(0) - 1).tolist()


def test_too_few_rows_are_refused_by_name():
    with pytest.raises(BadInput, match="real: expected at least 6 rows, got 5"):
        clipped_density(normal(0, 5, 2), normal(1, 9, 2))
    with pytest.raises(BadInput, match="real: expected at least 6 rows, got 5"):
        clipped_coverage(normal(0, 5, 2), normal(1, 9, 2))
    with pytest.raises(BadInput, match="fake: expected at least 5 rows, got 4"):
        clipped_coverage(normal(0, 9, 2), normal(1, 4, 2))
    with pytest.raises(BadInput, match="k: expected a positive whole number, got 0"):
        clipped_density(normal(0, 9, 2), normal(1, 4, 2), k=0)
