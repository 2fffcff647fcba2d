"""The answer across data sets: ranks, normalised scores, improvement, wins, what cannot be told; and its words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats as scipy_stats

from ganbench.records.record import Record
from ganbench.tables import Tables, summarise, write
from ganbench.tables.overall import Overall, RankedMetric, ends_of, seeds_needed, spearman, weighted_iqm
from ganbench.tables.overview import overview
from ganbench.tables.statistics import improvement, iqm
from tests.tables.made import scores, seeds_of

CONTROLS = {"noise": (400.0, 410.0, 420.0), "gaussian": (60.0, 61.0, 62.0), "held_out": (2.0, 2.1, 1.9)}
DIGITS = {"ns_gan": (20.0, 22.0, 24.0), "r1": (10.0, 11.0, 12.0), "wgan": (30.0, 31.0, 32.0), "gan": (21.0, 23.0, 25.0)}
OTHERS = {"ns_gan": (5.0, 6.0, 7.0), "r1": (9.0, 9.5, 9.2), "wgan": (30.0, 31.0, 32.0), "gan": (50.0, 51.0, 52.0)}


def records(of: Mapping[str, Mapping[str, tuple[float | None, ...]]]) -> list[Record]:
    """Records of Frechet distances by data set and row, controls included."""
    return [
        replace(record, dataset=dataset, key=f"{dataset} {record.key}")
        for dataset, rows in of.items()
        for name, values in {**rows, **CONTROLS}.items()
        for record in seeds_of(name, scores("fid", *values), seeds=range(len(values)))
    ]


TWO = records({"digits": DIGITS, "others": OTHERS})


def whole(made: list[Record]) -> Overall:
    return Overall(tuple(summarise(made)))


def test_mean_ranks_are_those_of_the_data_sets() -> None:
    standings = whole(TWO).standings("adversarial")
    ranks = [
        dict(zip(rows, scipy_stats.rankdata([np.log(x).mean() for x in rows.values()]), strict=True))
        for rows in (DIGITS, OTHERS)
    ]
    expected = {name: np.mean([each[name] for each in ranks]) for name in DIGITS}
    assert {each.row: each.rank.value for each in standings} == expected
    assert [each.rank.value for each in standings] == sorted(expected.values())
    assert all(each.rank.low <= each.rank.value <= each.rank.high for each in standings)


def test_the_interval_of_a_rank_knows_of_data_sets() -> None:
    """On either data set alone r1's rank is certain; drawn again, both may be the same one."""
    standing = {each.row: each for each in whole(TWO).standings("adversarial")}["r1"]
    assert (standing.rank.low, standing.rank.value, standing.rank.high) == (1.0, 1.5, 2.0)


def test_how_often_a_row_is_first_adds_to_one() -> None:
    standings = whole(TWO).standings("adversarial")
    assert sum(each.first for each in standings) == pytest.approx(1)


def test_a_row_that_did_not_learn_stands_behind_all_that_did() -> None:
    lost = records({"digits": {**DIGITS, "wgan": (61.0, 62.0, 63.0)}, "others": OTHERS})
    standing = {each.row: each for each in whole(lost).standings("adversarial")}["wgan"]
    assert (standing.rank.value, standing.learned) == (3.5, (1, 2))  # fourth and third
    nowhere = records({"digits": {**DIGITS, "wgan": (61.0, 62.0, 63.0)}})
    assert "wgan" not in {each.row for each in whole(nowhere).standings("adversarial")}


def test_a_row_of_fewer_data_sets_is_ranked_by_its_share_of_rivals() -> None:
    rows = {**OTHERS, **{f"x{i}": (100.0 - i, 101.0 - i, 102.0 - i) for i in range(4)}}
    three = {"one": DIGITS | {"r1": (25.0, 26.0, 27.0)}, "two": rows, "three": rows}
    made = [each for each in records(three) if (each.dataset, each.baseline) != ("three", "r1")]
    standing = {each.row: each for each in whole(made).standings("adversarial")}["r1"]
    shares = [2 / 3, 1 / 7]  # third of four, second of eight
    assert standing.rank.value == pytest.approx(1 + np.mean(shares) * 7)
    few = [each for each in made if (each.dataset, each.baseline) != ("two", "r1")]
    assert "r1" not in {each.row for each in whole(few).standings("adversarial")}  # one of three data sets


def test_scores_lie_between_the_worse_floor_and_held_out_data() -> None:
    (task,) = [task for task in whole(TWO).tasks if task.data.dataset == "digits"]
    zero, one = (np.mean(np.log(CONTROLS[name])) for name in ("noise", "held_out"))
    expected = (zero - np.log(DIGITS["r1"])) / (zero - one)
    assert task.scores("r1") == pytest.approx(expected)
    assert ends_of(task.data, task.column) == pytest.approx((zero, one))


