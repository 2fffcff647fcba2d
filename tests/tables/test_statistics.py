"""What seeds can tell: worked values, coverage, and how often equals are cast out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats

from ganbench.errors import BadInput
from ganbench.tables.statistics import best_tier, improvement, interval, iqm, losses, summary, welch


def test_interval_is_students() -> None:
    # mean 3, sd sqrt(2.5), t_4(.975) = 2.776445
    result = interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert result.mean == 3
    assert result.n == 5
    assert result.half_width == pytest.approx(2.7764451 * (2.5 / 5) ** 0.5, rel=1e-7)


def test_one_seed_has_no_interval() -> None:
    assert interval([4.0]).half_width is None


def test_constants_are_exact() -> None:
    assert summary([0.1, 0.1, 0.1]) == (0.1, 0.0, 3)
    assert interval([0.1] * 3).half_width == 0


@pytest.mark.parametrize("values", [[], [1.0, float("nan")], [float("inf")]])
def test_no_statistic_of_nothing_or_of_what_is_not_finite(values: list[float]) -> None:
    for statistic in (interval, iqm):
        with pytest.raises(BadInput, match="finite values"):
            statistic(values)


def test_interval_covers_the_mean_as_often_as_it_says() -> None:
    draws = np.random.default_rng(0).normal(3.0, 2.0, size=(500, 5))
    results = [interval(row.tolist()) for row in draws]
    covered = np.mean([abs(r.mean - 3.0) <= (r.half_width or 0) for r in results])
    assert 0.92 <= covered <= 0.98


def test_iqm_of_the_published_example() -> None:
    matrix = [[1.0, 2.0, 3.0], [2.0, 3.0, 10.0], [3.0, 4.0, 5.0], [4.0, 5.0, 0.0]]
    assert iqm(matrix) == pytest.approx(19 / 6)  # 2 2 3 3 3 4 | pooled, three of twelve cut at either end
    assert np.mean(matrix) == 3.5


def test_probability_of_improvement_counts_ties_half() -> None:
    assert improvement(losses([3.0, 4, 5], "higher"), losses([1.0, 4, 6], "higher")) == 0.5
    assert improvement([1.0, 2], [3.0, 4]) == 1  # as losses: the first is always lower
    assert improvement([3.0, 4], [1.0, 2]) == 0


def test_welch_is_that_of_scipy_and_of_the_worked_example() -> None:
    a, b = [5.1, 4.9, 6.2, 5.7, 6.0], [4.1, 5.0, 4.4, 4.8]
    expected = scipy_stats.ttest_ind(a, b, equal_var=False)
    assert expected.statistic == pytest.approx(3.115998, abs=1e-6)
    assert welch(a, b) == pytest.approx(expected.pvalue, rel=1e-12)
    assert welch(b, a) == welch(a, b)


def test_welch_where_a_spread_is_missing() -> None:
    assert welch([1.0, 1, 1], [1.0, 1, 1]) == 1
    assert welch([1.0, 1, 1], [2.0, 2, 2]) == 0
    assert welch([1.0], [2.0, 3.0]) == 1
    one_sided = scipy_stats.ttest_1samp([2.0, 2.2, 2.1], 1.0)  # against a constant: the one-sample test
    assert welch([1.0, 1, 1], [2.0, 2.2, 2.1]) == pytest.approx(one_sided.pvalue, rel=1e-9)


def test_welch_keeps_its_head_where_squares_vanish() -> None:
    small = [1e-200, 2e-200, 3e-200]
    assert welch(small, [4e-200, 5e-200, 6e-200]) == pytest.approx(welch([1.0, 2, 3], [4.0, 5, 6]), rel=1e-9)


def test_a_target_is_ranked_by_distance() -> None:
    assert losses([0.5, 1.5], "target", 1.0) == [0.5, 0.5]
    assert losses([1.0, -2.0], "higher") == [-1.0, 2.0]
    with pytest.raises(BadInput, match="target"):
        losses([1.0], "target")


def test_the_best_tier_holds_those_that_cannot_be_told_from_the_best() -> None:
    rows = {"good": [1.0, 1.1, 0.9], "as good": [1.05, 1.2, 0.95], "bad": [9.0, 9.1, 8.9]}
    assert best_tier(rows) == {"good", "as good"}


def test_two_identical_constants_tie_and_another_does_not() -> None:
    assert best_tier({"a": [2.0, 2.0], "b": [2.0, 2.0], "c": [3.0, 3.0]}) == {"a", "b"}


def test_every_seed_counts_for_the_best_tier() -> None:
    late = [1.0, 1.1, 0.9, 9.0, 9.1, 8.9, 9.0, 9.1]  # the best by its first three seeds
    assert best_tier({"late": late, "steady": [2.0, 2.1, 1.9, 2.0, 2.1, 1.9, 2.0, 2.1]}) == {"steady"}


def test_a_row_with_one_seed_is_not_ranked() -> None:
    assert best_tier({"lucky": [0.0], "a": [1.0, 1.1], "b": [9.0, 9.1]}) == {"a"}
    assert best_tier({"a": [1.0], "b": [2.0]}) == set()
    assert best_tier({}) == set()


def test_a_row_is_cast_out_by_any_other_and_corrected_for_their_number() -> None:
    lowest, steady, middle = [0.0, 10.0, -8.0], [1.0, 1.1, 0.9], [5.0, 5.2, 4.9]
    p = scipy_stats.ttest_ind(steady, middle, equal_var=False, alternative="less").pvalue
    assert welch(lowest, middle) > 0.1  # the noisy row of the lowest mean convicts nobody
    rows = {"lowest": lowest, "steady": steady, "middle": middle}
    assert best_tier(rows, 2 * p * 1.001) == {"lowest", "steady"}
    assert best_tier(rows, 2 * p * 0.999) == {"lowest", "steady", "middle"}


@pytest.mark.slow
@pytest.mark.parametrize("spreads", [[1.0] * 8, list(np.geomspace(0.01, 10, 8))], ids=["even", "uneven"])
def test_a_row_that_is_as_good_as_the_best_is_cast_out_rarely(spreads: list[float]) -> None:
    generator = np.random.default_rng(1)
    out = {str(i): 0 for i in range(8)}
    for _ in range(200):
        rows = {
            str(i): row.tolist() for i, row in enumerate(generator.normal(size=(8, 5)) * np.array(spreads)[:, None])
        }
        for name in set(rows) - best_tier(rows):
            out[name] += 1
    assert max(out.values()) / 200 <= 0.05 + 2.5 * (0.05 * 0.95 / 200) ** 0.5
