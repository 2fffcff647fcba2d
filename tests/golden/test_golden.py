"""Every baseline trains as it did when its golden trace was written: a refactor moves nothing, a changed loss shows."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest

from ganbench.baseline import Baseline
from ganbench.training import registry
from tests.golden import trace as golden
from tests.golden.trace import FOLDER, KINDS, complaint, entries, load, moved, path_of, read, text

EVERYONE = golden.everyone()
SMALL, LARGE = ("ring8", "digits"), ("grey28", "colour32")
BASELINES = Path(__file__).parents[2] / "baselines"


@pytest.mark.parametrize("name", EVERYONE)
def test_a_baseline_trains_as_its_trace_says(name: str) -> None:
    assert not (line := complaint(name, SMALL)), line


@pytest.mark.slow  # convolutions
@pytest.mark.parametrize("name", EVERYONE)
def test_a_baseline_trains_on_larger_images_as_its_trace_says(name: str) -> None:
    assert not (line := complaint(name, LARGE)), line


@pytest.mark.parametrize("name", EVERYONE)
def test_a_trace_covers_every_kind_of_data_or_says_why_not(name: str) -> None:
    traces = read(name)
    assert list(traces) == list(KINDS)
    assert any(entries(recorded) for recorded in traces.values())
    assert all(entries(recorded) or next(iter(recorded.values())) for recorded in traces.values())


def test_every_file_holds_the_traces_of_one_baseline_in_the_form_in_which_they_are_written() -> None:
    assert sorted(FOLDER.iterdir()) == sorted({path_of(name) for name in EVERYONE})
    for path in FOLDER.iterdir():
        written = path.read_text(encoding="utf-8")
        assert list(json.loads(written)["traces"]) == [name for name in EVERYONE if path_of(name) == path]
        assert written == text(json.loads(written)) + "\n"


class RenameLocals(ast.NodeTransformer):
    """Gives every variable that a function assigns another name."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        inner = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
        assigned = {each.id for each in inner if isinstance(each.ctx, ast.Store)}
        for each in inner:
            if each.id in assigned:
                each.id = f"renamed_{each.id}"
        return node


def refactored(tree: ast.Module) -> ast.Module:
    """Rename all locals and reverse the order of methods."""
    RenameLocals().visit(tree)
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            node.body.sort(key=lambda each: -each.lineno if isinstance(each, ast.FunctionDef) else 0)
            node.body.sort(key=lambda each: isinstance(each, ast.FunctionDef))
    return tree


def rescaled(tree: ast.Module) -> ast.Module:
    """Multiply the discriminator's loss by 1.01."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == "discriminator_loss":
            for each in ast.walk(node):
                if isinstance(each, ast.Return) and each.value:
                    each.value = ast.BinOp(ast.Constant(1.01), ast.Mult(), each.value)
    return ast.fix_missing_locations(tree)


def edit(
    name: str, change: Callable[[ast.Module], ast.Module], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> type[Baseline]:
    """Put a changed copy of a baseline's file in its place."""
    before = ast.parse((BASELINES / f"{name}.py").read_text(encoding="utf-8"))
    copy, original = folder / f"{name}.py", registry.load
    copy.write_text(ast.unparse(change(deepcopy(before))), encoding="utf-8")
    assert ast.unparse(before) != copy.read_text(encoding="utf-8")
    edited = original(str(copy))
    monkeypatch.setattr(registry, "load", lambda asked: edited if asked == name else original(asked))
    return edited


def test_a_refactored_file_leaves_its_trace_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit("wgan_gp", refactored, tmp_path, monkeypatch)
    assert complaint("wgan_gp", SMALL) == ""


def test_a_changed_coefficient_moves_one_trace_and_the_version_to_raise_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit("wgan_gp", rescaled, tmp_path, monkeypatch)
    lines = [line for name in ("wgan", "wgan_gp", "wgan_lp", "ns_gan", "r1") if (line := complaint(name, ["ring8"]))]
    assert len(lines) == 1
    assert lines[0].startswith("the trace of wgan_gp on ring8 moved (discriminator loss at step 1, seed 0: ")
    assert "raise version of wgan_gp in baselines/wgan_gp.py" in lines[0]


def test_a_new_version_asks_for_a_new_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edited = edit("wgan_gp", rescaled, tmp_path, monkeypatch)
    edited.version = 2
    monkeypatch.setattr(golden, "FOLDER", tmp_path)
    monkeypatch.setattr(golden, "KINDS", {"ring8": golden.KINDS["ring8"]})
    (tmp_path / "wgan_gp.json").write_text((FOLDER / "wgan_gp.json").read_text(encoding="utf-8"), encoding="utf-8")
    assert complaint("wgan_gp", ["ring8"]) == (
        "wgan_gp is at version 2 and its trace at 1: write the trace anew with `python -m tests.golden.trace wgan_gp`"
    )
    golden.write(["wgan_gp"])
    assert load("wgan_gp")["version"] == 2
    assert complaint("wgan_gp", ["ring8"]) == ""


def test_rounding_is_no_change_and_more_than_that_is() -> None:
    old = {"step 1": {"generator loss": [2.0, 1e-7]}, "samples": [[0.5], [0.5]]}
    rounded = {"step 1": {"generator loss": [2.0 + 1e-9, 1e-7 + 1e-13]}, "samples": [[0.5], [0.5 - 1e-10]]}
    assert moved(old, rounded) == []
    changed = {"step 1": {"generator loss": [2.0, 1.001e-7]}, "samples": [[0.5], [0.5 - 1e-9]]}
    assert moved(old, changed) == [
        "generator loss at step 1, seed 1: 1e-07 -> 1.001e-07",
        "sample 0, seed 1: 0.5 -> 0.499999999",
    ]
    assert moved(old, {"samples": [[0.5], [float("nan")]]}) == [
        "generator loss at step 1, seed 0: gone",
        "generator loss at step 1, seed 1: gone",
        "sample 0, seed 1: 0.5 -> nan",
    ]


def test_data_that_are_supported_no_more_are_a_change_and_other_words_for_why_are_none() -> None:
    trained, unsupported = {"samples": [[0.5], [0.5]]}, {"unsupported": "it needs labelled data"}
    assert moved(trained, unsupported) == ["trained -> unsupported"]
    assert moved(unsupported, trained) == ["unsupported -> trained"]
    assert moved(unsupported, {"unsupported": "in other words"}) == []
    assert moved({}, trained) == ["no trace -> trained"]