def test_scores_are_cut_and_a_lost_seed_has_the_lowest() -> None:
    (task, _) = whole(TWO).tasks
    losses = {"gan": np.array([np.log(1e-9), np.log(1e9), np.inf, np.log(20.0)])}
    cut = RankedMetric(task.data, task.column, losses, task.zero, task.one)
    assert cut.scores("gan")[:3].tolist() == [1.0, -1.0, -1.0]


def test_metrics_on_which_the_ends_do_not_differ_are_left_out() -> None:
    close = [replace(each, scores=()) for each in TWO if each.baseline == "held_out" and each.dataset == "others"]
    kept = [each for each in TWO if not (each.baseline == "held_out" and each.dataset == "others")]
    assert [task.normalised for task in whole([*kept, *close]).tasks] == [True, False]
    near = records({"digits": DIGITS})
    blurred = [
        replace(each, scores=(replace(each.scores[0], values=(300.0 + 200 * each.seed,)),))
        if each.baseline == "held_out"
        else each
        for each in near
    ]
    assert [task.normalised for task in whole(blurred).tasks] == [False]


def test_the_score_is_the_interquartile_mean_over_seeds_and_tasks() -> None:
    answer = whole(TWO)
    values = np.concatenate([task.scores("gan") for task in answer.tasks])
    score = answer.score("gan")
    assert score
    ordered = np.sort(values)  # six of weight one: half of the second and the fifth lie inside
    assert score.value == pytest.approx((ordered[1] / 2 + ordered[2] + ordered[3] + ordered[4] / 2) / 3)
    assert score.low <= score.value <= score.high


def test_the_weighted_interquartile_mean_is_the_plain_one_of_repeated_values() -> None:
    generator = np.random.default_rng(0)
    values, counts = generator.normal(size=9), generator.integers(0, 4, size=(50, 9))
    counts[:, 0] += (-counts.sum(axis=1)) % 4  # as many as four divides
    expected = [iqm(np.repeat(values, line).tolist()) for line in counts]
    assert weighted_iqm(values, counts.astype(float)) == pytest.approx(expected)
    assert np.isnan(weighted_iqm(values, np.zeros((1, 9)))).all()


def test_the_probability_of_improvement_is_the_mean_over_tasks_of_mann_whitneys() -> None:
    answer = whole(TWO)
    result = answer.improvement("gan")
    assert result
    pairs = [(rows["gan"], rows["ns_gan"]) for rows in (DIGITS, OTHERS)]
    assert result.value == pytest.approx(np.mean([improvement(*pair) for pair in pairs]))
    assert answer.improvement("ns_gan") is None
    assert answer.improvement("r1").value == 0.5  # type: ignore[union-attr]  # always on one, never on the other


def test_a_lost_seed_does_worse_than_any_other() -> None:
    made = records({"digits": DIGITS | {"gan": (1.0, 1.0, None)}})
    result = whole(made).improvement("gan")
    assert result
    assert result.value == pytest.approx(2 / 3)


def test_wins_are_counted_seed_by_seed_and_task_by_task() -> None:
    share, outright = whole(TWO).wins(["r1", "ns_gan", "wgan"])
    assert share[0, 1] == 0.5
    assert (share + share.T)[~np.eye(3, dtype=bool)] == pytest.approx(np.ones(6))
    assert outright.tolist() == [[0, 1, 2], [1, 0, 2], [0, 0, 0]]


def test_the_profile_is_the_share_of_scores_above_each_level() -> None:
    answer = whole(TWO)
    profile = answer.profile("r1")
    values = np.concatenate([task.scores("r1") for task in answer.tasks])
    assert profile[20] == np.mean(values > 0)
    assert (profile[0], profile[-1]) == (1.0, 0.0)


def test_rank_correlation_is_spearmans() -> None:
    generator = np.random.default_rng(0)
    pair = generator.integers(6, size=(2, 9)).astype(float)
    assert spearman(pair) == pytest.approx(scipy_stats.spearmanr(*pair).statistic)
    assert np.isnan(spearman(np.ones((2, 4))))
    ((one, other, value, count),) = whole(TWO).agreement("adversarial")
    assert (one, other, count) == ("digits", "others", 4)
    digits, others = ([float(np.mean(x)) for x in rows.values()] for rows in (DIGITS, OTHERS))
    assert value == pytest.approx(scipy_stats.spearmanr(digits, others).statistic)


@pytest.mark.parametrize(("variance", "difference"), [(0.01, 0.05), (0.002, 0.05), (0.5, 0.1), (1e-6, 0.05)])
def test_as_many_seeds_are_needed_as_have_the_power(variance: float, difference: float) -> None:
    """By the noncentral t distribution: so many seeds tell it in 80 % of cases, clearly fewer do not."""

    def power(seeds: int) -> float:
        freedom, shift = 2 * seeds - 2, difference / np.sqrt(2 * variance / seeds)
        return float(scipy_stats.nct.sf(scipy_stats.t.ppf(0.975, freedom), freedom, shift))

    seeds = seeds_needed(variance, difference)
    assert power(seeds) > 0.79
    assert seeds == 2 or power(int(0.9 * seeds) - 1) < 0.8


