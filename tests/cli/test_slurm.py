"""The job script for Slurm, run here by a stand-in for sbatch; and shares of a suite for other schedulers."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from ganbench.cli.run import shard_of
from ganbench.records.store import Store
from ganbench.runs.grid import grid
from tests.runs.command import ganbench, suite, suite_of


def test_the_script_says_what_slurm_needs_to_know(tmp_path: Path) -> None:
    command = ["slurm", "--suite", suite(tmp_path), "--array", "64", "--time", "4:00:00", "--sbatch=--partition=cpu"]
    script = ganbench(*command, "--seeds", "0-1").stdout
    for line in ("--array=1-64", "--time=4:00:00", "--signal=B:USR1@120", "--partition=cpu"):
        assert f"#SBATCH {line}\n" in script
    assert re.search(r"-m ganbench run --suite \S+tiny.toml --seeds 0-1 --jobs 1 &\n", script)
    checked = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)  # noqa: S607
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--time", "soon"], "expected a time such as 4:00:00"),
        (["--stepz", "3"], "No such option"),
        (["--fresh"], "--fresh cannot be given to the tasks of an array"),
        (["--sbatch=x\n#SBATCH -y"], "expected an option such as --partition=cpu"),
    ],
)
def test_a_wrong_request_ends_before_the_queue(arguments: list[str], said: str) -> None:
    refused = ganbench("slurm", *arguments)
    assert refused.exit_code == 2
    assert said in refused.stderr
    assert refused.stdout == ""


@pytest.mark.slow
def test_the_tasks_of_an_array_share_the_cells(tmp_path: Path) -> None:
    out = tmp_path / "out"
    script = tmp_path / "job.sh"
    script.write_text(ganbench("slurm", "--suite", suite(tmp_path), "--array", "2", "--out", str(out)).stdout)
    tasks = [
        subprocess.Popen(["bash", str(script)], env={**os.environ, "SLURM_ARRAY_TASK_ID": str(i)})  # noqa: S603, S607
        for i in (1, 2)
    ]
    assert [task.wait(timeout=600) for task in tasks] == [0, 0]
    keys = [cell.key for cell in grid(suite_of(tmp_path))]
    assert (out / "tiny" / "records.jsonl").read_text().count('"key"') == len(keys)
    assert set(Store(out / "tiny").read()) == set(keys)


def test_the_shares_of_a_suite_are_the_suite(tmp_path: Path) -> None:
    from ganbench.cli.suite_run import shared
    from ganbench.runs.grid import tasks

    work = tasks(grid(suite_of(tmp_path)), {})
    parts = [shared(work, (i, 3)) for i in range(3)]
    assert sorted(task.cell.key for part in parts for task in part) == sorted(task.cell.key for task in work)
    assert shared(work, None) == work


@pytest.mark.parametrize("text", ["3/3", "4/3", "1", "1/", "a/b", "1/99999999999", "-1/2"])
def test_a_share_that_is_none_is_refused(text: str) -> None:
    assert shard_of("2/3") == (2, 3)
    refused = ganbench("run", "--shard", text)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "expected a part such as 0/8" in refused.stderr
