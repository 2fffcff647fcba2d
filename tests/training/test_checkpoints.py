"""An interrupted training goes on where it was, and ends as if it had not been interrupted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
import torch

from ganbench._util.tensor_files import packed, unpacked
from ganbench.data import load
from ganbench.errors import Diverged
from ganbench.records.record import Record, to_line
from ganbench.records.store import Store
from ganbench.runs import execution as module
from ganbench.runs.execution import Place, compute
from ganbench.runs.grid import grid
from ganbench.suites.suite import Cell
from ganbench.training import checkpoint
from ganbench.training.checkpoint import Checkpoint
from ganbench.training.registry import configure
from ganbench.training.trainer import Plan, Trainer
from tests.runs.command import suite_of


@pytest.fixture
def cells(tmp_path: Path) -> list[Cell]:
    """A training with more than weights to keep (the average, two optimisers) and a learning curve."""
    return grid(replace(suite_of(tmp_path), baselines=("ns_gan",), watch="fid", steps=6))


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)


def computed(cells: list[Cell], folder: Path, tell: Callable[[int], None] = lambda steps: None) -> list[Record]:
    Store(folder).open()
    return compute(cells, Place(folder), {}, tell)


def killed_at(step: int) -> Callable[[int], None]:
    def tell(steps: int) -> None:
        if steps == step:
            raise KeyboardInterrupt

    return tell


def left(cells: list[Cell], folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Place(folder).of(cells[0]).iterdir()}


@pytest.mark.usefixtures("often")
def test_a_training_killed_twice_ends_as_if_nothing_had_happened(
    cells: list[Cell], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "perf_counter", count().__next__)  # reading the clock takes a second
    whole = computed(cells, tmp_path / "whole")
    for step in (3, 5):
        with pytest.raises(KeyboardInterrupt):
            computed(cells, tmp_path / "broken", killed_at(step))
    assert Place(tmp_path / "broken").checkpoint(cells).name in left(cells, tmp_path / "broken")
    assert not Store(tmp_path / "broken").read()
    for record, one in zip(computed(cells, tmp_path / "broken"), whole, strict=True):
        assert record.provenance["resumed"] == [2, 4]
        assert "resumed" not in one.provenance
        # what was kept of both interruptions counts: the clock is read as often as without them
        assert one.provenance["seconds"] == record.provenance["seconds"]
        assert to_line(replace(record, provenance={})) == to_line(replace(one, provenance={}))
    assert left(cells, tmp_path / "broken") == left(cells, tmp_path / "whole")  # and no checkpoint is left behind


def test_a_group_s_checkpoint_is_not_continued_by_other_seeds(cells: list[Cell], tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert place.checkpoint(cells) != place.checkpoint(cells[:1])
    assert place.checkpoint(cells).parent == place.checkpoint(cells[:1]).parent


def trainer_of(*seeds: int) -> Trainer:
    data = load("ring8")
    return Trainer(configure("ns_gan", {}, data), data, seeds, Plan(4, 16))


def test_a_checkpoint_is_due_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(checkpoint, "monotonic", lambda: now[0])
    kept = Checkpoint(tmp_path / "checkpoint.safetensors", "key")
    kept.written = 0.0
    for time, due in ((checkpoint.SECONDS - 1, False), (checkpoint.SECONDS, True)):
        now[0] = time
        assert kept.due() is due
    kept.write(trainer_of(0), {})
    assert not kept.due()


@pytest.mark.parametrize("how", ["another key", "another torch", "a torn file", "words alone", "nothing"])
def test_a_checkpoint_of_anything_else_is_not_continued(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "checkpoint.safetensors"
    Checkpoint(path, "key").write(trainer_of(3), {"curve": []})
    assert Checkpoint(path, "key").restore(trainer_of(7)) == {"curve": []}
    if how == "another torch":
        monkeypatch.setattr(checkpoint, "version", lambda name: "0.0")
    elif how == "nothing":
        path.unlink()
    elif how != "another key":
        path.write_bytes(path.read_bytes()[:-1] if how == "a torn file" else b"just words")
    new, untouched = trainer_of(7), trainer_of(7)
    assert Checkpoint(path, "other" if how == "another key" else "key").restore(new) == {}
    assert all(torch.equal(a, b) for a, b in zip(new.leaves, untouched.leaves, strict=True))


def test_a_seed_that_had_diverged_is_still_known_to_have(tmp_path: Path) -> None:
    old, kept = trainer_of(3, 7), Checkpoint(tmp_path / "checkpoint.safetensors", "key")
    old.record(old.advance(2))
    old.failures[7] = Diverged(7, 2, "discriminator_loss")
    kept.write(old, {"curve": []})
    new = trainer_of(3, 7)
    assert kept.restore(new) == {"curve": []}
    assert (str(new.failures[7]), new.failures[7].step) == (str(old.failures[7]), 2)
    assert (new.history, new.counts, new.done) == (old.history, old.counts, old.done)
    assert all(torch.equal(a, b) for a, b in zip(new.leaves, old.leaves, strict=True))


@pytest.mark.parametrize("backend", ["eager", "traced", "loop", pytest.param("compiled", marks=pytest.mark.slow)])
def test_a_checkpoint_between_points_of_a_curve_goes_on_with_equal_bits(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = replace(suite_of(tmp_path), baselines=("ns_gan",), watch="fid", steps=40, points=2, backend=backend)
    cells = grid(replace(one, seeds=(0,)) if backend == "loop" else one)
    whole = computed(cells, tmp_path / "whole")
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    write = Checkpoint.write

    def killed(self: Checkpoint, trainer: Trainer, progress: dict[str, object]) -> None:
        write(self, trainer, progress)
        if trainer.done == 27:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoint, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            computed(cells, tmp_path / "broken")
    for record, same in zip(computed(cells, tmp_path / "broken"), whole, strict=True):
        assert record.provenance["resumed"] == [27]
        assert to_line(replace(record, provenance={})) == to_line(replace(same, provenance={}))
    assert left(cells, tmp_path / "broken") == left(cells, tmp_path / "whole")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("training", "{"), ("training", "[]"), ("training", '{"done": 2}'), ("progress", "3"), ("progress", "{}"),
        ("training", '{"done": -1, "counts": {}, "history": [], "failures": []}'),
        ("training", '{"done": 2, "counts": {"x": 1}, "history": [], "failures": [{"seed": 0}]}'),
        ("progress", '{"curves": {"0": [1]}, "resumed": [], "seconds": 1.0}'),
    ],
)  # fmt: skip
def test_a_checkpoint_that_was_signed_and_makes_no_sense_counts_as_none(name: str, text: str, tmp_path: Path) -> None:
    kept, trainer = Checkpoint(tmp_path / "checkpoint.safetensors", "key"), trainer_of(0)
    trainer.advance(2)
    progress = {"curves": {"0": []}, "resumed": [], "seconds": 1.0}
    kept.write(trainer, progress)
    fresh = trainer_of(0)
    assert kept.restore(fresh, module.Progress) == progress
    file = unpacked(kept.path, kept.signature(trainer))
    assert file
    kept.path.write_bytes(packed(file[0], file[1] | {name: text}))
    fresh = trainer_of(0)
    assert kept.restore(fresh, module.Progress) == {}
    assert fresh.done == 0
