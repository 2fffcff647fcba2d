"""A refactor changes no key: a private name more, a local renamed and a function moved leave all results done."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ganbench.records.record import Record
from ganbench.records.store import Store

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the package, as a wheel lays it out, and of the quick results."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "ganbench", tmp_path / "ganbench", ignore=ignore)
    shutil.copytree(ROOT / "baselines", tmp_path / "ganbench" / "baselines", ignore=ignore)
    (tmp_path / "results" / "quick").mkdir(parents=True)
    (engine,) = {record.engine for record in committed()}
    training = tmp_path / "ganbench" / "training" / "__init__.py"  # the results may be of an earlier engine
    text = training.read_text(encoding="utf-8")
    training.write_text(re.sub(r"ENGINE_VERSION = \d+", f"ENGINE_VERSION = {engine}", text), encoding="utf-8")
    shutil.copy(ROOT / "results" / "quick" / "records.jsonl", tmp_path / "results" / "quick")
    return tmp_path


def committed() -> list[Record]:
    return list(Store(ROOT / "results" / "quick").read().values())


def states(folder: Path) -> str:
    """What a dry run of the copy says."""
    (backend,) = {record.plan["backend"] for record in committed()}
    request = ["run", "--suite", "quick", "--backend", backend, "--out", "results", "--dry-run"]
    command = [sys.executable, "-m", "ganbench", *request]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_refactor_changes_no_key_and_a_raised_version_changes_those_of_its_baseline(copied: Path) -> None:
    for path in (copied / "ganbench").rglob("*.py"):
        if path.name != "__init__.py":
            path.write_text(f"{path.read_text(encoding='utf-8')}\n\n_unused = 1\n", encoding="utf-8")
    trainer = copied / "ganbench" / "training" / "trainer.py"
    text, count = re.subn(r"\bdrawn\b", "renamed", trainer.read_text(encoding="utf-8"))
    assert count, "no local of that name is left to rename"
    trainer.write_text(text, encoding="utf-8")
    streams = copied / "ganbench" / "_util" / "streams.py"  # the function moves to another module
    shutil.copy(streams, streams.with_name("moved.py"))
    streams.write_text("from ganbench._util.moved import stream\n\n__all__ = ['stream']\n", encoding="utf-8")
    assert "66 of 66 cells done" in states(copied)

    wgan = copied / "ganbench" / "baselines" / "wgan.py"
    text, count = re.subn(r"(\n    paper = )", r"\n    version = 2\1", wgan.read_text(encoding="utf-8"))
    assert count == 1
    wgan.write_text(text, encoding="utf-8")
    told = states(copied)
    assert "60 of 66 cells done" in told
    assert {line.split()[1] for line in told.splitlines() if "to do" in line} == {"wgan"}
