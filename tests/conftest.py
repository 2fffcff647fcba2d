"""Fixtures that several folders of tests share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ganbench.notes import EXPERIMENTS
from ganbench.notes.base import Form
from ganbench.notes.record import Observation, key_for
from ganbench.records.store import Log
from ganbench.training import ENGINE_VERSION

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Wheel:
    """The project as a user installs it: the folder into which the wheel was unpacked, and what building it said."""

    folder: Path
    log: str

    def python(self, *arguments: str, cwd: Path) -> str:
        """Run Python on the unpacked wheel, away from the source, and return what it printed."""
        return run_python(*arguments, cwd=cwd, path=self.folder).stdout


def run_python(*arguments: str, cwd: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run this Python with ``path`` first among its places to import from; fails where it fails."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(path or "")
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Compute keys as an engine of that version does: committed results may be of an earlier one for a while."""

    def use(version: int) -> None:
        for module in ("ganbench.runs.execution", "ganbench.notes.record"):
            monkeypatch.setattr(f"{module}.ENGINE_VERSION", version)

    return use


@pytest.fixture
def observed(engine: Callable[[int], None]) -> dict[str, Observation]:
    """The committed observations by their keys; keys are computed with the engine of which most of them are."""
    known = Log(ROOT / "results" / "notes", Observation).read()

    def of_engine(version: int) -> int:
        engine(version)
        return sum(key_for(name, Form("fast")) in known for name in EXPERIMENTS)

    engine(max(range(ENGINE_VERSION, 0, -1), key=of_engine))
    return known


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    """Build the wheel from a copy of the source, and unpack it; tests that use it share one worker."""
    source, clean = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("ganbench", "baselines"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = ("-m", "pip", "--disable-pip-version-check")
    built = run_python(
        *pip, "wheel", "-v", "--no-deps", "--no-build-isolation", "-w", str(clean), str(source), cwd=clean
    )
    (path,) = clean.glob("*.whl")
    folder = clean / "unpacked"
    run_python(*pip, "--quiet", "install", "--no-deps", "--target", str(folder), str(path), cwd=clean)
    return Wheel(folder, built.stdout + built.stderr)
