"""Kernel distances: rational arithmetic, closed forms for Gaussians, unbiasedness, and permutation tests."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from scipy.stats import energy_distance as rooted_energy_distance

from ganbench._util.streams import stream
from ganbench.errors import BadInput, UnknownName
from ganbench.metrics import METRICS, feature_vectors
from ganbench.metrics._engine import blocks, kernel_sums, pairs
from ganbench.metrics._engine.pairs import pair_of
from ganbench.metrics.feature_vectors import Features
from ganbench.metrics.kernels import cmmd, energy_distance, median_distance, mmd, mmd_mixture, permutation_test
from ganbench.metrics.kid import Subsets, kid, kid_scores, kid_subsets
from ganbench.metrics.prepare import prepare


def normal(seed, n, d, *, mean=0.0, sd=1.0):
    return mean + sd * np.random.default_rng(seed).normal(size=(n, d))


def squares(x, y):
    return ((np.asarray(x, float)[:, None] - np.asarray(y, float)[None]) ** 2).sum(-1)


def unbiased(kernel, x, y):
    n, m = len(x), len(y)
    xx, yy, xy = kernel(x, x), kernel(y, y), kernel(x, y)
    return (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1)) - 2 * xy.mean()


def exact_kid(x, y):
    """The estimate for the very numbers in the arrays, in rational arithmetic."""
    x, y = ([[Fraction(float(v)) for v in row] for row in values] for values in (x, y))
    d, n, m = len(x[0]), len(x), len(y)

    def total(a, b, skip=False):
        pairs = ((p, q) for i, p in enumerate(a) for j, q in enumerate(b) if not (skip and i == j))
        return sum((sum(u * v for u, v in zip(p, q, strict=True)) / d + 1) ** 3 for p, q in pairs)

    return float(total(x, x, True) / (n * (n - 1)) + total(y, y, True) / (m * (m - 1)) - 2 * total(x, y) / (n * m))


@pytest.fixture
def in_float32(monkeypatch):
    """Use the fast products whatever the size of the samples, in several blocks."""
    for module in (feature_vectors, pairs):
        monkeypatch.setattr(module, "working_type", lambda *_: torch.float32)
    monkeypatch.setattr(blocks, "BLOCK", 64)


def test_kid_of_two_points_each():
    assert kid([[1, 0], [0, 1]], [[1, 1], [2, 0]]) == pytest.approx(1.125, rel=1e-14)


@pytest.mark.parametrize(
    ("mean", "sd", "kind", "tolerance"),
    [
        (0, 1, np.float32, 1e-12),
        (10, 1, np.float32, 1e-11),
        (1e3, 1, np.float32, 1e-9),
        (1e3, 1, np.float64, 1e-9),
        (0, 1e-3, np.float32, 1e-11),
        (0, 1, np.float16, 1e-12),
        (0, 300, np.float16, 1e-12),  # cubes overflow in half precision
    ],
)
def test_kid_is_exact_at_far_means_small_scales_and_half_precision(mean, sd, kind, tolerance):
    real, fake = normal(0, 20, 5, mean=mean, sd=sd).astype(kind), normal(1, 16, 5, mean=mean, sd=1.2 * sd).astype(kind)
    assert kid(real, fake) == pytest.approx(exact_kid(real, fake), rel=tolerance)


def test_kid_from_float32_products_keeps_the_digits_that_matter(in_float32):
    for mean, sd in ((0, 1), (1e3, 1), (0, 1e-3)):
        real, fake = normal(2, 150, 40, mean=mean, sd=sd), normal(3, 130, 40, mean=mean, sd=1.3 * sd)
        kernel = lambda a, b: (a.astype(np.longdouble) @ b.T.astype(np.longdouble) / 40 + 1) ** 3  # noqa: E731
        expected = float(unbiased(kernel, real, fake))
        assert kid(real, fake) == pytest.approx(expected, rel=2e-6)  # the products err by some 1e-7


def test_kid_of_identical_sets_is_negative_as_an_unbiased_estimate_must_be():
    sample = normal(4, 60, 3)
    assert kid(sample, sample) == pytest.approx(exact_kid(sample, sample), rel=1e-11)
    assert kid(sample, sample) < 0


@pytest.mark.parametrize("limit", ["whole kernel", "subset by subset"])
def test_subset_scores_are_kid_on_the_subsets(limit, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 16)
    real, fake = Features(normal(5, 40, 3)), Features(normal(6, 55, 3, mean=0.3))
    size, subsets = (30, 8) if limit == "whole kernel" else (5, 3)
    scores = kid_scores(real, fake, subsets=subsets, size=size, seed=7)
    rows = Subsets(subsets, size, 7).draw(pair_of(real, fake))
    for score, a, b in zip(scores.tolist(), *rows, strict=True):
        assert len(a.unique()) == size
        assert score == pytest.approx(kid(real.values[a], fake.values[b]), rel=1e-9, abs=1e-12)
    assert kid_subsets(real, fake, subsets=subsets, size=size, seed=7) == pytest.approx(scores.mean().item())
    assert not torch.equal(rows[0][0], rows[0][1])


def test_one_subset_of_everything_is_kid_itself():
    real, fake = normal(8, 40, 3), normal(9, 40, 3)
    assert kid_subsets(real, fake, subsets=1, size=40) == pytest.approx(kid(real, fake), rel=1e-10)


def test_subsets_depend_on_the_seed_alone_and_never_shrink():
    real, fake = normal(10, 50, 2), normal(11, 50, 2)
    torch.manual_seed(0)
    first = kid_subsets(real, fake, subsets=5, size=20)
    torch.manual_seed(1)
    assert kid_subsets(real, fake, subsets=5, size=20) == first
    assert kid_subsets(real, fake, subsets=5, size=20, seed=1) != first
    with pytest.raises(BadInput, match="real: expected at least 1000 rows, got 50"):
        kid_subsets(real, fake)


@pytest.mark.parametrize("metric", [kid, mmd, mmd_mixture, energy_distance])
def test_one_row_has_no_unbiased_estimate(metric):
    with pytest.raises(BadInput, match="expected at least 2 rows, got 1"):
        metric(np.zeros((1, 2)), normal(12, 5, 2))
    with pytest.raises(BadInput, match="expected at least 2 rows, got 1"):
        metric(normal(12, 5, 2), np.zeros((1, 2)))


def gaussian(bandwidths):
    return lambda a, b: np.mean([np.exp(-squares(a, b) / (2 * g * g)) for g in bandwidths], axis=0)


def test_mmd_is_its_double_sum_with_the_median_real_distance():
    real, fake = normal(13, 30, 4), normal(14, 25, 4, mean=0.5)
    median = np.median(np.sqrt(squares(real, real)[np.triu_indices(30, 1)]))  # 435 pairs: the median is one of them
    assert median_distance(Features(real)) == pytest.approx(median, rel=1e-12)
    assert mmd(real, fake) == pytest.approx(unbiased(gaussian([median]), real, fake), rel=1e-11)
    assert mmd(real, fake, bandwidth=0.7) == pytest.approx(unbiased(gaussian([0.7]), real, fake), rel=1e-11)
    mixture = gaussian([median / 4, median / 2, median, 2 * median, 4 * median])
    assert mmd_mixture(real, fake) == pytest.approx(unbiased(mixture, real, fake), rel=1e-11)


def test_the_bandwidth_belongs_to_the_reference_and_not_to_the_model():
    real = normal(15, 30, 4)
    near, far = mmd(real, real + 5), mmd(real, real + 50)
    width = median_distance(Features(real))
    assert near == mmd(real, real + 5, bandwidth=width)
    assert far == mmd(real, real + 50, bandwidth=width)


def test_the_median_of_a_large_sample_does_not_depend_on_order_or_position():
    sample = normal(16, 3000, 3)
    whole = np.median(np.sqrt(squares(sample[:1500], sample[1500:])))
    value = median_distance(Features(sample))
    assert value == pytest.approx(whole, rel=0.02)
    assert median_distance(Features(sample[::-1].copy() + 3.0)) == pytest.approx(value, rel=1e-12)


def test_a_reference_without_spread_has_no_bandwidth():
    with pytest.raises(BadInput, match="real: expected rows that differ, got 9 equal rows"):
        mmd(np.full((9, 3), 0.1), normal(17, 9, 3))
    with pytest.raises(BadInput, match="bandwidth: expected a positive number"):
        mmd(normal(17, 9, 3), normal(17, 9, 3), bandwidth=0.0)


def test_the_energy_distance_is_the_square_of_the_one_dimensional_rooted_one():
    real, fake = normal(18, 40, 1), normal(19, 40, 1, mean=1.0)
    n = 40
    spread = [np.sqrt(squares(v, v)).sum() * (1 / n**2 - 1 / (n * (n - 1))) for v in (real, fake)]
    expected = rooted_energy_distance(real[:, 0], fake[:, 0]) ** 2 + sum(spread)  # scipy divides by n^2
    assert energy_distance(real, fake) == pytest.approx(expected, rel=1e-10)
    assert energy_distance([[0.0], [0.0]], [[3.0], [3.0]]) == 6.0


def test_float32_products_serve_stationary_kernels(in_float32):
    real, fake = normal(20, 150, 40, mean=1e3), normal(21, 130, 40, mean=1e3, sd=1.3)
    width = median_distance(Features(real))
    assert mmd(real, fake) == pytest.approx(unbiased(gaussian([width]), real, fake), rel=1e-5)
    assert energy_distance(real, fake) == pytest.approx(
        unbiased(lambda a, b: -np.sqrt(squares(a, b)), real, fake), rel=1e-5
    )


@pytest.mark.parametrize("many", [0.0, 2.0])
def test_close_pairs_do_not_spoil_distances_in_float32(in_float32, monkeypatch, many):
    monkeypatch.setattr(kernel_sums, "MANY", many)  # the whole block again, or pair by pair
    centres = normal(22, 5, 40, mean=10.0, sd=5.0)
    real, fake = (np.repeat(centres, 20, 0) + normal(seed, 100, 40, sd=1e-6) for seed in (23, 24))
    expected = unbiased(lambda a, b: -np.sqrt(squares(a, b)), real, fake)
    assert energy_distance(real, fake) == pytest.approx(expected, rel=1e-5)


def test_cmmd_is_the_biased_sum_on_the_unit_sphere():
    real, fake = normal(25, 30, 6, mean=0.5), normal(26, 20, 6)
    u, v = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (real, fake))
    kernel = gaussian([10.0])
    expected = 1000 * (kernel(u, u).mean() + kernel(v, v).mean() - 2 * kernel(u, v).mean())
    assert cmmd(real, fake) == pytest.approx(expected, rel=1e-9)
    assert cmmd(real * 7, fake / 3) == pytest.approx(expected, rel=1e-9)
    assert cmmd(real, real) == 0
    with pytest.raises(BadInput, match=r"fake: expected rows of positive length, got 1 zero rows \(first: row 2\)"):
        cmmd(real, fake * (np.arange(20) != 2)[:, None])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("metric", "d", "means", "sds", "options", "value"),
    [
        (kid, 4, (0, 0), (1, 2**0.5), {}, 0.75),
        (kid, 4, (1, 1.5), (1, 1), {}, 13.140625),
        (mmd, 1, (0, 1), (1, 1), {"bandwidth": 1.0}, 0.17726763),
        (mmd, 1, (0, 0), (1, 2), {"bandwidth": 1.0}, 0.09418702),
        (mmd, 2, (0, 1), (1, 1), {"bandwidth": 1.0}, 0.18897913),
        (energy_distance, 1, (0, 1), (1, 1), {}, 0.54180658),
        (energy_distance, 1, (0, 0), (1, 2), {}, 0.18311073),
        (kid, 4, (0, 0), (1, 1), {}, 0.0),
        (mmd, 3, (0, 0), (1, 1), {"bandwidth": 1.0}, 0.0),
    ],
)
def test_estimates_average_to_the_population_value(metric, d, means, sds, options, value):
    draws = [
        metric(
            normal(2 * i, 12, d, mean=means[0], sd=sds[0]),
            normal(2 * i + 1, 15, d, mean=means[1], sd=sds[1]),
            **options,
        )
        for i in range(400)
    ]
    assert np.mean(draws) == pytest.approx(value, abs=4 * np.std(draws) / 20)


@pytest.mark.parametrize(("kernel", "metric"), [("gaussian", mmd), ("energy", energy_distance)])
def test_permuted_values_are_the_metric_on_relabelled_rows(kernel, metric, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 8)
    real, fake = normal(27, 12, 3), normal(28, 9, 3, mean=0.7)
    test = permutation_test(real, fake, kernel=kernel, permutations=3, seed=5)
    options = {"bandwidth": median_distance(Features(real))} if metric is mmd else {}
    assert test.value == pytest.approx(metric(real, fake), rel=1e-10)
    random, pool = stream(5, "permutation test"), np.concatenate([real, fake])
    for permuted in test.relabelled.tolist():
        order = torch.randperm(21, generator=random).numpy()
        assert permuted == pytest.approx(metric(pool[order[:12]], pool[order[12:]], **options), rel=1e-9, abs=1e-12)
    assert test.p_value == (1 + int((test.relabelled >= test.value).sum())) / 4


@pytest.mark.slow
def test_permutation_p_values_are_uniform_under_the_null_and_small_under_a_shift():
    null = [
        permutation_test(normal(2 * i, 15, 2), normal(2 * i + 1, 15, 2), permutations=19).p_value for i in range(300)
    ]
    for level in (0.1, 0.5):
        assert np.mean(np.array(null) <= level) == pytest.approx(level, abs=4 * np.sqrt(level * (1 - level) / 300))
    assert permutation_test(normal(0, 30, 2), normal(1, 30, 2, mean=2.0), permutations=199).p_value == 1 / 200


def test_a_permutation_test_knows_its_kernels():
    with pytest.raises(UnknownName, match="unknown kernel 'gausian'; did you mean 'gaussian'"):
        permutation_test(normal(0, 5, 2), normal(1, 5, 2), kernel="gausian")
    with pytest.raises(BadInput, match="permutations"):
        permutation_test(normal(0, 5, 2), normal(1, 5, 2), permutations=0)


def test_prepared_subsets_share_the_pass_of_the_full_estimate(monkeypatch):
    real, fake = (Features(np.random.default_rng(seed).normal(size=(1001, 2))) for seed in (40, 41))
    alone = kid_subsets(real.values, fake.values)
    seen, original = list[int](), blocks.rounded_squares

    def counted(a, b, *at):
        seen.append(len(a))
        return original(a, b, *at)

    monkeypatch.setattr(blocks, "rounded_squares", counted)
    prepare(
        real,
        fake,
        [
            METRICS[name]
            for name in (
                "kid",
                "kid_subsets",
            )
        ],
    )
    assert len(seen) == 3
    assert kid_subsets(real, fake) == alone
    kid(real, fake)
    assert len(seen) == 3
