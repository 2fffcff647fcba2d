"""Where tables turn from one thing to another: limits, ties, what is missing, and the lines of the data files."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from io import StringIO
from typing import Any

import numpy as np
import pytest
from scipy import stats as scipy_stats

from ganbench.errors import BadInput
from ganbench.records.record import Record
from ganbench.tables import compare, summarise
from ganbench.tables.best import (
    critical_value,
    pooled_error,
    resampled,
    spread_unequally,
    standings,
    tier,
)
from ganbench.tables.budget import KINDS, at_equal, direction, header, spent, within
from ganbench.tables.components import components
from ganbench.tables.export import budgets_csv, keys_csv, summary_csv, table_csv
from ganbench.tables.leagues import league_of
from ganbench.tables.marks import ended, mark, no_better, stood_still
from ganbench.tables.numbers import counted, decimals, fixed, joined, short
from ganbench.tables.overall import Overall, Range, Undecided, ends_of, ranged, seeds_needed, weighted_iqm
from ganbench.tables.overview import open_question, overview, rounded, spell
from ganbench.tables.rows import Row, label, rows, spans
from ganbench.tables.scales import Scale, scale_named
from ganbench.tables.side_by_side import selections, tables_of, value_of
from ganbench.tables.statistics import binomial, clopper_pearson, estimate, interval, iqm, student, summary
from ganbench.tables.summary import Summary
from tests.tables.made import scores, seeds_of

STEPS, FLOPS, SECONDS = KINDS


def of(*groups: list[Record]) -> Summary:
    (made,) = summarise([record for group in groups for record in group])
    return made


def course(*values: float | None, metric: str = "fid", start: int = 100) -> list[dict[str, Any]]:
    return [{"step": start + 100 * i, "metric": metric, "value": value} for i, value in enumerate(values)]


def row(*records: Record) -> Row:
    (one,) = rows(records)
    return one


# numbers


@pytest.mark.parametrize(
    ("x", "places", "text"),
    [
        (0.0, 2, "0.00"),
        (-0.001, 2, "0.00"),
        (-0.5, 1, "-0.5"),
        (1e-4, 5, "0.00010"),
        (9.9e-5, 6, "9.9e-5"),
        (9.9e-5, 9, "9.900e-5"),
        (999_999.0, 0, "999999"),
        (1e6, 0, "1.000e6"),
        (-2.5e7, 0, "-2.500e7"),
    ],
)
def test_numbers_are_fixed_or_in_powers_of_ten(x: float, places: int, text: str) -> None:
    assert fixed(x, places) == text


def test_parts_of_numbers() -> None:
    assert (joined("1", "2"), joined("-1", "2"), joined("1", "2e-3")) == ("1-2", "-1 to 2", "1 to 2e-3")
    assert (short(3.0), short(3.25)) == ("3", "3.2")
    assert [decimals(x, 3) for x in (0.0, 1.5, 15.0, 150.0, 1500.0, 0.15)] == [0, 2, 1, 0, 0, 3]
    assert [counted(x) for x in (0.5, 999, 1000, 12_345, 3e9, 2e12, 5e15, 7e18)] == [
        "0",
        "999",
        "1.00k",
        "12.3k",
        "3.00G",
        "2.00T",
        "5.00P",
        "7000P",
    ]


# statistics


def test_student_and_the_interval_of_a_share_are_scipys() -> None:
    assert student(4) == pytest.approx(scipy_stats.t.ppf(0.975, 4))
    assert student(4, 0.9) == pytest.approx(scipy_stats.t.ppf(0.95, 4))
    two = interval([1.0, 3.0], 0.9)
    assert two.half_width == pytest.approx(scipy_stats.t.ppf(0.95, 1))
    assert clopper_pearson(2, 5, 0.8) == pytest.approx(
        tuple(scipy_stats.binomtest(2, 5).proportion_ci(0.8, method="exact"))
    )
    assert clopper_pearson(1, 1) == pytest.approx((0.025, 1.0))


def test_an_agreed_share_of_another_range_is_a_share_of_that_range() -> None:
    scale = Scale("logit", 1.0, 3.0, 0.01)  # 100 samples
    expected = scipy_stats.binomtest(50, 100).proportion_ci(0.95, method="exact")
    assert binomial(2.0, scale) == pytest.approx((1 + 2 * expected.low, 1 + 2 * expected.high))
    made = estimate([2.0, 2.0], scale)
    assert (made.mean, made.kind, made.seeds) == (2.0, "binomial", 2)
    assert estimate([2.0], scale).kind == ""


def test_a_spread_that_is_rounding_is_none() -> None:
    made = estimate([1.0, 1.0 + 1e-15], Scale("linear"))
    assert (made.low, made.kind) == (None, "")
    assert estimate([1.0, 1.0 + 1e-9], Scale("linear")).kind == "student"
    assert estimate([7.0], Scale("count")).kind == ""
    counts = estimate([1.0, 2.0], Scale("count"))
    assert (counts.mean, counts.low, counts.high) == (1.5, 1.0, 2.0)


def test_huge_and_tiny_values_have_a_spread() -> None:
    for unit in (1e200, 1e-200):
        mean, sd, n = summary([unit, 2 * unit, 6 * unit])
        assert (mean / unit, sd / unit, n) == pytest.approx((3.0, 7**0.5, 3))
    assert summary([-4.0, -2.0]) == pytest.approx((-3.0, 2**0.5, 2))


def test_the_interquartile_mean_cuts_whole_quarters() -> None:
    assert iqm([1.0, 2.0, 3.0, 100.0]) == 2.5
    assert iqm([1.0, 2.0, 100.0]) == pytest.approx(103 / 3)


# scales


def test_a_scale_of_a_named_metric_has_its_bounds_and_its_least_value() -> None:
    assert scale_named("recall", [], 500) == Scale("logit", 0.0, 1.0, 1 / 1000)
    assert scale_named("recall", [], 0).least == 0.5
    assert scale_named("fid", [0.0, 0.5, 0.2]).least == 0.1
    assert scale_named("fid", [0.0]).least == 1.0
    assert (scale_named("fid", [1.0]).low, scale_named("mine", [1.0]).low) == (0.0, -np.inf)
    assert scale_named("modes_captured", [1.0]).kind == "count"


def test_a_scale_never_leaves_its_range() -> None:
    odds = Scale("logit", 0.0, 2.0, 0.1)
    assert odds.of([0.0, 1.0, 2.0]) == pytest.approx([np.log(0.1 / 1.9), 0.0, np.log(1.9 / 0.1)])
    assert odds.back([-1e9, 0.0, 1e9]) == pytest.approx([0.0, 1.0, 2.0])
    ratio = Scale("log", 0.0, 50.0)
    assert ratio.back([1e9, np.log(3.0)]) == pytest.approx([50.0, 3.0])
    assert Scale("log").back([1e9]) == pytest.approx(np.exp(700.0))
    with pytest.raises(BadInput, match="odds need two bounds, got 0 and inf"):
        Scale("logit", 0.0)
    with pytest.raises(BadInput, match="odds need two bounds, got 1 and 1"):
        Scale("logit", 1.0, 1.0)
    with pytest.raises(BadInput, match="the least value of a scale must be positive, got -1"):
        Scale("log", least=-1.0)


# the best


def test_a_tier_needs_three_seeds_of_two_rows_and_five_of_a_row_that_is_beaten() -> None:
    near = {"a": [1.0, 1.1, 1.2], "b": [1.05, 1.15, 1.25]}
    assert tier(near) == {"a", "b"}
    assert tier({**near, "c": [0.0, 0.1]}) == {"a", "b"}
    assert tier({"a": near["a"]}) == set()
    assert tier(near, alpha=0.5) == {"a"}


def test_a_critical_value_is_asked_for_within_its_limits() -> None:
    for others, own, freedom, alpha in (((3,), 3, 5, 0.0), ((0,), 3, 5, 0.05), ((3,), 3, 5, 0.51)):
        with pytest.raises(BadInput, match=r"seeds of each, degrees of freedom and 0 < alpha <= 0\.5, got"):
            critical_value(others, own, freedom, alpha)
    assert critical_value((3,), 3, 5, 0.25) == pytest.approx(scipy_stats.t.ppf(0.75, 5), rel=1e-6)


def test_no_error_is_pooled_of_single_or_equal_seeds() -> None:
    assert pooled_error({"a": [1.0], "b": [2.0]}) == (0.0, 0)
    assert pooled_error({"a": [1.0, 1.0 + 1e-14], "b": [2.0, 2.0]}) == (0.0, 2)
    assert pooled_error({"a": [1.0, 2.0], "b": [2.0, 2.0]})[0] == pytest.approx(0.5)


def test_rows_whose_spreads_are_told_apart_at_one_in_a_hundred() -> None:
    base = [1.0, 2.0, 3.0, 4.0, 5.0]
    for factor in np.geomspace(1, 30, 25):
        made = [base, [factor * x for x in base]]
        assert spread_unequally(made) == (scipy_stats.bartlett(*made).pvalue < 0.01)


def test_shares_of_the_best_and_ties() -> None:
    both = standings({"a": np.array([1.0, 1.0]), "b": np.array([1.0, 2.0])})
    assert (both["a"].p_best, both["b"].p_best) == (0.75, 0.25)
    assert (both["b"].low, both["b"].high) == (1.0, 2.0)


def test_a_resample_is_a_mean_widened_about_the_mean() -> None:
    chosen = np.array([[0, 0, 0], [0, 1, 2]])
    assert resampled([1.0, 2.0, 6.0], chosen) == pytest.approx([3 + (1 - 3) * 1.5**0.5, 3.0])
    assert resampled([4.0], np.array([[0], [0]])) == pytest.approx([4.0, 4.0])


# components


def test_one_score_of_each_seed_tells_the_spread_of_training_alone() -> None:
    made = components([np.array([[1.0]]), np.array([[3.0]]), np.array([[5.0]])])
    assert (made.training, made.sampling, made.reference) == (4.0, None, None)
    alone = components([np.array([[1.0]])])
    assert (alone.training, alone.sampling, alone.reference) == (None, None, None)


# budgets


def trained(name: str, *curve: float | None, **changes: Any) -> list[Record]:
    made = {"training_seconds": 30.0, "seconds": 60.0, "group": [0, 1, 2]}
    plan, cost = {"steps": 500, "batch": 64}, {"samples_seen": 100.0, "gradients": 50.0, "flops": 1000.0}
    points = changes.pop("curve", course(*curve))
    settings = {"plan": plan, "cost": cost, "provenance": made, **changes}
    return seeds_of(name, scores("fid", 1.0, 1.1, 1.2), curve=points, **settings)


def test_what_is_within_a_budget_is_the_last_step_that_all_seeds_noted() -> None:
    whole = trained("gan", 5, 4, 3, 2, 1)
    made = row(whole[0], replace(whole[1], curve=course(5, 4)), whole[2])
    assert within(made, STEPS, 500) == (200, 200.0, (4, 4, 4))
    assert within(made, STEPS, 100) == (100, 100.0, (5, 5, 5))
    assert within(made, STEPS, 99) is None
    assert within(made, FLOPS, 400.0) == (200, 400.0, (4, 4, 4))
    gone = row(*trained("gan", 5, None, 3))
    assert within(gone, STEPS, 250) == (200, 200.0, ())


def test_the_columns_of_cost_are_those_that_are_known() -> None:
    made = row(*trained("gan", 5))
    assert header([made]) == ("samples seen", "flops", "seconds")
    assert spent(made, header([made])) == ("100", "1.00k", "60")
    bare = row(*trained("gan", 5, cost={"samples_seen": 2000.0, "gradients": 50.0}))
    assert header([bare]) == ("samples seen", "gradients", "seconds")
    assert spent(bare, header([bare])) == ("2.00k", "50", "60")
    nothing = row(*trained("gan", 5, cost={}, ended={0: ("error", 0, "")}))
    assert spent(nothing, header([nothing])) == ("", "", "")


def test_rows_at_equal_budgets_stand_league_by_league_the_best_first() -> None:
    made = of(
        trained("vae:gaussian", 1, 1, 1, 1, 1),
        trained("b_gan", 9, 8, 7, 6, 5),
        trained("a_gan", 9, 8, 7, 6, 5),
        trained("wgan", 1, 1, 2, 1, 1, plan={"steps": 1000, "batch": 64}),
        trained("z_gan", None, None, None, None, None),
    )
    result = at_equal(made, STEPS)
    assert result
    assert (result.metric, result.limit) == ("fid ↓", 500.0)
    assert [point.row.label for point in result.points] == ["wgan", "a_gan", "b_gan", "z_gan", "vae:gaussian"]
    last = result.points[3]
    assert (last.values, last.estimate, last.in_tier) == ((), None, False)
    assert (result.points[0].step, result.points[0].spent) == (500, 500.0)
    (_, table) = compare([record for each in made.rows for record in each.records])[:2]
    assert [line.cells[1].text for line in table.lines if line.label == "z_gan"] == ["diverged"]
    assert table.notes[0] == (
        "Each row at its last noted step within 500 steps for each seed, all that the thriftiest row had. Scores are "
        "those of the learning curves, of fewer samples than above."
    )


def test_a_target_has_no_tier_within_a_budget() -> None:
    points = course(1.0, 1.1, metric="within_mode_spread")
    made = of(trained("gan", curve=points), trained("wgan", curve=points, plan={"steps": 900, "batch": 64}))
    result = at_equal(made, STEPS)
    assert result
    assert {point.in_tier for point in result.points} == {False}
    assert direction(list(made.rows))[1:] == ("target", 1.0)


def test_the_budgets_are_lines_of_data() -> None:
    made = of(trained("gan", 9, 8, 7), trained("wgan", 1, 1, 1, plan={"steps": 900, "batch": 64}))
    lines = list(csv.DictReader(StringIO(budgets_csv([made]))))
    steps = [line for line in lines if line["budget"] == "steps"]
    assert [(line["row"], line["limit"], line["seeds"], line["spent"], line["metric"]) for line in steps] == [
        ("wgan", "500.0", "3", "300.0", "fid"),
        ("gan", "500.0", "3", "300.0", "fid"),
    ]
    assert (steps[1]["league"], steps[1]["dataset"], steps[1]["mean"], steps[1]["low"]) == (
        "adversarial",
        "digits",
        "7.0",
        "",
    )


# marks


def test_a_row_is_no_better_where_its_mean_is_equal() -> None:
    assert no_better([1.0, 3.0], [2.0], "higher")
    assert no_better([1.0, 3.0], [2.0], "lower")
    assert not no_better([1.0, 3.1], [2.0], "higher")
    assert not no_better([1.0, 2.9], [2.0], "lower")
    assert not no_better([], [2.0], "lower")
    assert not no_better([1.0], [], "higher")


def test_a_row_stood_still_where_its_curve_ends_where_it_began() -> None:
    assert stood_still(row(*trained("gan", curve=course(5.0, 9.0, 5.0, start=0))))
    assert not stood_still(row(*trained("gan", curve=course(5.0, 9.0, 4.9, start=0))))
    assert stood_still(row(*trained("gan", curve=course(0.5, 0.4, metric="recall", start=0))))
    assert not stood_still(row(*trained("gan", curve=course(0.4, 0.5, metric="recall", start=0))))
    some = trained("gan", curve=course(5.0, 5.0, start=0))
    assert not stood_still(row(*some[:2], replace(some[2], curve=[])))
    assert not stood_still(row(*trained("gan", curve=course(5.0, None, start=0))))


def test_a_mark_is_one_reason_and_how_seeds_ended() -> None:
    still = row(*trained("gan", curve=course(5.0, 5.0, start=0), ended={1: ("diverged", 4, "")}))
    assert mark(still, [still], []) == "did not learn; diverged (1 of 3 seeds, 1% to 91%)"
    both = row(*seeds_of("gan", ended={0: ("diverged", 4, ""), 1: ("error", 4, ""), 2: ("error", 4, "")}))
    assert ended(both) == ["diverged (1 of 3 seeds, 1% to 91%)", "failed (2 of 3 seeds, 9% to 99%)"]


def test_the_league_of_a_row_is_that_of_its_class_or_follows_from_its_record() -> None:
    (own,) = seeds_of("mine.py", seeds=(0,))
    assert league_of(own) == "adversarial"
    assert league_of(replace(own, settings={"d_steps": 0})) == "not adversarial"
    assert league_of(replace(own, settings={"d_steps": 2})) == "adversarial"
    untrained = replace(own, cost={})
    assert league_of(untrained) == "control"
    assert league_of(replace(untrained, status="diverged")) == "adversarial"
    assert league_of(replace(own, provenance={"league": "none of them"})) == "adversarial"


# rows


def test_labels_tell_rows_of_one_baseline_apart() -> None:
    slow, fast = seeds_of("gan", settings={"lr": 0.1, "b": "x"}), seeds_of("gan", settings={"lr": 0.2, "b": "x"})
    assert label(slow, [slow, fast]) == "gan (lr 0.1)"
    assert label(slow, [slow, seeds_of("wgan", settings={"lr": 9})]) == "gan"
    named = seeds_of("gan", settings={"lr": 0.1, "b": "y"})
    assert label(slow, [slow, named]) == "gan (b x)"
    assert spans([9, 3, 4, 5, 9, 7]) == "3-5, 7, 9"
    assert [each.label for each in rows([*seeds_of("z"), *seeds_of("noise"), *seeds_of("a")])] == ["a", "z", "noise"]


# data files


def test_the_lines_of_a_seed_hold_its_scores_and_what_they_depend_on() -> None:
    made = of(seeds_of("gan", scores("recall", 0.5, better="higher"), scores("fid", 1.5), seeds=(4,)))
    first, second = csv.DictReader(StringIO(table_csv([made])))
    assert (first["metric"], second["metric"]) == ("fid", "recall")
    assert {
        key: first[key] for key in ("dataset", "row", "league", "kind", "seed", "status", "value", "sd", "sets")
    } == {
        "dataset": "digits",
        "row": "gan",
        "league": "adversarial",
        "kind": "baseline",
        "seed": "4",
        "status": "done",
        "value": "1.5",
        "sd": "",
        "sets": "1",
    }
    assert (first["draws"], first["better"], second["better"], first["key"]) == ("1", "lower", "higher", second["key"])
    keys = list(csv.DictReader(StringIO(keys_csv([made]))))
    assert [line["key"] for line in keys] == [first["key"], first["identity"], second["identity"]]
    assert len(first["identity"]) == 12
    seed, score = keys[0], keys[1]
    assert (seed["settings"], seed["plan"], seed["trials"]) == ('{"lr": 0.001}', '{"batch": 64, "steps": 500}', "")
    assert (seed["samples"], seed["seconds"], seed["source"], seed["step"]) == (
        "1000",
        "7.25",
        "0123456789abcdef",
        "500",
    )
    assert (score["metric"], score["n_real"], score["n_fake"], score["metric_version"]) == ("fid", "449", "1000", "1")
    assert json.loads(score["features"])["name"] == "inception"
    assert (score["options"], score["weights"], score["reference"]) == ("{}", "average", "digits:held_out (rule)")


def test_the_summary_has_ranks_and_where_spread_comes_from() -> None:
    values = [(1.0, 1.2, 1.1, 1.3), (4.0, 4.4, 4.2, 4.6), (2.0, 2.1, 2.2, 2.3)]
    scored = [scores("fid", 0.0, values=each, reasons=("",) * 4, draws=2)[0] for each in values]
    farther = [scores("fid", 0.0, values=[9 * x for x in each], reasons=("",) * 4, draws=2)[0] for each in values]
    made = of(seeds_of("gan", scored), seeds_of("wgan", farther))
    line, other = csv.DictReader(StringIO(summary_csv([made])))
    assert (line["scale"], line["interval"], line["rank"], other["rank"]) == ("log", "student", "1", "2")
    assert (line["rank_low"], line["rank_high"], other["rank_high"]) == ("1", "1", "2")
    parts = made.components(made.rows[0], made.columns[0])
    assert float(line["training"]) == parts.training
    assert float(line["sampling"]) == parts.sampling
    assert float(line["reference"]) == parts.reference


# selections


def test_a_field_of_a_record_its_plan_or_its_settings_is_compared() -> None:
    (one,) = seeds_of("gan", seeds=(0,), settings={"lr": 0.1})
    assert (value_of(one, "samples"), value_of(one, "steps"), value_of(one, "lr"), value_of(one, "x")) == (
        1000,
        500,
        0.1,
        None,
    )
    control = replace(one, baseline="noise")
    assert (value_of(control, "lr"), value_of(control, "steps")) == (None, 500)


def test_selections_come_by_the_length_of_their_values_and_say_what_they_are() -> None:
    made = [
        record
        for steps in (100, 20, 9)
        for i in range(3)
        for record in seeds_of(f"g{i}", scores("fid", i + 1.0, i + 1.5, i + 2.0), plan={"steps": steps})
    ]
    parts = selections(made, "steps")
    assert list(parts) == ["9", "20", "100"]
    (table,) = tables_of(parts, "steps")
    assert (table.dataset, table.notes) == (
        "digits by steps",
        ("Rows that differ in steps, each selection ranked by itself; *: may be the best of its league there.",),
    )
    assert [line.label for line in table.lines] == ["g0", "g1", "g2"]
    assert [line.label for line in tables_of(parts, "steps", 2)[0].lines] == ["g0", "g1"]
    assert [line.label for line in tables_of(parts, "steps", 1)[0].lines] == ["g0"]


# the answer across data sets

CONTROLS = {"noise": (400.0, 410.0, 420.0), "gaussian": (60.0, 61.0, 62.0), "held_out": (2.0, 2.1, 1.9)}


def distances(**names: tuple[float, ...]) -> list[Record]:
    return [
        r for name, x in {**names, **CONTROLS}.items() for r in seeds_of(name, scores("fid", *x), seeds=range(len(x)))
    ]


def test_what_cannot_be_told_in_words() -> None:
    pair = Undecided("a", "b", 0.625, 7, "fid")
    start = "Cannot be told apart: a and b, the first better in 62% of resamples"
    assert open_question(pair) == f"{start}; 7 more seeds of each would show a difference of 5% in fid."
    assert open_question(replace(pair, seeds=0)) == (
        f"{start}; the seeds that there are would show a difference of 5% in fid."
    )
    assert open_question(replace(pair, seeds=None)) == f"{start}."


def test_numbers_of_the_answer() -> None:
    assert spell(Range(1.25, 1.0, 2.0), 1) == "1.2 (1.0-2.0)"
    assert spell(Range(0.5, -0.25, 1.0), 0, 100) == "50 (-25 to 100)"
    assert (rounded(0.123456), rounded(float("nan"))) == (0.1235, None)
    made = ranged(np.array([5.0, *np.arange(101.0), np.nan]))
    assert (made.value, made.low, made.high) == pytest.approx((5.0, 2.5, 97.5))
    assert ranged(np.array([200.0, *np.arange(101.0)])).high == 200.0
    assert ranged(np.array([-1.0, *np.arange(101.0)])).low == -1.0


def test_the_ends_of_a_score_are_apart_where_their_intervals_are() -> None:
    made = of(distances(gan=(10.0, 11.0, 12.0)))
    (column,) = made.columns
    zero, one = ends_of(made, column)
    assert (zero, one) == pytest.approx([np.log(CONTROLS[name]).mean() for name in ("noise", "held_out")])
    for left_out in CONTROLS:
        part = of([r for r in distances(gan=(10.0, 11.0, 12.0)) if r.baseline != left_out])
        assert np.isnan(ends_of(part, column)).all()


def test_a_profile_counts_scores_above_each_level() -> None:
    whole = Overall((of(distances(gan=(10.0, 11.0, 12.0), wgan=(500.0, 600.0, 700.0))),))
    levels = np.linspace(-1, 1, 41)
    (task,) = whole.tasks
    for name in ("gan", "wgan"):
        assert whole.profile(name) == tuple(float((task.scores(name) > level).mean()) for level in levels)
    assert whole.profile("nobody") == ()
    assert whole.score("nobody") is None


def test_wins_hold_no_row_against_itself_and_nothing_without_a_task() -> None:
    whole = Overall((of(distances(gan=(10.0, 11.0, 12.0), wgan=(11.0, 20.0, 30.0))),))
    share, outright = whole.wins(["gan", "wgan", "nobody"])
    assert share[0, 1] == pytest.approx(7.5 / 9)
    assert share[1, 0] == pytest.approx(1.5 / 9)
    assert np.isnan([share[0, 0], share[1, 1], share[0, 2], share[2, 1]]).all()
    assert outright.tolist() == [[0, 0, 0], [0, 0, 0], [0, 0, 0]]


def test_as_few_seeds_as_two_are_enough_for_a_large_difference() -> None:
    assert seeds_needed(1e-9, 0.05) == 2
    assert seeds_needed(0.0, 0.05) == 2


def test_a_weighted_mean_of_one_value_is_that_value() -> None:
    assert weighted_iqm(np.array([3.0]), np.array([[1.0], [2.0]])).tolist() == [3.0, 3.0]
    assert weighted_iqm(np.array([4.0, 0.0]), np.array([[1.0, 1.0], [1.0, 3.0]])) == pytest.approx([2.0, 0.0])


def test_the_sentences_and_the_table_of_one_data_set() -> None:
    made = distances(ns_gan=(20.0, 22.0, 24.0), r1=(10.0, 11.0, 12.0), wgan=(30.0, 31.0, 32.0))
    answer = overview([of(made)])
    assert answer
    assert answer.sentences[0] == (
        "Of 3 adversarial rows on digits, r1 ranks best: mean rank 1.0 (1.0-1.0), first in 100% of resamples of seeds "
        "and data sets; then ns_gan (2.0), wgan (3.0)."
    )
    assert answer.sentences[1].startswith(
        "A seed of r1 does better than one of ns_gan in 100 (100-100) % of pairs; its"
    )
    assert answer.sentences[1].split("(that of ")[1].startswith("ns_gan: 0.5")
    assert answer.sentences[2:] == (
        "One data set: nothing here says whether the order holds on others.",
        "score: interquartile mean over seeds, metrics and data sets of where a seed lies between the worse of noise "
        "and gaussian (0) and held_out (1), on the metric's scale, cut at -1 and 1; a lost seed has -1.",
    )
    assert answer.table.header == ("league", "rank", "score", "better than ns_gan", "learned", "digits: fid ↓")
    cells = {line.label: [cell.text for cell in line.cells] for line in answer.table.lines}
    assert cells["ns_gan"][3:5] == ["-", "1 of 1"]
    assert cells["noise"][:5] == ["control", "-", "-", "-", ""]
    assert answer.table.notes[:2] == (
        "rank: on a data set the place in the league by the mean rank over its metrics; over data sets the mean of "
        "these places, with 95% of resamples of seeds and data sets, scaled to the league's size where fewer rows were "
        "trained. learned: on how many of the data sets it was trained on (the others say why in the table of the data "
        "set).",
        "*: may be the best of its league in that metric.",
    )
    assert len(answer.table.notes) == 2
    few = overview([of(made)], 5)
    assert few
    assert few.table.notes[2] == "1 more row: --all-rows, or overview.json."
    fewer = overview([of(made)], 4)
    assert fewer
    assert fewer.table.notes[2] == "2 more rows: --all-rows, or overview.json."


def test_metrics_without_both_ends_are_named() -> None:
    answer = overview([of([r for r in distances(a=(1.0, 2.0, 3.0), b=(4.0, 5.0, 6.0)) if r.baseline != "noise"])])
    assert answer
    assert answer.sentences[-1].endswith("a lost seed has -1. Left out, as these do not differ there: digits: fid.")
    assert "A seed of" not in " ".join(answer.sentences)


def test_the_data_of_the_answer() -> None:
    answer = overview([of(distances(ns_gan=(20.0, 22.0, 24.0), r1=(10.0, 11.0, 12.0)))])
    assert answer
    data = json.loads(answer.to_json())
    assert data["tasks"] == [{"dataset": "digits", "metric": "fid", "normalised": True}]
    assert (data["weights"], data["profile_at"][:2], data["profile_at"][-1]) == ("average", [-1.0, -0.95], 1.0)
    assert list(data["leagues"]) == ["adversarial"]
    league = data["leagues"]["adversarial"]
    first, second = league["rows"]
    assert (first["row"], first["rank"], first["first"]) == ("r1", [1.0, 1.0, 1.0], 1.0)
    assert (first["learned"], first["trained"], second["better_than_ns_gan"]) == (1, 1, None)
    assert first["better_than_ns_gan"] == [1.0, 1.0, 1.0]
    assert league["wins"] == {"share": [[None, 1.0], [0.0, None]], "every_seed": [[0, 1], [0, 0]]}
    assert (league["undecided"], league["agreement"]) == ([], [])


def test_more_rows_than_ten_at_an_equal_budget_are_in_the_file() -> None:
    def titled(count: int) -> tuple[int, str]:
        made = [record for i in range(count) for record in trained(f"g{i:02}", 1.0 + i)]
        made += trained("long", 9, plan={"steps": 900, "batch": 64})
        table = next(each for each in compare(made) if each.dataset == "digits at equal steps")
        return len(table.lines), table.notes[-1]

    assert titled(10) == (10, "1 more row: budgets.csv.")
    assert titled(11) == (10, "2 more rows: budgets.csv.")
    assert titled(9)[0] == 10
    assert not titled(9)[1].endswith("budgets.csv.")
