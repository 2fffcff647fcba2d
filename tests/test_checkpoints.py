"""A game that is interrupted goes on where it was, and ends as if it had not been."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
import torch

from ganbench import cell as module
from ganbench import checkpoints
from ganbench.cell import Place, compute
from ganbench.checkpoints import Checkpoint
from ganbench.data import load
from ganbench.errors import Diverged
from ganbench.record import Record, to_line
from ganbench.roster import configure
from ganbench.run import grid
from ganbench.store import Store
from ganbench.suite import Cell
from ganbench.suites import read
from ganbench.train import Plan, Trainer
from tests.runs import suite

FILE = "checkpoint.safetensors"


@pytest.fixture
def cell(tmp_path: Path) -> Cell:
    """A game with a carried state (the average, two optimisers) and a learning curve."""
    (one,) = grid(replace(read(Path(suite(tmp_path))), baselines=("ns_gan",), watch="fid", steps=6))
    return one


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "SECONDS", 0.0)


def play(cell: Cell, folder: Path, tell: Callable[[int], None] = lambda steps: None) -> Record:
    Store(folder).open()
    return compute(cell, Place(folder), None, tell)


def killed_at(step: int) -> Callable[[int], None]:
    def tell(steps: int) -> None:
        if steps == step:
            raise KeyboardInterrupt

    return tell


def left(cell: Cell, folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Place(folder).of(cell).iterdir()}


@pytest.mark.usefixtures("often")
def test_a_game_killed_twice_ends_as_if_nothing_had_happened(
    cell: Cell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "perf_counter", count().__next__)  # every look at the clock takes a second
    whole = play(cell, tmp_path / "whole")
    for step in (3, 5):
        with pytest.raises(KeyboardInterrupt):
            play(cell, tmp_path / "broken", killed_at(step))
    assert FILE in left(cell, tmp_path / "broken")
    assert not Store(tmp_path / "broken").read()
    record = play(cell, tmp_path / "broken")
    assert record.provenance["resumed"] == [2, 4]
    assert "resumed" not in whole.provenance
    # begun, begun to play, six points, done; and what was kept of both interrupted games
    assert whole.provenance["seconds"] == record.provenance["seconds"] == 8
    assert to_line(replace(record, provenance={})) == to_line(replace(whole, provenance={}))
    assert left(cell, tmp_path / "broken") == left(cell, tmp_path / "whole")  # and no checkpoint is left behind


def game(*seeds: int) -> Trainer:
    data = load("ring8")
    return Trainer(configure("ns_gan", {}, data), data, seeds, Plan(4, 16))


def test_a_checkpoint_is_due_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(checkpoints, "monotonic", lambda: now[0])
    kept = Checkpoint(tmp_path / FILE, "key")
    kept.written = 0.0
    for time, due in ((checkpoints.SECONDS - 1, False), (checkpoints.SECONDS, True)):
        now[0] = time
        assert kept.due() is due
    kept.write(game(0), {})
    assert not kept.due()


@pytest.mark.parametrize("how", ["another game", "another torch", "a torn file", "words alone", "nothing"])
def test_what_is_not_this_game_s_checkpoint_is_not_continued(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / FILE
    Checkpoint(path, "key").write(game(3), {"curve": []})
    assert Checkpoint(path, "key").restore(game(7)) == {"curve": []}
    if how == "another torch":
        monkeypatch.setattr(checkpoints, "version", lambda name: "0.0")
    elif how == "nothing":
        path.unlink()
    elif how != "another game":
        path.write_bytes(path.read_bytes()[:-1] if how == "a torn file" else b"a game of chess")
    new, untouched = game(7), game(7)
    assert Checkpoint(path, "other" if how == "another game" else "key").restore(new) == {}
    assert all(torch.equal(a, b) for a, b in zip(new.leaves, untouched.leaves, strict=True))


def test_a_seed_that_had_diverged_is_still_known_to_have(tmp_path: Path) -> None:
    old, kept = game(3, 7), Checkpoint(tmp_path / FILE, "key")
    old.note(old.advance(2))
    old.failures[7] = Diverged(7, 2, "critic_loss")
    kept.write(old, {"curve": []})
    new = game(3, 7)
    assert kept.restore(new) == {"curve": []}
    assert (str(new.failures[7]), new.failures[7].step) == (str(old.failures[7]), 2)
    assert (new.history, new.turns, new.done) == (old.history, old.turns, old.done)
    assert all(torch.equal(a, b) for a, b in zip(new.leaves, old.leaves, strict=True))
