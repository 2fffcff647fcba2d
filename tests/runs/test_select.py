"""A search is a suite whose cells differ in their settings, and a rule written down beforehand picks the best."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ganbench import data
from ganbench.baseline import Control
from ganbench.errors import BadInput
from ganbench.records.record import Record, Scores
from ganbench.records.store import Store
from ganbench.runs.grid import grid
from ganbench.runs.select import chosen, main, toml
from ganbench.suites import read, shipped
from ganbench.suites.suite import Suite
from ganbench.training import registry
from tests.records.test_record import example
from tests.runs.command import TINY, ganbench, suite, suite_of

ROOT = Path(__file__).parents[2]
SEARCH = TINY.replace('["fid"]', '["sliced_wasserstein"]').replace('["ns_gan", "noise"]', '["ns_gan", "wgan"]') + (
    "[settings.ring8]\nbetas = [0.0, 0.9]\n[search]\nlr = [0.1, [0.2, 0.4]]\n[search.wgan]\nclip = [0.5, 1.5]\n"
)


def point(baseline: str, values: tuple[float | None, ...], **settings: object) -> list[Record]:
    """What a search leaves of the seeds of one point, as far as the rule looks at it."""
    return [
        example(
            f"{baseline}{settings}{values}{seed}",
            baseline=baseline,
            settings=settings,
            seed=seed,
            status="done" if value is not None else "diverged",
            scores=(Scores("sliced_wasserstein", (value,), ("",), "lower", 1, {}, "", 1, 1, {}),),
        )
        for seed, value in enumerate(values)
    ]


def four(tmp_path: Path) -> Suite:
    search = suite_of(tmp_path, SEARCH)
    assert isinstance(search, Suite)
    return search


def test_every_combination_of_what_is_searched_over_is_a_cell_of_its_own(tmp_path: Path) -> None:
    cells = grid(replace(four(tmp_path), seeds=(0,)))
    shared = {"betas": [0.0, 0.9]}
    assert [(cell.baseline, cell.settings) for cell in cells] == [
        ("ns_gan", shared | {"lr": 0.1}),
        ("ns_gan", shared | {"lr": [0.2, 0.4]}),
        *(("wgan", {"lr": lr, "clip": clip}) for lr in (0.1, [0.2, 0.4]) for clip in (0.5, 1.5)),
    ]
    assert len({cell.key for cell in cells}) == 6


def test_a_search_runs_and_is_chosen_from(tmp_path: Path) -> None:
    path = suite(tmp_path, SEARCH.replace('"wgan"', '"lsgan"').replace("[search.wgan]\nclip = [0.5, 1.5]\n", ""))
    out = tmp_path / "out"
    done = ganbench("run", "--suite", path, "--out", str(out), "--jobs", "1")
    assert done.exit_code == 0, done.output
    best = chosen(list(Store(out / "tiny").read().values()), replace(read(Path(path)), name="tiny"))  # type: ignore[arg-type]
    assert set(best) == {"ns_gan", "lsgan"}
    assert all(point["lr"] in (0.1, [0.2, 0.4]) for point in best.values())
    table = (out / "tiny" / "table.md").read_text().replace("\\", "")
    assert "| ns_gan (lr 0.1) |" in table
    assert "| ns_gan (lr [0.2, 0.4]) |" in table


def test_the_smallest_mean_wins_and_a_point_that_lost_a_seed_is_out(tmp_path: Path) -> None:
    records = [
        *point("ns_gan", (0.3, 0.2), lr=0.1),
        *point("ns_gan", (0.1, 0.2), lr=[0.2, 0.4]),
        *point("wgan", (0.4, 0.4), lr=0.1, clip=0.5),
        *point("wgan", (0.0, None), lr=0.1, clip=1.5),
        *point("wgan", (0.4, 0.4), lr=[0.2, 0.4], clip=0.5),
        *point("wgan", (0.4, 0.5), lr=[0.2, 0.4], clip=1.5),
    ]
    best = {"ns_gan": {"lr": [0.2, 0.4]}, "wgan": {"lr": 0.1, "clip": 0.5}}
    assert chosen(records, four(tmp_path)) == best
    again = [*records, *point("ns_gan", (0.5, 0.5), lr=[0.2, 0.4])]  # trained again: the latest counts
    assert chosen(again, four(tmp_path))["ns_gan"] == {"lr": 0.1}
    lost = [replace(each, scores=()) if each.baseline == "wgan" else each for each in records]
    assert set(chosen(lost, four(tmp_path))) == {"ns_gan"}


def test_a_search_that_is_not_finished_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no record of ns_gan with \{'lr': 0\.1\}, seed 0: finish the search first"):
        chosen([], four(tmp_path))


def test_what_was_chosen_is_written_as_a_suite_reads_it() -> None:
    best: dict[str, dict[str, Any]] = {"f_gan:kl": {"lr": [1e-3, 4e-3]}, "wgan": {"lr": 3e-4, "clip": 0.1}}
    assert tomllib.loads(toml(best, ["ring8", "grid25"])) == {"settings": {"ring8": best, "grid25": best}}


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


def test_the_shipped_search_gives_every_baseline_with_a_discriminator_six_settings() -> None:
    search, ring = shipped("search"), data.load("ring8")
    assert isinstance(search, Suite)
    everyone = [(name, registry.configure(name, {}, ring)) for name in registry.everyone()]
    able = [(name, each) for name, each in everyone if not each.unsupported(ring.space, search.batch)]
    names = {name for name, each in able if each.d_steps and not isinstance(each, Control)}
    assert set(search.baselines) == names
    assert {name: len(search.points(name)) for name in names} == dict.fromkeys(names, 6)
    table = shipped("all")
    assert isinstance(table, Suite)
    assert not set(search.seeds) & set(table.seeds)


def test_the_whole_comparison_trains_with_what_the_search_found() -> None:
    search, table = shipped("search"), shipped("all")
    assert isinstance(search, Suite)
    assert isinstance(table, Suite)
    settings = {
        name: {b: table.settings.get(name, {}).get(b) for b in search.baselines} for name in ("ring8", "grid25")
    }
    if not any(settings["ring8"].values()):
        pytest.skip("the search has not been run to its end: all.toml holds no outcome")
    best = chosen(list(Store(ROOT / "results" / "search").read().values()), search)
    assert settings["ring8"] == settings["grid25"] == {name: best.get(name) for name in search.baselines}
