"""Published numbers stand beside ours, and every one without ours says why."""

from __future__ import annotations

import csv
from dataclasses import replace
from io import StringIO
from math import sqrt
from pathlib import Path

import pytest

from ganbench.notes import load
from ganbench.notes.base import Findings
from ganbench.notes.ledger import ledger, number
from ganbench.notes.record import Observation
from ganbench.notes.reproduction import beside, last_digit, published_half_width, rules, summed, table, why_not
from ganbench.records.record import Scores
from ganbench.records.store import Log, Store
from ganbench.suites import find_suite
from ganbench.suites.suite import Notes, Suite
from tests.records.test_record import example

KEY = "pacgan/grid25/pacgan2/modes-captured"  # 23.8 +- .7, a standard error of ten runs


def rows(folder: Path) -> dict[str, dict[str, str]]:
    return {row["key"]: row for row in csv.DictReader(StringIO(table(folder)))}


def score(metric: str, value: float, weights: str = "last") -> Scores:
    return Scores(metric, (value,), ("",), "higher", 1, {}, "", 1, 1, {}, weights)  # type: ignore[arg-type]


def keep(folder: Path, values: dict[int, float], pack: int = 2, status: str = "done", weights: str = "last") -> None:
    store = Store(folder / "published-toys")
    store.open()
    for seed, value in values.items():
        scores = (score("modes_captured", value, weights), score("high_quality", value / 50, weights))
        record = example(f"{pack}-{seed}-{status}", baseline="pacgan", dataset="grid25", seed=seed, scores=scores)
        store.append(replace(record, settings={"pack": pack}, status=status))  # type: ignore[arg-type]


def test_the_committed_table_is_what_the_committed_results_say() -> None:
    root = Path(__file__).parents[2] / "results"
    assert (root / "published.csv").read_text(encoding="utf-8") == table(root), (
        "run ganbench run --suite published --out results"
    )


def test_every_published_number_has_ours_or_a_reason(tmp_path: Path) -> None:
    known = rows(tmp_path)
    assert set(known) == set(ledger())
    assert all(not row["ours"] and row["why_not"] for row in known.values())
    assert known[KEY]["why_not"] == "not run yet"
    assert "GPU" in known["sngan/cifar-10/sn-gan-cnn/fid"]["why_not"]


def test_ours_is_the_mean_over_the_seeds_of_that_row_alone(tmp_path: Path) -> None:
    keep(tmp_path, {0: 25, 1: 24, 2: 23})
    keep(tmp_path, {0: 10, 1: 10}, pack=3)
    keep(tmp_path, {5: 1}, status="diverged")
    keep(tmp_path, {6: 1}, weights="average")
    row = rows(tmp_path)[KEY]
    half = 4.3027 / sqrt(3)  # Student's t of two degrees of freedom, a standard deviation of one
    assert (row["ours"], row["interval"]) == ("24", f"{24 - half:.4g} to {24 + half:.4g}")
    assert (row["within"], row["why_not"]) == ("yes", "")
    assert row["reproduced_by"] == "ganbench run --suite published-toys --dataset grid25 --baseline pacgan"


def test_a_share_is_compared_in_the_per_cent_that_the_paper_prints(tmp_path: Path) -> None:
    keep(tmp_path, {0: 25, 1: 25})
    assert rows(tmp_path)["pacgan/grid25/pacgan2/high-quality"]["ours"] == "50"


def test_a_number_outside_both_intervals_says_how_the_protocols_differ(tmp_path: Path) -> None:
    keep(tmp_path, {0: 10, 1: 10.1, 2: 9.9})
    row = rows(tmp_path)[KEY]
    assert row["within"] == "no"
    assert "400 000" in row["why_not"]


def test_how_a_number_was_made_otherwise_is_said_of_the_suite_that_made_it() -> None:
    from ganbench.notes.reproduction import Ours

    said = {suite: beside(KEY, "23.8", Ours("", (1.0,), suite))["why_not"] for suite in rules().suites}
    assert "leaky units" in said["published-toys"]
    assert "leaky units" not in said["published-pacgan"]
    assert "40 000 steps" in said["published-pacgan"]


@pytest.mark.parametrize(("ours", "within"), [(25.38, "yes"), (25.44, "no")])
def test_within_means_no_farther_than_both_half_widths_and_half_a_printed_digit(ours: float, within: str) -> None:
    from ganbench.notes.reproduction import Ours

    # A single value of ours has no width: 2.2622 standard errors of .7 and half of .1 are left.
    assert published_half_width(number(KEY)) == pytest.approx(2.2622 * 0.7, abs=1e-3)
    assert beside(KEY, "23.8", Ours("", (ours,)))["within"] == within


def test_a_spread_over_runs_is_divided_by_their_root_and_an_unknown_one_counts_for_nothing() -> None:
    known = replace(number(KEY), spread_means="standard deviation", spread=1.0, runs=4)
    assert published_half_width(known) == pytest.approx(3.1824 / 2, abs=1e-3)
    assert published_half_width(replace(known, spread_means="not said where it was read")) == 0.0
    assert published_half_width(replace(known, spread=None, spread_means="")) == 0.0


@pytest.mark.parametrize(("printed", "unit"), [("1.0100", 1e-4), ("243", 1.0), ("0.7", 0.1)])
def test_the_last_printed_digit_of(printed: str, unit: float) -> None:
    assert last_digit(printed) == pytest.approx(unit)


def test_an_experiments_numbers_are_added_repetition_by_repetition() -> None:
    findings = Findings({"best": (1.0,), "excess": (0.1, 0.2), "gap": (0.01, 0.02)})
    assert summed(findings, ["best", "excess", "-gap"]) == pytest.approx((1.09, 1.18))


def test_findings_of_a_full_form_stand_beside_the_paper(tmp_path: Path) -> None:
    findings = Findings({"kl_mean": (1.03, 1.04, 1.03)})
    log = Log(tmp_path / "published-notes", Observation)
    log.open()
    fast = Observation(2, "a", "fitted_gaussians", 1, "fast", "done", Findings({"kl_mean": (9.0,)}), {})
    names = dict.fromkeys(
        name.removeprefix("-") for each in rules().experiments["fitted_gaussians"].values() for name in each
    )
    whole = Findings(dict.fromkeys(names, (1.0,)) | findings.numbers)
    log.append(replace(fast, key="b", form="full", findings=whole))
    log.append(fast)
    row = rows(tmp_path)["f-gan/gaussian/kl/mu-learned"]
    assert (row["ours"], row["within"]) == ("1.033", "yes")


def test_the_rules_name_published_numbers_suites_and_experiments_that_exist() -> None:
    for name, own in rules().suites.items():
        suite = find_suite(name)
        assert isinstance(suite, Suite)
        for key, row in own.items():
            assert any(published.startswith(f"{key}/") for published in ledger()), key
            assert row.dataset in suite.datasets
            assert row.baseline in suite.baselines
    notes = find_suite("published-notes")
    assert isinstance(notes, Notes)
    for name, numbers in rules().experiments.items():
        assert name in notes.experiments
        assert load(name)
        assert set(numbers) <= set(ledger())
    for start in (*rules().differences, *rules().not_tried):
        owner, _, beginning = start.rpartition(":")
        assert not owner or owner in rules().suites
        assert any(key.startswith(beginning) for key in ledger()), start
    assert all(why_not(key) for key in ledger())
