"""The command line: says what it will do, does it once, and says where everything is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from ganbench._util.catalogue import KINDS
from ganbench.cli import terminal as console
from ganbench.cli.run import seeds_of
from ganbench.records.store import Store
from ganbench.runs import executors
from ganbench.runs.execution import compute
from ganbench.training.registry import names
from tests.runs.command import ganbench, own, suite

ROOT = Path(__file__).parents[2]
HEAVY = {"torch", "pandas", "scipy", "matplotlib", "sklearn", "numpy"}
COUNT = """
import sys
from ganbench.cli.main import main
try:
    main(sys.argv[1:])
finally:
    print("loaded:", *sys.modules)
"""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["list", "--help"], ["table", "-h"], ["--version"]]
)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    command = [sys.executable, "-c", COUNT, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    text, _, loaded = done.stdout.rpartition("loaded:")
    assert text.strip()
    assert "click" in loaded.split()
    assert not HEAVY & set(loaded.split())


@pytest.mark.parametrize("kind", KINDS)
def test_lists_load_no_library_of_numbers(kind: str) -> None:
    command = [sys.executable, "-c", COUNT, "list", kind]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert not HEAVY & set(done.stdout.rpartition("loaded:")[2].split())


def test_tables_of_a_finished_run_load_neither_torch_nor_matplotlib(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "results" / "quick", tmp_path / "quick")
    command = [sys.executable, "-c", COUNT, "table", str(tmp_path / "quick")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert not {"torch", "torchvision", "matplotlib", "sklearn"} & set(done.stdout.rpartition("loaded:")[2].split())


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("0-4", (0, 1, 2, 3, 4)), ("0,2,5", (0, 2, 5)), ("7", (7,)), ("3-4, 0", (3, 4, 0)), ("2-2", (2,))],
)
def test_seeds_are_ranges_and_lists(text: str, seeds: tuple[int, ...]) -> None:
    assert seeds_of(text) == seeds


@pytest.mark.parametrize("text", ["5-1", "", "a", "-1", "1-", "1,,2", "1.5", "0-2,1"])
def test_seeds_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="expected"):
        seeds_of(text)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--way", "traced"], "--way is now --backend"),
        (["check", "--replay", "results/quick"], "--replay is now --reproduce"),
    ],
)
def test_an_option_of_old_is_told_its_name_of_now(arguments: list[str], said: str) -> None:
    done = ganbench(*arguments)
    assert (done.exit_code, done.stderr) == (2, f"ganbench: {said}\n")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], str, Path]:
    """A command that has been run, what it printed, and its results."""
    folder = tmp_path_factory.mktemp("finished")
    command = ["run", "--suite", suite(folder), "--out", str(folder / "out"), "--jobs", "1"]
    done = ganbench(*command)
    assert done.exit_code == 0, done.output
    return command, done.stdout, folder / "out" / "tiny"


def test_a_run_says_what_it_will_do_then_how_it_goes_then_what_came_out(
    finished: tuple[list[str], str, Path],
) -> None:
    _, text, folder = finished
    said = [
        "tiny: Is it so?",
        r"4 cells \(2 rows of 2 seeds: 0-1\) on cpu, 1 process",
        r"0 of 4 cells done; about \d+ s to go",
        r"1 of 2  ns_gan on ring8, seeds 0-1: done in \d+\.\d s",
        r"2 of 2  noise on ring8, seeds 0-1: done in",
        "ns_gan",
        f"records: {folder}/records.jsonl",
        f"tables and pictures: {folder}/table.md",
    ]
    place = 0
    for pattern in said:
        match = re.compile(pattern).search(text, place)
        assert match, f"{pattern!r} is not in its place in {text}"
        place = match.end()
    for name in ("records.jsonl", "table.md", "table.csv", "table.tex", "overview-ring8.png"):
        assert (folder / name).stat().st_size > 0
    assert len(list(folder.glob("cells/*/samples.png"))) == 2


def test_the_same_command_again_answers_from_the_records(
    finished: tuple[list[str], str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    command, _, folder = finished
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.parent.name != "leases"}
    monkeypatch.setattr(executors.process, "compute", None)
    again = ganbench(*command)
    assert again.exit_code == 0, again.output
    assert "4 of 4 cells done\n" in again.stdout
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.parent.name != "leases"}
    assert after == before


def test_tables_are_made_again_from_records_to_the_byte(finished: tuple[list[str], str, Path]) -> None:
    _, _, folder = finished
    tables = [folder / f"table.{ending}" for ending in ("md", "csv", "tex")]
    before = [path.read_bytes() for path in tables]
    for path in tables:
        path.unlink()
    done = ganbench("table", str(folder))
    assert done.exit_code == 0, done.output
    assert [path.read_bytes() for path in tables] == before


def test_a_table_is_about_what_was_asked_last(finished: tuple[list[str], str, Path]) -> None:
    command, _, folder = finished
    narrowed = ganbench(*command, "--baseline", "noise")
    assert "2 of 2 cells done" in narrowed.stdout
    assert "ns_gan" not in (folder / "table.csv").read_text()
    assert ganbench(*command).exit_code == 0
    assert "ns_gan" in (folder / "table.csv").read_text()


def test_a_dry_run_writes_nothing(tmp_path: Path, finished: tuple[list[str], str, Path]) -> None:
    fresh = ganbench("run", "--suite", suite(tmp_path), "--out", str(tmp_path / "out"), "--dry-run")
    assert fresh.exit_code == 0
    assert fresh.stdout.count("to do") == 2
    assert "about" in fresh.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.toml"]
    command, _, folder = finished
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    more = ganbench(*command, "--dry-run", "--baseline", "noise", "--baseline", "gaussian")
    assert re.search(r"noise .* done", more.stdout)
    assert re.search(r"gaussian .* to do .* about", more.stdout)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_dry_run_says_what_it_leaves_out_where_files_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["run", "--suite", suite(tmp_path), "--out", str(tmp_path / "out"), "--dry-run"]
    done = ganbench(*command, "--dataset", "ring8", "--dataset", "mnist", "--dataset", "stacked_mnist")
    assert done.exit_code == 0, done.output
    assert "4 cells (2 rows of 2 seeds: 0-1)" in done.stdout
    for name in ("mnist", "stacked_mnist"):
        assert f"not in this list: {name} (MNIST is not in data" in done.stdout
    alone = ganbench(*command, "--dataset", "mnist")
    assert (alone.exit_code, alone.stderr.count("\n")) == (2, 1)
    assert "MNIST is not in data" in alone.stderr


def test_commands_and_options_are_suggested_whatever_their_case() -> None:
    for arguments, said in (
        (["Score"], "No such command 'Score'; did you mean 'score'?"),
        (["score", "a", "--FORMAT", "json"], "No such option: --FORMAT; did you mean --format?"),
    ):
        done = ganbench(*arguments)
        assert (done.exit_code, done.stderr) == (2, f"ganbench: {said}\n")


def test_options_replace_what_the_suite_says(tmp_path: Path) -> None:
    path = own(tmp_path)
    command = ["run", "--suite", suite(tmp_path), "--out", str(tmp_path / "out"), "--dry-run"]
    options = ["--baseline", path, "--baseline", "f_gan:kl", "--dataset", "digits", "--seeds", "3-4", "--steps", "9"]
    done = ganbench(*command, *options)
    assert done.exit_code == 0, done.output
    for name in ("mine.py", "f_gan:kl"):
        assert re.search(rf"{name} +│ digits +│ 9 +│ 3-4 +│ to do", done.stdout)


def test_fresh_does_everything_again_and_keeps_the_old(tmp_path: Path) -> None:
    command = ["run", "--suite", suite(tmp_path), "--out", str(tmp_path / "out"), "--baseline", "noise"]
    assert ganbench(*command).exit_code == 0
    folder = tmp_path / "out" / "tiny"
    old = (folder / "records.jsonl").read_bytes()
    again = ganbench(*command, "--fresh")
    assert again.exit_code == 0, again.output
    assert "1 of 1  noise on ring8, seeds 0-1: done" in again.stdout
    assert (folder / "records.before-1.jsonl").read_bytes() == old
    assert list((folder / "cells.before-1").glob("noise-*/samples-0.safetensors"))
    assert len(Store(folder).read()) == 2


def test_a_torn_record_is_reported_and_done_again(tmp_path: Path) -> None:
    command = ["run", "--suite", suite(tmp_path), "--out", str(tmp_path / "out"), "--baseline", "noise"]
    assert ganbench(*command).exit_code == 0
    records = tmp_path / "out" / "tiny" / "records.jsonl"
    records.write_bytes(records.read_bytes()[:-40])
    again = ganbench(*command)
    assert "was torn" in again.stdout
    assert "1 of 1  noise on ring8, seed 1: done" in again.stdout
    assert len(Store(records.parent).read()) == 2


def test_a_failed_cell_is_exit_code_1_and_is_done_again_only_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["run", "--suite", suite(tmp_path), "--out", str(tmp_path / "out"), "--baseline", "noise"]
    with monkeypatch.context() as broken:
        broken.setattr("ganbench.runs.execution.weights", None)
        failed = ganbench(*command)
    assert failed.exit_code == 1
    assert "error after" in failed.stdout
    left = ganbench(*command)
    assert left.exit_code == 1
    assert "0 of 2 cells done, 2 failed (again with --retry-failed)" in left.stdout
    retried = ganbench(*command, "--retry-failed")
    assert retried.exit_code == 0, retried.output
    assert "2 of 2 cells done" in ganbench(*command).stdout


def test_an_interrupt_says_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []

    def interrupted(*arguments: object) -> object:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return compute(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(executors.process, "compute", interrupted)
    command = ["run", "--suite", suite(tmp_path), "--out", str(tmp_path / "out"), "--jobs", "1"]
    stopped = ganbench(*command, "--baseline", "noise", "--baseline", "gaussian")
    assert stopped.exit_code == 130
    assert stopped.stderr.startswith("ganbench: interrupted: 2 of 4 cells are kept in ")
    assert len(Store(tmp_path / "out" / "tiny").read()) == 2


def test_every_kind_of_thing_is_listed() -> None:
    everything = ganbench("list")
    assert everything.exit_code == 0, everything.output
    for kind in KINDS:
        one = ganbench("list", kind)
        assert one.exit_code == 0, one.output
    for name in [*names(), "ring8", "digits", "mnist", "fid", "identity", "quick"]:
        assert name in everything.stdout


def test_the_console_is_wide_where_nobody_looks() -> None:
    assert console.terminal().width >= 160
