"""Imports point one way: a module may import only from its own layer's floor downwards."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# From the ground up. Modules of one layer may import one another only where the layer is a single package or name.
LAYERS: list[set[str]] = [
    {"ganbench.errors"},
    {"ganbench.code", "ganbench.find", "ganbench.user_files", "ganbench.streams", "ganbench.files", "ganbench.machine"},
    {"ganbench.dataset"},
    {"ganbench.weights", "ganbench.optim"},
    {"ganbench.nets"},
    {"ganbench.players"},
    {"ganbench.game"},
    {"ganbench.baselines", "ganbench.metrics", "ganbench.data", "ganbench.features", "ganbench.sources"},
    {"ganbench.replay", "ganbench.deal", "ganbench.sides"},
    {"ganbench.moves"},
    {"ganbench.train"},
    {"ganbench.sample", "ganbench.record", "ganbench.cloud", "ganbench.checkpoints"},
    {"ganbench.evidence"},
    {"ganbench.scorer", "ganbench.roster", "ganbench.cache", "ganbench.fairness"},
    {"ganbench.suite", "ganbench.stats", "ganbench.outcome"},
    {"ganbench.suites"},
    {"ganbench.table", "ganbench.store"},
    {"ganbench.choose", "ganbench.untrained"},
    {"ganbench.external"},
    {"ganbench.report", "ganbench.check"},
    {"ganbench.cell"},
    {"ganbench.run"},
    {"ganbench.executors", "ganbench.progress", "ganbench.request", "ganbench.again"},
    {"ganbench.experiments"},
    {"ganbench.notes_console"},
    {
        "ganbench.console",
        "ganbench.listing",
        "ganbench.metrics_page",
        "ganbench.notes_page",
        "ganbench.score_command",
        "ganbench.check_command",
    },
    {"ganbench.cli"},
    {"ganbench.__main__"},
]
ABOVE_ALL = {"ganbench.features.train_classifier"}  # a script that needs the data beside the features
FILES = sorted([*ROOT.glob("ganbench/**/*.py"), *ROOT.glob("baselines/*.py")])


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = ("ganbench", *parts) if parts[0] == "baselines" else parts
    return ".".join(parts).removesuffix(".__init__")


def layer_of(module: str) -> tuple[int, str] | None:
    """Level and name of the layer's member that a module belongs to."""
    for level, members in enumerate(LAYERS):
        for member in members:
            if module == member or module.startswith(f"{member}."):
                return level, member
    return None


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.startswith("ganbench.")}


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_point_down_only(path: Path) -> None:
    module = module_of(path)
    if module in {"ganbench", *ABOVE_ALL}:
        return
    here = layer_of(module)
    assert here is not None, f"{module} has no layer"
    for name in imports_of(path):
        there = layer_of(name)
        assert there is None or there[0] < here[0] or there[1] == here[1], (
            f"{module} imports {name} from above or beside it"
        )


@pytest.mark.parametrize("path", [p for p in FILES if p.parent.name == "baselines"], ids=module_of)
def test_no_baseline_imports_another(path: Path) -> None:
    assert not [name for name in imports_of(path) if name.startswith("ganbench.baselines")]


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 220, f"{path.name} is two files"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= 45, f"{path.name}: {node.name} has {lines} lines"


def test_every_package_is_shipped() -> None:
    shipped = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    packages = {module_of(path) for path in FILES if path.name == "__init__.py"}
    assert not [name for name in packages if f'"{name}"' not in shipped]
