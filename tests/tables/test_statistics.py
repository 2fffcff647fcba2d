"""What seeds tell of one row: worked values, coverage, and intervals that stay inside a metric's range."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from ganbench.errors import BadInput
from ganbench.records.record import Better, Scores
from ganbench.tables.scales import Scale, scale_for, scale_of
from ganbench.tables.statistics import clopper_pearson, estimate, improvement, interval, iqm, losses, summary

RATIO, SHARE, COUNT, PLAIN = Scale("log", 0.0), Scale("logit", 0.0, 1.0, 1 / 2000), Scale("count", 0.0), Scale("linear")


def scores(metric: str, better: Better = "lower", n_fake: int = 1000) -> Scores:
    return Scores(metric, (1.0,), ("",), better, 1, {}, "", n_fake, n_fake, {})


def ends(values: list[float]) -> tuple[float, float]:
    """Student's interval, by scipy."""
    low, high = scipy_stats.t.interval(0.95, len(values) - 1, np.mean(values), scipy_stats.sem(values))
    return float(low), float(high)


def test_interval_is_students() -> None:
    # mean 3, sd sqrt(2.5), t_4(.975) = 2.776445
    result = interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert result.mean == 3
    assert result.n == 5
    assert result.half_width == pytest.approx(2.7764451 * (2.5 / 5) ** 0.5, rel=1e-7)


def test_one_seed_has_no_interval() -> None:
    assert interval([4.0]).half_width is None
    assert estimate([4.0], RATIO).low is None
    assert estimate([4.0], COUNT).kind == ""


def test_constants_are_exact() -> None:
    assert summary([0.1, 0.1, 0.1]) == (0.1, 0.0, 3)
    assert interval([0.1] * 3).half_width == 0


@pytest.mark.parametrize("values", [[], [1.0, float("nan")], [float("inf")]])
def test_no_statistic_of_nothing_or_of_what_is_not_finite(values: list[float]) -> None:
    for statistic in (interval, iqm, lambda x: estimate(x, PLAIN)):
        with pytest.raises(BadInput, match="finite values"):
            statistic(values)


def test_interval_covers_the_mean_as_often_as_it_says() -> None:
    draws = np.random.default_rng(0).normal(3.0, 2.0, size=(500, 5))
    results = [interval(row.tolist()) for row in draws]
    covered = np.mean([abs(r.mean - 3.0) <= (r.half_width or 0) for r in results])
    assert 0.92 <= covered <= 0.98


def test_distances_are_averaged_and_compared_as_ratios() -> None:
    result = estimate([10.0, 20.0, 40.0], RATIO)
    assert (result.low, result.high) == pytest.approx(np.exp(ends(np.log([10.0, 20.0, 40.0]).tolist())))
    assert scipy_stats.gmean([10.0, 20.0, 40.0]) == pytest.approx(result.mean)


def test_shares_are_averaged_and_compared_as_odds() -> None:
    result = estimate([0.5, 0.8, 0.9], SHARE)
    odds = np.log([0.5 / 0.5, 0.8 / 0.2, 0.9 / 0.1])
    assert result.mean == pytest.approx(1 / (1 + np.exp(-odds.mean())))
    assert result.high == pytest.approx(1 / (1 + np.exp(-ends(odds.tolist())[1])))


def test_counts_are_the_median_with_the_range_of_the_seeds() -> None:
    result = estimate([8.0, 3.0, 8.0, 7.0, 8.0], COUNT)
    assert (result.mean, result.low, result.high, result.kind) == (8.0, 3.0, 8.0, "range")


def test_a_share_that_all_seeds_agree_on_is_not_certain() -> None:
    result = estimate([0.0] * 5, SHARE)  # none of 1000 samples: the rule of three
    assert (result.mean, result.low) == (0.0, 0.0)
    assert result.high == pytest.approx(1 - 0.025 ** (1 / 1000))
    assert result.high == pytest.approx(3.7 / 1000, rel=0.01)


def test_seeds_that_agree_on_a_distance_know_nothing_of_its_spread() -> None:
    result = estimate([2.846] * 3, RATIO)
    assert (result.mean, result.low, result.high) == (2.846, None, None)


