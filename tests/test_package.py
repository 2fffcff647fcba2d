"""What a user installs holds everything that a user needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOOK = """
import ganbench, ganbench.roster, ganbench.suites
from ganbench import data, features
print(ganbench.__file__)
print(len(ganbench.roster.names()), len(ganbench.suites.names()))
features.load("digits"), features.load("mnist"), ganbench.suites.shipped("quick")
"""


def python(*arguments: str, folder: Path, path: Path | None = None) -> str:
    environment = {**os.environ, "PYTHONPATH": str(path or "")}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_wheel_carries_baselines_suites_and_classifiers(tmp_path: Path) -> None:
    source, clean, elsewhere = tmp_path / "source", tmp_path / "clean", tmp_path / "elsewhere"
    elsewhere.mkdir()
    source.mkdir()
    for name in ("ganbench", "baselines"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    quietly = ("-m", "pip", "--quiet", "--disable-pip-version-check")
    python(*quietly, "wheel", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), str(source), folder=elsewhere)
    (wheel,) = tmp_path.glob("*.whl")
    python(*quietly, "install", "--no-deps", "--target", str(clean), str(wheel), folder=elsewhere)
    where, counts = python("-c", LOOK, folder=elsewhere, path=clean).splitlines()[:2]
    assert Path(where).is_relative_to(clean)
    assert counts == f"{len(list(ROOT.glob('baselines/[a-z]*.py')))} {len(list(ROOT.glob('ganbench/suites/*.toml')))}"
    listed = python("-m", "ganbench", "list", "baselines", folder=elsewhere, path=clean)
    assert "wgan_gp" in listed
    assert "held_out" in listed
