"""Alpha-precision, beta-recall, the precision-recall curve of histograms, and topological precision and recall."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import KernelDensity

from ganbench.errors import BadInput
from ganbench.metrics.feature_vectors import Features
from ganbench.metrics.prd import best_f, prd_curve, prd_f1_8, prd_f8
from ganbench.metrics.precision_recall import alpha_precision, beta_recall, precision
from ganbench.metrics.topological import kernel_sums, project, support, topp, topr


def normal(seed, n, d, *, mean=0.0, sd=1.0):
    return mean + sd * np.random.default_rng(seed).normal(size=(n, d))


def test_alpha_precision_is_its_sum_over_thirty_levels():
    real, fake = normal(0, 200, 3), normal(1, 150, 3, mean=0.4)
    levels = np.linspace(0, 1, 30)
    centre = real.mean(0)
    radii = np.quantile(np.linalg.norm(real - centre, axis=1), levels)
    inside = [(np.linalg.norm(fake - centre, axis=1) <= r).mean() for r in radii]
    assert alpha_precision(real, fake) == pytest.approx(1 - 2 * np.abs(inside - levels).sum() / 29, rel=1e-12)


def test_fakes_at_the_centre_or_far_away_have_no_alpha_precision():
    real = normal(2, 300, 3)
    assert alpha_precision(real, real) > 0.99
    assert alpha_precision(real, np.tile(real.mean(0), (50, 1))) == pytest.approx(0, abs=0.05)
    assert alpha_precision(real, real + 100) == pytest.approx(0, abs=0.05)


def test_beta_recall_counts_reals_met_by_typical_fakes():
    real, fake = normal(3, 120, 3), normal(4, 100, 3, sd=1.2)
    across = np.sqrt(((real[:, None] - fake[None]) ** 2).sum(-1))
    within = np.sort(np.sqrt(((real[:, None] - real[None]) ** 2).sum(-1)), 1)
    met = across.min(1) <= within[:, 5]
    matched = np.linalg.norm(fake - fake.mean(0), axis=1)[across.argmin(1)]
    levels = np.linspace(0, 1, 30)
    curve = [(met & (matched <= np.quantile(matched, level))).mean() for level in levels]
    assert beta_recall(real, fake) == pytest.approx(1 - 2 * np.abs(curve - levels).sum() / 29, rel=1e-12)


def test_of_equally_near_fakes_the_most_typical_one_meets_a_real():
    rng = np.random.default_rng(50)
    real, fake = (rng.integers(0, 3, (n, 4)).astype(float) for n in (120, 100))
    across, within = (((real[:, None] - other[None]) ** 2).sum(-1) for other in (fake, real))
    met = across.min(1) <= np.sort(within, 1)[:, 5]
    from_mean = np.linalg.norm(fake - fake.mean(0), axis=1)
    matched = np.array([from_mean[row == row.min()].min() for row in across])
    levels = np.linspace(0, 1, 30)
    curve = [(met & (matched <= np.quantile(matched, level) * (1 + 1e-12))).mean() for level in levels]
    assert beta_recall(real, fake) == pytest.approx(max(1 - 2 * np.abs(curve - levels).sum() / 29, 0), rel=1e-12)


@pytest.mark.slow
def test_equal_distribution_have_the_known_alpha_and_beta():
    real, fake = normal(5, 2000, 4), normal(6, 2000, 4)
    assert alpha_precision(real, fake) == pytest.approx(0.97, abs=0.03)
    assert beta_recall(real, fake) == pytest.approx(0.97, abs=0.03)
    assert beta_recall(real, fake, k=1) == pytest.approx(0.48, abs=0.03)  # at most half of the reals are met


@pytest.mark.parametrize(
    ("reference", "generated", "f8", "f1_8"),
    [
        ([0, 0.5, 0.5], [0.5, 0.5, 0], 0.5, 0.5),
        ([0.1] * 10, [0.2] * 5 + [0] * 5, 65 * 0.5 / 64.5, 0.9848485),
        ([0.2] * 5 + [0] * 5, [0.1] * 10, 0.9848485, 65 * 0.5 / 64.5),
        ([0.5, 0.5], [0.9, 0.1], 0.941656, 0.987759),
        ([1, 0], [0, 1], 0, 0),
        ([0.3, 0.7], [0.3, 0.7], 1, 1),
    ],
)
def test_histograms_with_known_curves(reference, generated, f8, f1_8):
    curve = prd_curve(reference, generated)
    assert best_f(*curve, 8) == pytest.approx(f8, abs=2e-4)  # 1001 angles
    assert best_f(*curve, 1 / 8) == pytest.approx(f1_8, abs=2e-4)


@pytest.mark.parametrize(
    ("reference", "generated", "message"),
    [
        ([0.5, 0.5], [1], "generated: expected a histogram of 2"),
        ([0.5, 0.6], [1, 0], "reference: expected shares that sum"),
    ],
)
def test_histograms_must_be_shares_of_the_same_cells(reference, generated, message):
    with pytest.raises(BadInput, match=message):
        prd_curve(reference, generated)


def test_dropped_modes_cost_f8_and_invented_ones_f1_8():
    centres = 100 * normal(7, 10, 2)
    sample = lambda seed, modes: np.repeat(centres[:modes], 200 // modes, 0) + normal(seed, 200, 2)  # noqa: E731
    whole, half = sample(8, 10), sample(9, 5)
    options = {"clusters": 10, "runs": 2}
    assert prd_f8(whole, half, **options) == pytest.approx(0.5038760, abs=2e-3)
    assert prd_f1_8(whole, half, **options) == pytest.approx(0.9848485, abs=2e-3)
    assert prd_f8(half, whole, **options) == pytest.approx(0.9848485, abs=2e-3)


def test_the_curve_depends_on_its_seed_alone_and_unequal_sizes_are_cut():
    real, fake = normal(10, 120, 2), normal(11, 90, 2)
    np.random.seed(0)  # noqa: NPY002 - the global generator must not matter
    first = prd_f8(real, fake, runs=2)
    np.random.seed(1)  # noqa: NPY002
    assert prd_f8(real, fake, runs=2) == first
    assert prd_f8(real, real[::-1].copy(), runs=1) > 0.99
    with pytest.raises(BadInput, match="expected at least 20 rows, got 18"):
        prd_f8(real[:9], fake)


def test_the_kernel_is_the_compact_cosine():
    points, at = normal(12, 50, 1), normal(13, 20, 1)
    sums = kernel_sums(torch.tensor(at), torch.tensor(points), 0.8, torch.ones(50, 1).double())[:, 0]
    density = np.exp(KernelDensity(kernel="cosine", bandwidth=0.8).fit(points).score_samples(at))
    np.testing.assert_allclose(sums * np.pi / 4 / 0.8, density, rtol=1e-10)  # the constant of one dimension


def test_the_bandwidth_is_the_median_distance_to_the_160th_neighbour():
    points = normal(14, 200, 2)
    result = support(Features(points), torch.tensor(points), 0)
    within = np.sort(np.sqrt(((points[:, None] - points[None]) ** 2).sum(-1)), 1)
    assert result.bandwidth == pytest.approx(np.sort(within[:, 160])[99], rel=1e-12)
    assert 0 < result.band < float(result.density(torch.tensor(points)).max())


def test_the_same_points_have_full_support_and_distant_ones_none():
    real = normal(15, 300, 2)
    assert topp(real, real.copy()) == topr(real, real.copy()) == 1.0
    assert topp(real, real + 100) == topr(real, real + 100) == 0.0


def test_dropping_modes_costs_recall_and_adding_them_precision():
    def mixture(seed, modes):
        centres = 40 * np.arange(modes)
        return np.repeat(centres, 250)[:, None] + normal(seed, 250 * modes, 4)

    whole, part = mixture(16, 7), mixture(17, 4)
    assert topp(whole, part) > 0.9
    assert topr(whole, part) == pytest.approx(4 / 7, abs=0.05)
    assert topp(part, whole) == pytest.approx(topr(whole, part), abs=0.05)


def test_outliers_do_not_buy_precision():
    real = normal(18, 500, 2)
    outliers = np.concatenate([real, normal(19, 5, 2, mean=20)])
    fake = np.concatenate([normal(20, 400, 2), normal(21, 20, 2, mean=20)])
    assert topp(outliers, fake) == pytest.approx(topp(real, fake), abs=0.01)
    assert precision(outliers, fake) > precision(real, fake) + 0.04  # as they do elsewhere


def test_many_dimensions_are_projected_by_one_map():
    values = torch.tensor(normal(22, 5, 40))
    assert project(values, 0).shape == (5, 32)
    torch.testing.assert_close(project(values, 0)[1:3], project(values[1:3], 0))
    assert not torch.equal(project(values, 0), project(values, 1))
    assert project(values[:, :32], 0).shape == (5, 32)
    assert torch.equal(project(values[:, :32], 0), values[:, :32])


def test_a_support_needs_rows_that_differ():
    with pytest.raises(BadInput, match="real: expected at least 161 rows, got 160"):
        topp(normal(23, 160, 2), normal(24, 200, 2))
    with pytest.raises(BadInput, match="fake: expected rows that differ"):
        topp(normal(25, 200, 2), np.zeros((200, 2)))
