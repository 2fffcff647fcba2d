"""A suite of suites runs each of them, and then puts published numbers beside ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganbench.cli.api import run
from ganbench.errors import BadInput
from tests.runs.command import TINY, ganbench, suite

BUNDLE = 'question = "Do they?"\nsuites = ["{0}", "{1}"]\n'


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    parts = [suite(tmp_path, TINY.replace("seeds = 2", f"seeds = [{seed}]"), f"part{seed}.toml") for seed in (3, 4)]
    return suite(tmp_path, BUNDLE.format(*parts), "both.toml")


def test_each_suite_has_its_folder_and_what_is_done_is_not_done_again(bundle: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = ganbench("run", "--suite", bundle, "--out", str(out), "--jobs", "1")
    assert first.exit_code == 0, first.output
    assert {path.name for path in out.iterdir()} == {"part3", "part4"}
    assert "2 of 2 cells done" in ganbench("run", "--suite", bundle, "--out", str(out), "--jobs", "1").output


def test_a_ledger_is_written_beside_them_and_a_dry_run_writes_nothing(bundle: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    Path(bundle).write_text(Path(bundle).read_text(encoding="utf-8") + "ledger = true\n", encoding="utf-8")
    assert ganbench("run", "--suite", bundle, "--out", str(out), "--dry-run").exit_code == 0
    assert not out.exists()
    assert ganbench("run", "--suite", bundle, "--out", str(out), "--jobs", "1").exit_code == 0
    text = (out / "published.csv").read_text(encoding="utf-8")
    assert text.splitlines()[0].endswith("note,reproduced_by,ours,interval,within,why_not")


def test_what_cannot_be_asked_of_all_suites_is_refused_in_one_line(bundle: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = ganbench("run", "--suite", bundle, "--seeds", "0-1", "--steps", "3", "--out", str(out))
    assert done.exit_code == 2
    assert "--seeds, --steps cannot change both: it runs" in done.output.replace("\n", " ")
    assert not out.exists()


def test_a_bundle_of_nothing_or_of_unknown_suites_is_refused(tmp_path: Path) -> None:
    empty = ganbench("run", "--suite", suite(tmp_path, 'question = "?"\nsuites = []\n', "empty.toml"))
    assert (empty.exit_code, "suites must not be empty" in empty.output) == (2, True)
    wrong = ganbench("run", "--suite", suite(tmp_path, 'question = "?"\nsuites = ["quik"]\n', "wrong.toml"))
    assert (wrong.exit_code, "did you mean 'quick'" in wrong.output.replace("\n", " ")) == (2, True)


def test_from_python_a_bundle_is_refused_with_the_command_that_runs_it(bundle: str) -> None:
    with pytest.raises(BadInput, match="is a suite of suites; ganbench run --suite"):
        run(bundle)
