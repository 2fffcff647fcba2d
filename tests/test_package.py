"""What a user installs: everything that a user needs, in layers, and light to import."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT, Wheel, run_python

pytestmark = pytest.mark.xdist_group("wheel")

INVENTORY = """
import ganbench, ganbench.training.registry, ganbench.suites
from ganbench import data, features
from ganbench.report import template
print(ganbench.__file__)
print(len(ganbench.training.registry.names()), len(ganbench.suites.names()))
features.load("digits"), features.load("mnist"), ganbench.suites.shipped("quick")
[template.part(name) for name in ("page.css", "page.js", "results.html.j2", "score.html.j2")]
"""
LINT = "import sys, importlinter.cli as lint; sys.exit(lint.lint_imports(no_cache=True))"
MOST_IN_ROOT = 8


def test_a_wheel_carries_baselines_suites_and_classifiers(wheel: Wheel, tmp_path: Path) -> None:
    where, counts = wheel.python("-c", INVENTORY, cwd=tmp_path).splitlines()[:2]
    assert Path(where).is_relative_to(wheel.folder)
    assert counts == f"{len(list(ROOT.glob('baselines/[a-z]*.py')))} {len(list(ROOT.glob('ganbench/suites/*.toml')))}"
    listed = wheel.python("-m", "ganbench", "list", "baselines", cwd=tmp_path)
    assert "wgan_gp" in listed
    assert "held_out" in listed


def test_the_wheel_builds_without_a_warning(wheel: Wheel) -> None:
    said = [line for line in wheel.log.splitlines() if re.search(r"Warning\b|\bwarning:", line)]
    assert not [line for line in said if "Location" not in line]  # that is the package installer on its sources


def test_imports_point_down_only(wheel: Wheel, tmp_path: Path) -> None:
    # In an editable install ganbench.baselines is mapped to another folder, where the linter does not look.
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(wheel.folder / "ganbench", tmp_path / "ganbench")
    said = run_python("-c", LINT, cwd=tmp_path, path=tmp_path).stdout
    assert "1 kept, 0 broken" in said


def test_the_root_stays_small() -> None:
    names = sorted(path.name for path in (ROOT / "ganbench").glob("*.py"))
    assert len(names) <= MOST_IN_ROOT, f"a new module belongs into a package: {', '.join(names)}"
