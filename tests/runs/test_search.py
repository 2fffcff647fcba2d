"""A search is a suite whose cells differ in their settings, and a rule written down beforehand picks the best."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from csv import DictReader
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from ganbench.errors import BadInput
from ganbench.records.record import Record, Scores
from ganbench.records.store import Store
from ganbench.runs.grid import grid
from ganbench.runs.search import Trial, best_of, chosen, main, stages, toml, trials, tuning
from ganbench.suites import merged, read
from ganbench.suites.suite import Cell, Suite
from tests.records.test_record import example
from tests.runs.command import TINY, ganbench, suite, suite_of

ROOT = Path(__file__).parents[2]
SEARCH = TINY.replace('["ns_gan", "noise"]', '["ns_gan", "wgan"]').replace("steps = 2", "steps = 4") + (
    "[settings.ring8]\nbetas = [0.0, 0.9]\n[search]\nlr = [0.1, [0.2, 0.4]]\n[search.wgan]\nclip = [0.5, 1.5]\n"
)
HALVING = SEARCH.replace(
    "[settings", 'objective = "fid"\nrungs = [{steps = 0.5, keep = 3}, {steps = 1, keep = 1}]\n[settings', 1
)
NS = ({"betas": [0.0, 0.9], "lr": 0.1}, {"betas": [0.0, 0.9], "lr": [0.2, 0.4]})
WGAN = tuple({"lr": lr, "clip": clip} for lr in (0.1, [0.2, 0.4]) for clip in (0.5, 1.5))


def records_of(cells: Sequence[Cell], values: Mapping[str, Sequence[float | None]]) -> dict[str, Record]:
    """What a rung leaves: the value of ``fid`` of every cell, given by baseline, trial by trial and seed by seed."""
    left = {name: iter(numbers) for name, numbers in values.items()}
    return {cell.key: record_of(cell, next(left[cell.baseline])) for cell in cells}


def record_of(cell: Cell, value: float | None) -> Record:
    return example(
        cell.key,
        baseline=cell.baseline,
        seed=cell.seed,
        status="done" if value is not None else "diverged",
        scores=(Scores("fid", (value,), ("",), "lower", 1, {}, "", 1, 1, {}),),
    )


def of(tmp_path: Path, text: str) -> Suite:
    search = suite_of(tmp_path, text)
    assert isinstance(search, Suite)
    return search


def test_every_combination_of_what_is_searched_over_is_a_cell_of_its_own(tmp_path: Path) -> None:
    cells = grid(replace(of(tmp_path, SEARCH), seeds=(0,)))
    assert [(cell.baseline, cell.settings) for cell in cells] == [
        *(("ns_gan", settings) for settings in NS),
        *(("wgan", settings) for settings in WGAN),
    ]
    assert len({cell.key for cell in cells}) == 6


def test_what_is_searched_over_may_differ_from_data_set_to_data_set(tmp_path: Path) -> None:
    more = "[search.digits]\nlr = [0.3]\n[search.digits.wgan]\nclip = [2.5]\n"
    search = of(tmp_path, SEARCH + more)
    assert search.combinations("ns_gan", "digits(validation=1)") == [{"lr": 0.3}]
    assert search.combinations("wgan", "digits(validation=1)") == [{"lr": 0.3, "clip": 2.5}]
    assert len(search.combinations("wgan", "ring8")) == 4


def test_the_best_trials_go_on_and_one_that_lost_a_seed_does_not(tmp_path: Path) -> None:
    known: dict[str, Record] = {}
    rounds = stages(of(tmp_path, HALVING), lambda: known)
    first = next(rounds)
    assert {cell.steps for cell in first} == {2}
    known |= records_of(first, {"ns_gan": (3, 4, 1, 2), "wgan": (0, None, 5, 5, 2, 2, 4, 5)})
    second = next(rounds)
    assert {cell.steps for cell in second} == {4}
    assert [(cell.baseline, cell.settings) for cell in second if cell.seed == 0] == [
        ("ns_gan", NS[1]), ("ns_gan", NS[0]), ("wgan", WGAN[2]), ("wgan", WGAN[3]), ("wgan", WGAN[1])
    ]  # fmt: skip
    known |= records_of(second, {"ns_gan": (1, 1, 0.5, 0.5), "wgan": (3, 3, 3, 3, 4, 4)})
    assert list(rounds) == []
    assert chosen(of(tmp_path, HALVING), known) == {"ring8": {"ns_gan": NS[0], "wgan": WGAN[2]}}
    assert [len(rung) for rung in trials(of(tmp_path, HALVING), known)] == [6, 5]


def test_more_is_better_where_the_metric_says_so(tmp_path: Path) -> None:
    search = of(tmp_path, HALVING.replace('objective = "fid"', 'objective = "high_quality"'))
    known: dict[str, Record] = {}
    rounds = stages(search, lambda: known)
    for values in ({"ns_gan": (3, 4, 1, 2), "wgan": range(8)}, {"ns_gan": (1, 1, 2, 2), "wgan": range(6)}):
        made = records_of(next(rounds), values)
        known |= {
            key: replace(record, scores=(replace(record.scores[0], metric="high_quality", better="higher"),))
            for key, record in made.items()
        }
    assert chosen(search, known) == {"ring8": {"ns_gan": NS[1], "wgan": WGAN[1]}}


def test_a_baseline_of_which_every_trial_failed_has_no_choice(tmp_path: Path) -> None:
    known: dict[str, Record] = {}
    rounds = stages(of(tmp_path, HALVING), lambda: known)
    known |= records_of(next(rounds), {"ns_gan": (3, 4, 1, 2), "wgan": [None] * 8})
    second = next(rounds)
    assert {cell.baseline for cell in second} == {"ns_gan"}
    known |= records_of(second, {"ns_gan": (1, 1, 0.5, 0.5)})
    assert set(chosen(of(tmp_path, HALVING), known)["ring8"]) == {"ns_gan"}


def test_a_search_that_is_not_finished_is_refused(tmp_path: Path) -> None:
    said = r"no record of ns_gan on ring8 with .*, seed 0: finish the search first"
    with pytest.raises(BadInput, match=said):
        chosen(of(tmp_path, HALVING), {})


def test_a_search_runs_rung_by_rung_and_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    path = suite(tmp_path, HALVING.replace('"wgan"', '"lsgan"').replace("[search.wgan]\nclip = [0.5, 1.5]\n", ""))
    out = str(tmp_path / "out")
    before = ganbench("run", "--suite", path, "--out", out, "--dry-run")
    assert "4 rows of 2 seeds" in before.stdout
    assert "after that the best 3 of each baseline go on" in before.stdout
    done = ganbench("run", "--suite", path, "--out", out, "--jobs", "1")
    assert done.exit_code == 0, done.output
    store = Store(tmp_path / "out" / "tiny")
    assert len(store.read()) == len(store.selection() or ()) == 16
    search = read(Path(path))
    assert isinstance(search, Suite)
    best = chosen(search, store.read())
    assert set(best["ring8"]) == {"ns_gan", "lsgan"}
    counts = {"trials": {"ring8": {"ns_gan": 2, "lsgan": 2}}}
    assert tomllib.loads((store.folder / "chosen.toml").read_text()) == best | counts
    assert (store.folder / "tuning-ring8.png").stat().st_size > 1000
    with (store.folder / "best_of_k.csv").open() as file:
        worth = {(row["baseline"], row["trials"]): float(row["mean"]) for row in DictReader(file)}
    with (store.folder / "trials.csv").open() as file:
        rows = list(DictReader(file))
    assert [(row["baseline"], row["rung"], row["steps"]) for row in rows] == [
        *(("lsgan", rung, steps) for rung, steps in (("1", "2"), ("2", "4")) for _ in range(2)),
        *(("ns_gan", rung, steps) for rung, steps in (("1", "2"), ("2", "4")) for _ in range(2)),
    ]
    assert all(float(row["mean"]) == sum(json.loads(row["values"])) / 2 for row in rows)
    for name in ("ns_gan", "lsgan"):
        low, high = sorted(float(row["mean"]) for row in rows if (row["baseline"], row["rung"]) == (name, "1"))
        assert worth[name, "1"] == pytest.approx((low + high) / 2)
        assert worth[name, "2"] == low
    assert json.loads(next(row["settings"] for row in rows if row["rung"] == "2")) == best["ring8"]["lsgan"]
    again = ganbench("run", "--suite", path, "--out", out, "--dry-run")
    assert again.stdout.count("8 of 8 cells done") == 2


def test_what_was_chosen_is_written_as_a_suite_reads_it(tmp_path: Path) -> None:
    best: dict[str, dict[str, Any]] = {"ns_gan": {"lr": [1e-3, 4e-3]}, "wgan": {"lr": 3e-4, "clip": 0.1}}
    written = tomllib.loads(toml(of(tmp_path, SEARCH), {"ring8": best}))
    assert written == {"ring8": best, "trials": {"ring8": {"ns_gan": 2, "wgan": 4}}}


def test_the_best_of_k_is_the_mean_over_all_choices_of_k_trials() -> None:
    losses = [5.0, 1.0, 9.0, 4.0, 2.0, 3.0]
    for count in range(1, 7):
        assert best_of(losses, count) == pytest.approx(mean(min(part) for part in combinations(losses, count)))


def test_tuning_keeps_the_direction_of_the_objective_and_counts_lost_trials_as_the_worst() -> None:
    def of_values(*values: float | None, lower: bool) -> list[Trial]:
        return [Trial("ring8", "gan", {"lr": i}, 1, (value,), lower) for i, value in enumerate(values)]

    assert tuning(of_values(3.0, 1.0, 2.0, lower=True))["ring8", "gan"] == pytest.approx([2.0, 4 / 3, 1.0])
    assert tuning(of_values(3.0, 1.0, 2.0, lower=False))["ring8", "gan"] == pytest.approx([2.0, 8 / 3, 3.0])
    lost = tuning(of_values(None, 1.0, 2.0, lower=False))  # as much as the worst that ended well
    assert lost["ring8", "gan"] == pytest.approx([4 / 3, 5 / 3, 2.0])
    assert not tuning(of_values(None, None, lower=True))


def test_a_row_says_how_many_trials_its_settings_had_on_its_data_set_or_one_like_it(tmp_path: Path) -> None:
    suite = replace(
        of(tmp_path, TINY), trials={"ring8": {"ns_gan": 8}, "digits": {"ns_gan": 4}}, like={"stacked_digits": "digits"}
    )
    counts = {name: suite.trials_on(name, "ns_gan") for name in ("ring8", "ring8(sd=0.1)", "stacked_digits", "grid25")}
    assert counts == {"ring8": 8, "ring8(sd=0.1)": 8, "stacked_digits": 4, "grid25": 0}
    assert suite.trials_on("ring8", "noise") == 0
    assert {cell.baseline: cell.trials for cell in grid(suite)} == {"ns_gan": 8, "noise": 0}


def test_a_suite_s_own_settings_count_over_inherited_ones() -> None:
    base = {"ring8": {"wgan": {"lr": 1.0, "clip": 2.0}, "gan": {"lr": 3.0}}, "digits": {"gan": {"lr": 4.0}}}
    over = {"ring8": {"ema": 0.0, "wgan": {"clip": 5.0}}}
    assert merged(base, over) == {
        "ring8": {"ema": 0.0, "wgan": {"lr": 1.0, "clip": 5.0}, "gan": {"lr": 3.0}},
        "digits": {"gan": {"lr": 4.0}},
    }


@pytest.mark.parametrize(
    ("rungs", "said"),
    [
        ("[{steps = 0.5, keep = 1}, {steps = 0.5, keep = 1}]", r"growing shares in (0, 1], got [0.5, 0.5]"),
        ("[{steps = 2, keep = 1}]", "growing shares in (0, 1], got [2.0]"),
        ("[{steps = 0.5, keep = 0}]", "keep must be at least 1 and never grow, got [0]"),
        ("[{steps = 0.5, keep = 1}, {steps = 1, keep = 2}]", "never grow, got [1, 2]"),
        ("[{steps = 0.5}]", "keep"),
    ],
)
def test_rungs_that_make_no_search_are_refused(tmp_path: Path, rungs: str, said: str) -> None:
    head, tail = HALVING.split("rungs = ")
    text = f"{head}rungs = {rungs}\n{tail.split(chr(10), 1)[1]}"
    done = ganbench("run", "--suite", suite(tmp_path, text), "--out", str(tmp_path / "out"))
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_search_over_no_list_or_for_nobody_is_refused(tmp_path: Path) -> None:
    for wrong, said in {
        "lr = 0.1": "search: lr must be a list of values, got 0.1",
        "lr = []": "search: lr must be a list of values",
        "lrr = [1]": "unknown field of every baseline 'lrr'; did you mean 'lr'",
        "[search.wgna]\nlr = [1]": "unknown baseline 'wgna'; did you mean 'wgan'",
        "[search.wgan]\nclipp = [1]": "unknown field of wgan 'clipp'; did you mean 'clip'",
        "lr = [-1]": "lr must be positive",
    }.items():
        text = TINY.replace('"noise"', '"wgan"') + f"[search]\n{wrong}\n"
        done = ganbench("run", "--suite", suite(tmp_path, text), "--out", str(tmp_path / "out"))
        assert done.exit_code == 2
        assert said in done.stderr
        assert done.stderr.count("\n") == 1


def test_only_results_of_a_search_are_chosen_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(ROOT / "results" / "quick")]) == 2
    assert "expected the results of a suite that searches" in capsys.readouterr().err


def test_what_was_searched_to_the_end_is_printed_and_the_rest_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main([str(ROOT / "results" / "search")]) == 0
    printed, said = capsys.readouterr()
    searched = (ROOT / "ganbench/suites/settings/searched.toml").read_text("utf-8")
    assert tomllib.loads(printed)["ring8"]["wgan"] == tomllib.loads(searched)["ring8"]["wgan"]
    assert "left out mnist(validation=1): " in said
    (tmp_path / "search").mkdir()
    assert main([str(tmp_path / "search")]) == 2
    assert "no data set has been searched to the end" in capsys.readouterr().err
