"""What is typed behind a command changes a suite, and nothing else does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ganbench._util.seeds import not_a_count
from ganbench.errors import BadInput, UnknownName
from ganbench.runs.grid import grid
from ganbench.suites.changes import changed
from tests.runs.command import TINY, ganbench, own, suite, suite_of
from tests.suites.test_suite import FULL


def settings(folder: Path, *texts: str) -> dict[tuple[str, str], dict[str, object]]:
    """Return the settings of every row of FULL with some changes."""
    cells = grid(changed(suite_of(folder, FULL), texts))
    return {(cell.baseline, cell.dataset[:5]): cell.settings for cell in cells}


def test_a_field_of_one_baseline_is_changed_on_all_data_sets(tmp_path: Path) -> None:
    before, after = settings(tmp_path), settings(tmp_path, "wgan.clip=0.125")
    assert after["wgan", "ring8"] == {**before["wgan", "ring8"], "clip": 0.125}
    assert after["wgan", "digit"] == {"clip": 0.125}
    assert {name: own for name, own in after.items() if name[0] != "wgan"} == {
        name: own for name, own in before.items() if name[0] != "wgan"
    }


def test_a_field_of_a_family_counts_above_what_the_suite_says_of_its_member(tmp_path: Path) -> None:
    assert settings(tmp_path, "f_gan.ema=0.25")["f_gan:kl", "ring8"]["ema"] == 0.25
    assert settings(tmp_path, "f_gan:kl.ema=0.75")["f_gan:kl", "digit"] == {"ema": 0.75}


def test_a_field_of_every_baseline_counts_above_what_the_suite_says_of_one(tmp_path: Path) -> None:
    after = settings(tmp_path, "d_steps=5", "lr=[0.25, 0.5]")
    assert {name: own["lr"] for name, own in after.items() if name[0] != "noise"} == {
        name: [0.25, 0.5] for name in after if name[0] != "noise"
    }
    assert [name for name, own in after.items() if own.get("d_steps") == 5] == [
        ("ns_gan", "ring8"),
        ("wgan", "ring8"),
        ("f_gan:kl", "ring8"),  # whose order the suite sets there
        ("ns_gan", "digit"),
        ("wgan", "digit"),
    ]
    assert after["noise", "ring8"] == {}


def test_a_field_of_the_plan_counts_above_the_plan_of_a_data_set(tmp_path: Path) -> None:
    cells = grid(changed(suite_of(tmp_path, FULL), ["steps=9", "batch=8", "samples=24", 'weights=["last"]']))
    trained = [cell for cell in cells if cell.baseline != "noise"]
    assert {(cell.steps, cell.batch, cell.samples, cell.weights) for cell in trained} == {(9, 8, 24, ("last",))}


def test_a_data_set_that_takes_anothers_settings_keeps_them(tmp_path: Path) -> None:
    text = FULL.replace("steps = 7", "steps = 7\nlike = { digits = 'ring8' }")
    before = {cell.baseline: cell.settings for cell in grid(suite_of(tmp_path, text)) if cell.dataset == "digits"}
    asked = changed(suite_of(tmp_path, text), ["wgan.clip=0.125"])
    after = {cell.baseline: cell.settings for cell in grid(asked) if cell.dataset == "digits"}
    assert after == {**before, "wgan": {**before["wgan"], "clip": 0.125}}


def test_what_is_searched_over_cannot_be_set(tmp_path: Path) -> None:
    asked = replace(suite_of(tmp_path, FULL), search={"lr": [1e-3, 1e-2], "wgan": {"clip": [0.1]}})
    for text in ("lr=1", "wgan.clip=1"):
        with pytest.raises(BadInput, match="is searched over by tiny"):
            changed(asked, [text])


def test_a_file_of_ones_own_is_set_by_its_path_or_its_name(tmp_path: Path) -> None:
    path = own(tmp_path)
    asked = replace(suite_of(tmp_path, TINY), added=(path,))
    for name in (path, "mine.py"):
        cells = grid(changed(asked, [f"{name}.strength=2.5"]))
        assert {cell.settings.get("strength") for cell in cells if cell.title == "mine.py"} == {2.5}
    with pytest.raises(UnknownName, match="did you mean 'strength'"):
        changed(asked, ["mine.py.strenght=2.5"])


def test_added_baselines_stand_beside_the_suites_where_they_are_supported(tmp_path: Path) -> None:
    text = TINY.replace('["ring8"]', '["ring8", "digits"]')
    command = ["run", "--suite", suite(tmp_path, text), "--out", str(tmp_path), "--dry-run", "--add", "dcgan"]
    done = ganbench(*command, "--add", own(tmp_path))
    assert done.exit_code == 0, done.output
    rows = [line.split("│")[1:3] for line in done.stdout.splitlines() if "│" in line]
    assert [tuple(map(str.strip, row)) for row in rows] == [
        *((name, "ring8") for name in ("ns_gan", "noise", "mine.py")),
        *((name, "digits") for name in ("ns_gan", "noise", "dcgan", "mine.py")),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("3", "seed 3 alone; three seeds: 0-2"),
        ("1", "seed 1 alone; one seed: 0"),
        ("12", "seed 12 alone; 12 seeds: 0-11"),
        ("0", ""),
        ("0-2", ""),
        ("0,2", ""),
    ],
)
def test_one_number_is_one_seed_and_a_run_says_so(tmp_path: Path, text: str, said: str) -> None:
    assert not_a_count(text) == said
    done = ganbench("run", "--suite", suite(tmp_path), "--out", str(tmp_path), "--dry-run", "--seeds", text)
    assert done.exit_code == 0, done.output
    assert ("alone" in done.stdout) == bool(said)
    assert said in done.stdout


def test_in_a_suite_seeds_are_a_count_a_list_or_text(tmp_path: Path) -> None:
    for value, seeds in (("3", (0, 1, 2)), ('"3"', (3,)), ('"0-2,7"', (0, 1, 2, 7)), ("[3]", (3,))):
        text = TINY.replace("seeds = 2", f"seeds = {value}") + f"\n[plan.ring8]\nseeds = {value}\n"
        asked = suite_of(tmp_path, text)
        assert asked.seeds == seeds
        assert asked.plan["ring8"].seeds == seeds


def test_results_go_to_runs_unless_a_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = ganbench("run", "--suite", suite(tmp_path), "--baseline", "noise", "--seeds", "0", "--jobs", "1")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "runs" / "tiny" / "records.jsonl").is_file()
    assert not (tmp_path / "results").exists()
