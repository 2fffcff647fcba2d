"""The tier: Dunnett's critical value against scipy's, Hsu's rule against its definition, who is never in it."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats as scipy_stats

from ganbench.errors import BadInput
from ganbench.tables.best import (
    beaten_outright,
    below,
    critical_value,
    pooled_error,
    ranks_of,
    resampled,
    resamples,
    spread_unequally,
    standings,
    tier,
)


@pytest.mark.parametrize("sizes", [(5,) * 3, (5,) * 10, (3, 8, 4), (3, 5, 5, 10, 4, 4, 7, 5, 6, 5)], ids=str)
def test_the_largest_statistic_is_as_rare_as_scipy_says(sizes: tuple[int, ...]) -> None:
    generator = np.random.default_rng(0)
    own, *others = (generator.normal(size=n) for n in sizes)
    others[0] = others[0] + 1.0
    result = scipy_stats.dunnett(*others, control=own, alternative="greater", random_state=np.random.default_rng(1))
    freedom = sum(sizes) - len(sizes)
    expected = float(np.min(result.pvalue))  # of the largest statistic; scipy's is a quasi-random integral
    assert 1 - below(float(np.max(result.statistic)), sizes[1:], sizes[0], freedom) == pytest.approx(expected, abs=2e-4)


@pytest.mark.parametrize(
    ("others", "freedom", "published"),
    [(1, 5, 2.02), (2, 5, 2.44), (8, 5, 3.24), (2, 12, 2.11), (9, 20, 2.60), (9, 60, 2.48), (4, 10, 2.47)],
)
def test_the_critical_values_are_those_of_dunnetts_table(others: int, freedom: int, published: float) -> None:
    """Table 1a of Dunnett, 1955, and its later correction: one-sided, 5 %, equal numbers."""
    assert critical_value((6,) * others, 6, freedom) == pytest.approx(published, abs=0.011)


def test_one_other_row_is_students_test() -> None:
    for freedom, own, other in ((1, 1, 2), (2, 2, 2), (7, 3, 6), (500, 200, 302)):
        assert critical_value((other,), own, freedom) == pytest.approx(scipy_stats.t.ppf(0.95, freedom), rel=1e-6)


@pytest.mark.parametrize("call", [((), 3, 5, 0.05), ((3,), 0, 5, 0.05), ((3,), 3, 0, 0.05), ((3,), 3, 5, 0.7)])
def test_no_critical_value_of_nothing(call: tuple[tuple[int, ...], int, int, float]) -> None:
    with pytest.raises(BadInput, match="expected other rows"):
        critical_value(*call)


def by_definition(rows: dict[str, list[float]]) -> set[str]:
    """Hsu's rule with scipy: a row stays unless Dunnett's test finds another better than it."""
    kept = set()
    error, freedom = pooled_error(rows)
    for name, values in rows.items():
        others = [other for label, other in rows.items() if label != name]
        t = max(
            (np.mean(values) - np.mean(other)) / (error * np.sqrt(1 / len(values) + 1 / len(other))) for other in others
        )
        rule = tuple(map(len, others)), len(values), freedom
        if 1 - below(float(t), *rule) > 0.05:
            kept.add(name)
    return kept


def test_the_tier_is_hsus_for_unequal_numbers_too() -> None:
    generator = np.random.default_rng(2)
    for _ in range(20):
        rows = {str(i): generator.normal(i / 3, size=generator.integers(3, 5)).tolist() for i in range(6)}
        assert tier(rows) == by_definition(rows)


def test_the_pooled_error_is_that_of_the_analysis_of_variance() -> None:
    rows = {"a": [1.0, 2.0, 4.0], "b": [3.0, 3.5, 1.0, 2.0], "c": [9.0, 7.0, 8.0]}
    error, freedom = pooled_error(rows)
    inside = sum((len(x) - 1) * np.var(x, ddof=1) for x in rows.values())
    assert error == pytest.approx(np.sqrt(inside / 7))
    assert freedom == 7


def test_those_that_cannot_be_told_from_the_best_are_in_the_tier() -> None:
    rows = {"good": [1.0, 1.1, 0.9], "as good": [1.05, 1.2, 0.95], "bad": [9.0, 9.1, 8.9]}
    assert tier(rows) == {"good", "as good"}


def test_every_seed_counts() -> None:
    late = [1.0, 1.1, 0.9, 9.0, 9.1, 8.9, 9.0, 9.1]  # the best by its first three seeds
    assert tier({"late": late, "steady": [2.0, 2.1, 1.9, 2.0, 2.1, 1.9, 2.0, 2.1]}) == {"steady"}


@pytest.mark.parametrize(
    "rows",
    [
        {},
        {"alone": [1.0, 2.0, 3.0]},
        {"a": [1.0, 1.1], "b": [9.0, 9.1]},
        {"a": [1.0, 1.1, 1.2], "b": [9.0, 9.1]},
        {"a": [8.0] * 3, "b": [7.0] * 3},
    ],
    ids=["nothing", "one row", "two seeds", "one of three seeds", "no spread"],
)
def test_where_nothing_can_be_told_there_is_no_tier(rows: dict[str, list[float]]) -> None:
    assert tier(rows) == set()


def test_a_row_of_two_seeds_takes_no_part_and_is_in_nobodys_way() -> None:
    assert tier({"lucky": [0.0, 0.1], "a": [1.0, 1.1, 1.2], "b": [9.0, 9.1, 9.2]}) == {"a"}


def noisy(others: int) -> dict[str, list[float]]:
    """A row whose spread hides everything, and others that all beat it with every seed."""
    return {"noisy": [8.1, 900.0, 8.2, 8.3, 400.0]} | {f"r{i}": [7.0, 8.0, 7.5, 7.2, 7.9] for i in range(others)}


def test_from_five_seeds_on_a_row_that_three_beat_outright_is_out() -> None:
    assert "noisy" in tier(noisy(2))
    assert "noisy" not in tier(noisy(3))
    fewer = {name: values[:4] for name, values in noisy(3).items()}
    assert "noisy" in tier(fewer)


def test_rows_that_are_not_compared_can_beat_a_row_outright() -> None:
    rows, league = noisy(2), noisy(3)
    assert "noisy" not in tier(rows, league)


@pytest.mark.parametrize("sizes", [(5, 5, 5), (3, 8, 4, 10)], ids=str)
def test_rows_spread_unequally_where_bartletts_test_says_so(sizes: tuple[int, ...]) -> None:
    generator = np.random.default_rng(0)
    for factor in (1.0, 2.0, 4.0, 8.0, 16.0):
        rows = [(generator.normal(size=n) * factor**i).tolist() for i, n in enumerate(sizes)]
        assert spread_unequally(rows) == (scipy_stats.bartlett(*rows).pvalue < 0.01)
    assert not spread_unequally([[1.0, 2.0], [3.0, 3.0]])
    assert not spread_unequally([])


def test_beaten_outright_is_every_seed_against_every_seed() -> None:
    league = {"a": [1.0, 2.0], "b": [2.0, 3.0], "c": [2.5, 9.0], "d": [3.5]}
    expected = {
        name: sum(all(x < y for x, y in product(other, own)) for label, other in league.items() if label != name)
        for name, own in league.items()
    }
    assert beaten_outright(league) == expected == {"a": 0, "b": 0, "c": 1, "d": 2}


def test_resamples_of_the_mean_spread_as_the_mean_does() -> None:
    values = [1.0, 2.0, 4.0, 7.0, 7.0]
    means = resampled(values, resamples("row", 5, 100_000))
    assert means.mean() == pytest.approx(np.mean(values), abs=0.02)
    assert means.std() == pytest.approx(np.std(values, ddof=1) / np.sqrt(5), rel=0.02)


def test_a_row_has_the_same_resamples_whatever_else_there_is() -> None:
    assert (resamples("a", 5) == resamples("a", 5)).all()
    assert (resamples("a", 5) != resamples("b", 5)).any()


def test_how_often_a_row_is_best_and_its_ranks() -> None:
    means = {"a": np.array([1.0, 1.0, 3.0, 1.0]), "b": np.array([2.0, 2.0, 2.0, 1.0]), "c": np.full(4, 5.0)}
    standing = standings(means)
    assert {name: each.p_best for name, each in standing.items()} == {"a": 0.625, "b": 0.375, "c": 0.0}
    assert [(each.low, each.high) for each in standing.values()] == [(1, 2), (1, 2), (3, 3)]
    assert standings({}) == {}


def test_ranks_are_scipys_with_ties_at_the_better_rank() -> None:
    table = np.random.default_rng(0).integers(5, size=(6, 7)).astype(float)
    assert (ranks_of(table) == scipy_stats.rankdata(table, method="min", axis=1)).all()


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(5,) * 10, (3, 5, 8, 4, 10, 3, 3, 6)], ids=["equal", "unequal"])
def test_a_row_that_is_as_good_as_the_best_is_left_out_as_rarely_as_it_says(sizes: tuple[int, ...]) -> None:
    generator = np.random.default_rng(1)
    out = np.zeros(len(sizes))
    for _ in range(2000):
        rows = {str(i): generator.normal(size=n).tolist() for i, n in enumerate(sizes)}
        kept = tier(rows)
        out += [name not in kept for name in rows]
    assert out / 2000 == pytest.approx(np.full(len(sizes), 0.05), abs=4 * (0.05 * 0.95 / 2000) ** 0.5)
