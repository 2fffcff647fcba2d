"""More steps than before: training goes on where it ended, and ends as if it had never stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from ganbench.data import load
from ganbench.records.record import Record, to_line
from ganbench.records.store import Store
from ganbench.runs.execution import Place
from ganbench.runs.executors import process as local
from ganbench.runs.grid import grid, groups, tasks
from ganbench.runs.longer import continued
from ganbench.training.length import differs
from ganbench.training.registry import configure, everyone
from ganbench.training.trainer import Plan, Trainer, unsupported
from tests.runs.command import TINY, ganbench, own, suite, suite_of


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The steps at which trainings began."""
    steps: list[int] = []
    whole = Trainer.run

    def run(self: Trainer, *arguments: Any, **options: Any) -> None:
        steps.append(self.done)
        whole(self, *arguments, **options)

    monkeypatch.setattr(Trainer, "run", run)
    return steps


def run(folder: Path, steps: int, **changes: Any) -> tuple[list[Record], list[str]]:
    """Train a suite for so many steps in a folder; return its records, and what was said of going on."""
    cells = grid(replace(suite_of(folder, changes.pop("text", TINY)), steps=steps, watch="fid", **changes))
    store = Store(folder)
    store.open()
    known = store.read()
    todo = [task for task in tasks(cells, known) if task.state != "done"]
    going, said = continued(todo, known, Place(folder))
    for _ in local.run(groups(going), Place(folder), 1, lambda group, steps: None):
        pass
    known = store.read()
    return [known[cell.key] for cell in cells], said


def files(records: Sequence[Record], folder: Path) -> dict[str, bytes]:
    """Return what records left beside them."""
    paths = [path for each in records for path in (folder / each.files).iterdir()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def comparable(records: Sequence[Record]) -> list[str]:
    return [to_line(replace(record, provenance={})) for record in records]


@pytest.mark.parametrize("backend", ["traced", "loop", pytest.param("compiled", marks=pytest.mark.slow)])
def test_more_steps_end_with_the_bits_of_an_uninterrupted_run(tmp_path: Path, begun: list[int], backend: str) -> None:
    names = ("wgan_gp", "historical_averaging") if backend == "traced" else ("ns_gan",)
    changes = {"baselines": names, "backend": backend}
    both, whole = tmp_path / "both", tmp_path / "whole"
    for folder in (both, whole):
        folder.mkdir()
    run(both, 20, **changes)
    assert begun == [0] * len(names)
    longer, said = run(both, 40, **changes)
    assert begun == [0] * len(names) + [20] * len(names)
    assert said == [f"going on from step 20: {', '.join(f'{name} on ring8' for name in sorted(names))}"]
    at_once, _ = run(whole, 40, **changes)
    assert comparable(longer) == comparable(at_once)
    assert files(longer, both) == files(at_once, whole)
    assert {record.provenance["continued"] for record in longer} == {20}
    assert not any("continued" in record.provenance for record in at_once)


def test_the_longest_training_that_is_there_goes_on_and_other_seeds_begin(tmp_path: Path, begun: list[int]) -> None:
    run(tmp_path, 2, baselines=("ns_gan",))
    run(tmp_path, 4, baselines=("ns_gan",))
    begun.clear()
    records, _ = run(tmp_path, 6, baselines=("ns_gan",), seeds=(0, 1, 2))
    assert sorted(begun) == [0, 4]
    assert [record.provenance.get("continued") for record in records] == [4, 4, None]
    run(tmp_path, 3, baselines=("ns_gan",))  # fewer steps than there are begin at 2
    assert begun[-1] == 2


@pytest.mark.parametrize(
    ("name", "settings", "reason"),
    [
        ("sngan", {}, "its rates depend on the share of the steps that is done"),
        ("instance_noise", {}, "its losses depend on the share of the steps that is done"),
        ("ns_gan", {}, ""),
        ("wgan", {}, ""),
    ],
)
def test_what_depends_on_the_length_is_known(name: str, settings: dict[str, Any], reason: str) -> None:
    data = load("ring8" if name != "sngan" else "digits")
    assert differs(configure(name, settings, data), data, Plan(80, 64), 40) == reason


def test_a_users_own_losses_are_looked_into(tmp_path: Path) -> None:
    data = load("ring8")
    for loss, reason in (
        ("(b.progress * D(b.x)).mean()", "its losses depend on the share of the steps that is done"),
        ("(D(G(b.z)) - D(b.x)).mean()", ""),
    ):
        path = own(tmp_path, loss, name=f"of_{len(reason)}.py")
        assert differs(configure(path, {}, data), data, Plan(80, 64), 40) == reason


def test_auto_that_would_compile_the_longer_one_begins_again() -> None:
    data = load("ring8")
    baseline = configure("ns_gan", {}, data)
    assert differs(baseline, data, Plan(4000, 64, backend="auto"), 1000) == "1000 steps were traced, 4000 are compiled"
    assert not differs(baseline, data, Plan(8000, 64, backend="auto"), 4000)


def test_what_begins_again_says_why(tmp_path: Path, begun: list[int]) -> None:
    first, _ = run(tmp_path, 4, baselines=("ns_gan",))
    for record in first:
        path = tmp_path / record.files / f"weights-{record.seed}.safetensors"
        tensors = {name: each for name, each in load_file(path).items() if not name.startswith("optimizer.")}
        save_file(tensors, path)
    _, said = run(tmp_path, 8, baselines=("ns_gan",))
    assert said == ["beginning again, not from step 4: the state of its optimisers was not kept: ns_gan on ring8"]
    assert begun == [0, 0]


def test_the_command_goes_on_and_says_so(tmp_path: Path) -> None:
    command = ["run", "--suite", suite(tmp_path), "--baseline", "ns_gan", "--out", str(tmp_path), "--jobs", "1"]
    assert ganbench(*command, "--steps", "4").exit_code == 0
    foretold = ganbench(*command, "--steps", "8", "--dry-run")
    assert "going on from step 4: ns_gan on ring8" in foretold.stdout
    done = ganbench(*command, "--steps", "8")
    assert done.exit_code == 0, done.output
    assert "going on from step 4: ns_gan on ring8" in done.stdout
    fresh = ganbench(*command, "--steps", "16", "--fresh")
    assert fresh.exit_code == 0, fresh.output
    assert "going on" not in fresh.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", everyone())
def test_of_no_variant_a_change_of_length_goes_unseen(name: str) -> None:
    data = load("digits")
    baseline = configure(name, {}, data)
    if unsupported(baseline, data, 64) or not baseline.updates(0):
        pytest.skip("not trained on digits")
    if differs(baseline, data, Plan(6, 64), 3):
        return
    sums = []
    for steps in (3, 300):
        trainer = Trainer(baseline, data, (0,), Plan(steps, 64, backend="eager"))
        trainer.advance(3)
        sums.append([leaf.double().sum().item() for leaf in trainer.leaves])
    assert sums[0] == sums[1]