def test_what_cannot_be_told_says_how_open_it_is_and_which_seeds_would_tell() -> None:
    near = records({"digits": {"r1": (10.0, 11.0, 12.0), "gan": (10.1, 11.1, 12.2), "wgan": (50.0, 51.0, 52.0)}})
    (pair,) = whole(near).undecided("adversarial")
    assert (pair.first, pair.second, pair.metric) == ("r1", "gan", "fid")
    assert 0.5 <= pair.share < 0.95
    variance = np.mean([np.var(np.log(x), ddof=1) for x in ((10.0, 11.0, 12.0), (10.1, 11.1, 12.2))])
    assert pair.seeds == seeds_needed(float(variance), np.log(1.05)) - 3


def test_the_overview_says_who_leads_by_how_much_and_how_sure_that_is(tmp_path: Path) -> None:
    near = {name: (values[0] + 0.01, *values[1:]) for name, values in DIGITS.items()}
    write(records({"digits": DIGITS, "more": near}), tmp_path)
    text = (tmp_path / "overview.md").read_text(encoding="utf-8").replace("\\", "")
    for said in (
        "Of 4 adversarial rows on 2 data sets, r1 ranks best: mean rank 1.0 (1.0-1.0), first in 100% of resamples",
        "A seed of r1 does better than one of ns_gan in 100 (100-100) % of pairs; its score is 0.68",
        "Rank correlation of adversarial rows between data sets: digits and more",
        "With 2 data sets this says little of others.",
        "score: interquartile mean over seeds, metrics and data sets",
    ):
        assert said in text
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert table[0] == "| row | league | rank | score | better than ns_gan | learned | digits: fid ↓ | more: fid ↓ |"
    assert [line.split(" ")[1] for line in table[2:]] == [
        "r1", "ns_gan", "gan", "wgan", "*held_out*", "*gaussian*", "*noise*",
    ]  # fmt: skip


def test_what_did_not_learn_is_counted_in_the_sentences() -> None:
    lost = records({"digits": {**DIGITS, "wgan": (61.0, 62.0, 63.0), "lsgan": (500.0, 501.0, 502.0)}})
    answer = overview(summarise(lost))
    assert answer
    (sentence,) = [line for line in answer.sentences if line.startswith("Not ranked")]
    assert "digits 2 of 5 (1 did not learn, 1 no better than a Gaussian)" in sentence
    assert any(line.startswith("One data set") for line in answer.sentences)


def test_rows_that_are_not_ranked_are_in_the_table_where_there_is_room() -> None:
    lost = records({"digits": {**DIGITS, "wgan": (61.0, 62.0, 63.0)}})
    answer = overview(summarise(lost))
    assert answer
    line = next(line for line in answer.table.lines if line.label == "wgan")
    assert (line.cells[1].text, line.cells[4].text) == ("-", "0 of 1")


def test_memorisation_stands_beside_the_distance_in_the_overview() -> None:
    made = [
        replace(each, scores=(*each.scores, scores("authenticity", 0.5, better="higher")[0]))
        for each in records({"digits": DIGITS})
    ]
    answer = overview(summarise(made))
    assert answer
    assert answer.table.header[-2:] == ("digits: fid ↓", "digits: authenticity ↑")


def test_the_overview_is_data_too(tmp_path: Path) -> None:
    write(TWO, tmp_path)
    data = json.loads((tmp_path / "overview.json").read_text(encoding="utf-8"))
    league = data["leagues"]["adversarial"]
    assert data["data_sets"] == ["digits", "others"]
    assert [row["row"] for row in league["rows"]] == [each.row for each in whole(TWO).standings("adversarial")]
    assert len(league["wins"]["share"]) == 4
    assert len(league["rows"][0]["profile"]) == len(data["profile_at"]) == 41
    assert data["sentences"]


def test_where_nothing_is_ranked_the_overview_says_so() -> None:
    alone = records({"digits": {"gan": (1.0, 2.0)}})
    answer = overview(summarise(alone))
    assert answer
    assert any(line.startswith("Nothing is ranked") for line in answer.sentences)
    failed = seeds_of("wgan", ended=dict.fromkeys(range(3), ("error", 0, "no")), cost={})
    assert overview(summarise(failed)) is None
    assert Tables(failed).text("json").startswith('{\n "overview": null')


def test_the_overview_does_not_depend_on_the_order_of_records() -> None:
    one, other = (overview(summarise(made)) for made in (TWO, TWO[::-1]))
    assert one
    assert other
    assert one.to_json() == other.to_json()
