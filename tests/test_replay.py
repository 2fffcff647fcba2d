"""However its moves are executed, a game is the same game; and who cannot compile replays, and says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ganbench import data, roster
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.cell import Place, compute
from ganbench.errors import UnknownName
from ganbench.replay import LONG, Step, cannot_compile, chosen, compiled, replay, trace
from ganbench.run import grid
from ganbench.store import Store
from ganbench.suites import read
from ganbench.train import Plan, Trainer
from tests.games import play
from tests.runs import TINY, ganbench, suite

needs_compiler = pytest.mark.skipif("cannot_compile('cpu')", reason="torch cannot compile here")


@pytest.mark.slow  # compiles two moves
@needs_compiler
def test_a_compiled_game_is_the_replayed_one_up_to_rounding_and_repeats_itself_to_the_last_bit() -> None:
    replayed, first, again = (play(NonSaturatingGAN(), [3, 7], 6, way=way) for way in ("replay", *["compiled"] * 2))
    assert (first.plan.way, first.remark) == ("compiled", "")
    for expected, found, repeated in zip(replayed.leaves, first.leaves, again.leaves, strict=True):
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)
        assert torch.equal(found, repeated)
    assert first.state["D"]["optimizer"]["moves"].tolist() == [[6.0], [6.0]]


@pytest.mark.slow  # compiles
@needs_compiler
def test_more_moves_can_be_compiled_than_torch_allows_variants_of_one() -> None:
    """Torch gives up on a piece of code that it had to compile anew eight times; every move is code of its own."""

    def adding(number: int) -> Step:
        constant = torch.full((3,), float(number))

        def add(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
            tensors[0].add_(constant)
            return [tensors[0] * 2]

        return add

    for i in range(10):
        total = torch.zeros(3)
        step = compiled(adding(i), [total])
        assert total.tolist() == [0, 0, 0]  # nothing happens while a move is traced
        assert (step([total])[0] / 2).tolist() == total.tolist() == [i, i, i]


def test_operations_that_do_nothing_are_dropped_and_all_others_kept() -> None:
    def busy(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        (x,) = tensors
        unused = x.exp()
        x.add_(1)
        return [x.view(2, 3).detach() * x.view(3, 2).sum() + 0 * unused.numel()]

    x = torch.arange(6.0).view(2, 3)
    targets = {str(node.target) for node in trace(busy, [x]).graph.nodes if node.op == "call_function"}
    assert not targets & {"aten.exp.default", "aten.detach.default"}
    assert {"aten.view.default", "aten.add_.Tensor"} <= targets
    assert x.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert torch.equal(replay(busy, [x])([x])[0], torch.arange(1.0, 7).view(2, 3) * 21)
    assert x.tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    ("way", "steps", "dataset", "expected"),
    [
        ("auto", LONG, "ring8", "compiled"),
        ("auto", LONG, "digits", "compiled"),
        ("auto", LONG - 1, "ring8", "replay"),
        ("compiled", 1, "ring8", "compiled"),
        ("replay", LONG, "ring8", "replay"),
        ("eager", LONG, "ring8", "eager"),
    ],
)
def test_auto_means_what_the_length_and_the_networks_say(way: str, steps: int, dataset: str, expected: str) -> None:
    assert chosen(way, steps, data.load(dataset).space) == expected


def test_convolutions_are_not_compiled_by_themselves() -> None:
    assert chosen("auto", LONG, replace(data.load("digits").space, shape=(1, 28, 28))) == "replay"


def test_an_unknown_way_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="unknown way 'compile'; did you mean 'compiled'"):
        play(NonSaturatingGAN(), [0], way="compile")


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("backend='inductor' raised:\nNo working C++ compiler found\n\nSet SOME_VARIABLE for more")

    monkeypatch.setattr(torch, "compile", fail)
    monkeypatch.setattr("ganbench.replay.cannot_compile", cannot_compile.__wrapped__)


@pytest.mark.usefixtures("no_compiler")
def test_without_a_compiler_a_game_is_replayed_and_remarks_on_it() -> None:
    fallen, replayed = play(NonSaturatingGAN(), [3], way="compiled"), play(NonSaturatingGAN(), [3])
    complaint = "backend='inductor' raised: No working C++ compiler found"
    assert (fallen.remark, replayed.remark) == (f"replayed instead of compiled: {complaint}", "")
    assert all(torch.equal(one, other) for one, other in zip(fallen.leaves, replayed.leaves, strict=True))


@pytest.mark.usefixtures("no_compiler")
def test_the_remark_reaches_the_record(tmp_path: Path) -> None:
    tiny = replace(read(Path(suite(tmp_path))), baselines=("ns_gan",), seeds=(0,), way="compiled")
    (cell,) = grid(tiny)
    compute(cell, Place(tmp_path), None, lambda steps: None)
    record = Store(tmp_path).read()[cell.key]
    assert record.plan["way"] == "compiled"
    assert record.provenance["remark"].startswith("replayed instead of compiled: ")
    assert [run.status for run in record.runs] == ["done"]


def test_the_way_is_part_of_what_a_cell_is(tmp_path: Path) -> None:
    tiny = read(Path(suite(tmp_path, f'way = "compiled"\n{TINY}')))
    keys = {way: grid(replace(tiny, way=way))[0].key for way in ("replay", "compiled", "auto")}
    assert (tiny.way, grid(tiny)[0].way, grid(tiny)[0].key) == ("compiled", "compiled", keys["compiled"])
    assert keys["compiled"] != keys["replay"] == keys["auto"]  # two steps are not worth compiling


def test_a_way_typed_replaces_the_suite_s(tmp_path: Path) -> None:
    path = suite(tmp_path, f'way = "eager"\n{TINY}')
    done = ganbench("run", "--suite", path, "--baseline", "ns_gan", "--way", "replay", "--out", str(tmp_path))
    assert done.exit_code == 0
    (record,) = Store(tmp_path / "tiny").read().values()
    assert record.plan["way"] == "replay"
    wrong = ganbench("run", "--suite", path, "--way", "replayed", "--out", str(tmp_path))
    assert wrong.exit_code == 2
    assert "unknown way 'replayed'; did you mean 'replay'" in wrong.output


@pytest.mark.parametrize("name", [name for name in roster.everyone() if ":" not in name])
def test_every_tensor_of_the_state_has_an_axis_of_seeds(name: str) -> None:
    """Compiled code may lose in-place updates of a 0-dimensional tensor (torch 2.11 did)."""
    games = [(each, roster.configure(name, {}, each)) for each in map(data.load, ("ring8", "digits"))]
    source, baseline = next(game for game in games if not game[1].refuses(game[0].space, 32))
    trainer = Trainer(baseline, source, [0, 1, 2], Plan(1, batch=32))
    assert all(len(leaf) == 3 for leaf in trainer.leaves)