@pytest.mark.parametrize(("k", "n"), [(0, 5), (2, 5), (5, 5), (17, 2500)])
def test_shares_of_seeds_have_the_exact_interval(k: int, n: int) -> None:
    expected = scipy_stats.binomtest(k, n).proportion_ci(0.95, method="exact")
    assert clopper_pearson(k, n) == pytest.approx((expected.low, expected.high), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("case", [(6, 5), (-1, 5), (0, 0)])
def test_no_share_of_more_than_all_or_of_nothing(case: tuple[int, int]) -> None:
    with pytest.raises(BadInput, match="successes"):
        clopper_pearson(*case)


@given(
    st.sampled_from([RATIO, SHARE, COUNT, Scale("linear", 0.0, 2.0), Scale("log", 1.0, 10.0)]),
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6),
)
def test_an_interval_holds_its_mean_and_never_leaves_the_range(scale: Scale, values: list[float]) -> None:
    shifted = [max(value, scale.low) for value in values]
    result = estimate(shifted, scale)
    if result.low is not None and result.high is not None:
        assert scale.low <= result.low <= result.mean <= result.high <= scale.high


@given(st.lists(st.floats(1e-3, 0.999), min_size=2, max_size=9), st.sampled_from([RATIO, SHARE, COUNT, PLAIN]))
def test_a_scale_keeps_the_order_and_leads_back(values: list[float], scale: Scale) -> None:
    assert (np.diff(scale.of(sorted(values))) >= 0).all()
    assert scale.back(scale.of(values)) == pytest.approx(values, rel=1e-9)


def test_a_scale_is_that_of_the_metric() -> None:
    kinds = {name: scale_of(name) for name in ("fid", "kid", "recall", "modes_captured", "of_my_own")}
    assert kinds == {
        "fid": "log",
        "kid": "linear",  # unbiased, so that it can be negative
        "recall": "logit",
        "modes_captured": "count",
        "of_my_own": "linear",
    }


def test_zero_stands_half_below_the_smallest_of_the_column() -> None:
    scale = scale_for(scores("fid"), [0.0, 0.2, 7.0])
    assert scale.of([0.0]) == pytest.approx(np.log([0.1]))
    assert estimate([0.0, 0.2, 0.2], scale).low == pytest.approx(np.exp(ends(np.log([0.1, 0.2, 0.2]).tolist())[0]))


def test_a_share_is_told_from_its_ends_by_half_a_sample() -> None:
    assert scale_for(scores("recall", "higher", 500), []).least == pytest.approx(1 / 1000)


def test_a_target_is_as_far_on_either_side_by_its_scale() -> None:
    assert RATIO.losses([0.5, 2.0], "target", 1.0) == pytest.approx([np.log(2)] * 2)
    assert losses([0.5, 1.5], "target", 1.0) == [0.5, 0.5]
    assert losses([1.0, -2.0], "higher") == [-1.0, 2.0]
    with pytest.raises(BadInput, match="target"):
        losses([1.0], "target")


@pytest.mark.parametrize("make", [lambda: Scale("logit", 0.0), lambda: Scale("log", 0.0, 1.0, 0.0)])
def test_a_scale_that_cannot_be_is_refused(make) -> None:
    with pytest.raises(BadInput, match=r"bounds|positive"):
        make()


def test_iqm_is_scipys_trimmed_mean_and_that_of_the_published_example() -> None:
    matrix = [[1.0, 2.0, 3.0], [2.0, 3.0, 10.0], [3.0, 4.0, 5.0], [4.0, 5.0, 0.0]]
    assert iqm(matrix) == pytest.approx(19 / 6)  # 2 2 3 3 3 4 | pooled, three of twelve cut at either end
    assert np.mean(matrix) == 3.5
    for n in range(1, 12):
        values = np.random.default_rng(n).normal(size=n).tolist()
        assert iqm(values) == pytest.approx(scipy_stats.trim_mean(values, 0.25))


def test_probability_of_improvement_is_mann_whitneys_with_ties_as_half() -> None:
    assert improvement(losses([3.0, 4, 5], "higher"), losses([1.0, 4, 6], "higher")) == 0.5
    assert improvement([1.0, 2], [3.0, 4]) == 1  # as losses: the first is always lower
    assert improvement([3.0, 4], [1.0, 2]) == 0
    generator = np.random.default_rng(0)
    a, b = (generator.integers(6, size=n).astype(float).tolist() for n in (5, 7))
    assert improvement(a, b) == pytest.approx(scipy_stats.mannwhitneyu(b, a).statistic / 35)
