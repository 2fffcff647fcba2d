"""Two-sample tests against printed examples, scipy, and the distribution that p-values have when nothing differs."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from ganbench.errors import BadInput
from ganbench.metrics.two_sample import (
    FeatureTests,
    hotelling_p_value,
    hotelling_t2,
    hotelling_test,
    ks_p_value,
    ks_statistic,
    ks_tests,
    t_p_value,
    t_statistic,
    t_tests,
    welch_p_value,
    welch_statistic,
    welch_tests,
)

A, B = np.array([5.1, 4.9, 6.2, 5.7, 6.0]), np.array([4.1, 5.0, 4.4, 4.8])
X = np.array([(1, 2), (2, 1), (3, 4), (4, 3), (5, 6)])
Y = np.array([(2, 3), (4, 4), (5, 7), (6, 6)])
SCORES = [
    t_statistic, t_p_value, welch_statistic, welch_p_value, hotelling_t2, hotelling_p_value, ks_statistic, ks_p_value
]  # fmt: skip


def normal(n, d, seed, mean=0.0, sd=1.0):
    return mean + sd * np.random.default_rng(seed).normal(size=(n, d))


def test_the_pooled_t_has_its_factor_under_the_root():
    outcome = t_tests(A, B)
    assert outcome.statistics.item() == pytest.approx(2.991634, abs=5e-7)  # 4.459664 with the factor left outside
    assert outcome.p_values.item() == pytest.approx(0.020180, abs=5e-7)
    assert t_statistic(B, A) == pytest.approx(2.991634, abs=5e-7)


def test_welchs_t_does_not_pool():
    outcome = welch_tests(A, B)
    assert outcome.statistics.item() == pytest.approx(3.115998, abs=5e-7)
    assert outcome.p_values.item() == pytest.approx(stats.ttest_ind(A, B, equal_var=False).pvalue, rel=1e-12)


@pytest.mark.parametrize(("ours", "equal"), [(t_tests, True), (welch_tests, False)])
def test_tests_of_many_features_are_scipys_feature_by_feature(ours, equal):
    real, fake = normal(30, 5, 0), normal(17, 5, 1, mean=0.3, sd=2)
    theirs = stats.ttest_ind(real, fake, equal_var=equal)
    assert ours(real, fake).statistics.tolist() == pytest.approx(theirs.statistic, rel=1e-12)
    assert ours(real, fake).p_values.tolist() == pytest.approx(theirs.pvalue, rel=1e-10)


def test_kolmogorov_smirnov_is_scipys_feature_by_feature():
    real, fake = normal(30, 4, 0), normal(17, 4, 1, sd=2)
    theirs = [stats.ks_2samp(x, y) for x, y in zip(real.T, fake.T, strict=True)]
    assert ks_tests(real, fake).statistics.tolist() == pytest.approx([t.statistic for t in theirs], rel=1e-12)
    assert ks_tests(real, fake).p_values.tolist() == pytest.approx([t.pvalue for t in theirs], rel=1e-12)
    assert ks_statistic(real, fake) == pytest.approx(max(t.statistic for t in theirs), rel=1e-12)
    assert ks_p_value(real, fake) == pytest.approx(min(1, 4 * min(t.pvalue for t in theirs)), rel=1e-12)


def test_kolmogorov_smirnov_counts_ties_on_both_sides():
    assert ks_statistic(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])) == 0.25


@pytest.mark.parametrize(("shift", "distance"), [(0.5, 0.19741265), (1, 0.38292492), (2, 0.68268949)])
def test_a_shifted_normal_has_its_closed_distance(shift, distance):
    quantiles = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    assert ks_statistic(quantiles, quantiles + shift) == pytest.approx(distance, abs=1e-4)


def test_hotelling_has_its_printed_example():
    outcome = hotelling_test(X, Y)
    assert outcome.statistic == pytest.approx(2.0409771, abs=5e-8)
    assert outcome.p_value == pytest.approx(0.4641389, abs=5e-8)
    f = (5 + 4 - 2 - 1) / (2 * (5 + 4 - 2)) * outcome.statistic
    assert f == pytest.approx(0.8747045, abs=5e-8)


def test_hotelling_of_one_feature_is_the_square_of_t():
    outcome = hotelling_test(A, B)
    assert outcome.statistic == pytest.approx(8.949872, abs=2e-6)
    assert outcome.p_value == pytest.approx(t_tests(A, B).p_values.item(), rel=1e-10)


def test_hotelling_sees_a_gap_that_no_feature_shows_alone():
    rng = np.random.default_rng(0)
    common = rng.normal(size=(200, 1))
    real = np.hstack([common, common]) + 0.05 * rng.normal(size=(200, 2))
    fake = real[rng.permutation(200)] + np.array([0.1, -0.1])
    assert hotelling_p_value(real, fake) < 1e-10
    assert t_p_value(real, fake) > 0.1


def test_units_of_the_features_do_not_decide_about_the_rank():
    units = np.array([1e-9, 1.0, 1e9])
    real, fake = normal(20, 3, 0), normal(25, 3, 1)
    assert hotelling_t2(real * units, fake * units) == pytest.approx(hotelling_t2(real, fake), rel=1e-9)


def test_t_tests_see_means_only():
    real, wide = normal(1000, 1, 0), normal(1000, 1, 1, sd=10)
    assert t_p_value(real, wide) > 0.01
    assert ks_p_value(real, wide) < 1e-60


def test_holm_steps_down_from_the_smallest_p_value():
    tests = FeatureTests(torch.zeros(4), torch.tensor([0.03, 0.01, 0.9, 0.02], dtype=torch.float64))
    assert tests.holm.tolist() == pytest.approx([0.06, 0.04, 0.9, 0.06])
    many = FeatureTests(torch.zeros(3), torch.tensor([0.5, 0.6, 0.7], dtype=torch.float64))
    assert many.holm.tolist() == [1, 1, 1]


def test_constant_features_do_not_differ_from_themselves_whatever_the_rounding():
    real, fake = np.full((7, 1), 0.1), np.full((11, 1), 0.1)
    assert t_statistic(real, fake) == welch_statistic(real, fake) == ks_statistic(real, fake) == 0
    assert t_p_value(real, fake) == welch_p_value(real, fake) == ks_p_value(real, fake) == 1


def test_constant_features_that_differ_have_no_finite_statistic_but_a_p_value_of_zero():
    real, fake = np.full((7, 1), 0.1), np.full((11, 1), 0.2)
    assert t_p_value(real, fake) == welch_p_value(real, fake) == 0
    for score in (t_statistic, welch_statistic):
        with pytest.raises(BadInput, match="constant in both samples"):
            score(real, fake)


def test_tiny_variances_far_from_the_origin_keep_their_digits():
    real, fake = normal(50, 1, 0), normal(60, 1, 1, mean=0.5)
    for score in (t_statistic, welch_statistic, hotelling_t2):
        assert score(1e-140 * real, 1e-140 * fake) == pytest.approx(score(real, fake), rel=1e-9)
        assert score(1e6 + 1e-3 * real, 1e6 + 1e-3 * fake) == pytest.approx(score(real, fake), rel=1e-5)


def test_a_singular_covariance_is_refused():
    x = normal(20, 1, 0)
    for bad in (np.hstack([x, 2 * x]), np.hstack([x, np.ones_like(x)])):
        with pytest.raises(BadInput, match="singular"):
            hotelling_t2(bad, bad + 1)
    with pytest.raises(BadInput, match="needs 8 rows together, got 7"):
        hotelling_t2(normal(3, 5, 0), normal(4, 5, 0))


@pytest.mark.parametrize("score", SCORES, ids=lambda m: m.__name__)
def test_too_few_rows_and_other_columns_are_refused(score):
    with pytest.raises(BadInput, match="at least 2 rows"):
        score(normal(5, 1, 0), normal(1, 1, 0))
    with pytest.raises(BadInput, match="expected 1 columns"):
        score(normal(5, 1, 0), normal(5, 2, 0))


@pytest.mark.slow
@pytest.mark.parametrize("score", [t_p_value, welch_p_value, hotelling_p_value, ks_p_value], ids=lambda m: m.__name__)
def test_p_values_are_spread_evenly_when_nothing_differs(score):
    rng = np.random.default_rng(0)
    d = 2 if score is hotelling_p_value else 1
    n = 400 if score is ks_p_value else 15  # the distribution of a supremum has steps of 1 / n
    p_values = [score(rng.normal(size=(n, d)), rng.normal(size=(n + 3, d))) for _ in range(500)]
    assert stats.kstest(p_values, "uniform").pvalue > 0.01  # the seed is fixed: this never flickers


@pytest.mark.slow
@pytest.mark.parametrize("score", [t_p_value, welch_p_value, ks_p_value], ids=lambda m: m.__name__)
def test_many_features_raise_no_more_false_alarms_than_one(score):
    rng = np.random.default_rng(1)
    alarms = [score(rng.normal(size=(20, 10)), rng.normal(size=(20, 10))) <= 0.05 for _ in range(400)]
    assert np.mean(alarms) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)
