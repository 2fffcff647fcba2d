"""Every backend trains to the same numbers; where torch cannot compile, updates are traced, and the record says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.errors import UnknownName
from ganbench.records.store import Store
from ganbench.runs.execution import Place, compute
from ganbench.runs.grid import grid
from ganbench.training import registry
from ganbench.training.backends import LONG, Step, cannot_compile, compiled, resolve, trace, traced
from ganbench.training.trainer import Plan, Trainer
from tests.runs.command import TINY, ganbench, suite, suite_of
from tests.training.short_runs import configured, trained

needs_compiler = pytest.mark.skipif("cannot_compile('cpu')", reason="torch cannot compile here")


@pytest.mark.slow  # compiles two updates
@needs_compiler
def test_compiled_is_traced_up_to_rounding_and_repeats_itself_to_the_last_bit() -> None:
    plain, first, again = (
        trained(NonSaturatingGAN(), [3, 7], 6, backend=backend) for backend in ("traced", *["compiled"] * 2)
    )
    assert (first.plan.backend, first.remark) == ("compiled", "")
    for expected, leaf, repeated in zip(plain.leaves, first.leaves, again.leaves, strict=True):
        torch.testing.assert_close(leaf, expected, atol=1e-6, rtol=0)
        assert torch.equal(leaf, repeated)


@pytest.mark.slow  # compiles
@needs_compiler
def test_more_updates_can_be_compiled_than_torch_allows_variants_of_one() -> None:
    """Torch gives up on a piece of code that it had to compile anew eight times; every update is code of its own."""

    def adding(number: int) -> Step:
        constant = torch.full((3,), float(number))

        def add(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
            tensors[0].add_(constant)
            return [tensors[0] * 2]

        return add

    for i in range(10):
        total = torch.zeros(3)
        step = compiled(adding(i), [total])
        assert total.tolist() == [0, 0, 0]  # nothing happens while an update is traced
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
    assert torch.equal(traced(busy, [x])([x])[0], torch.arange(1.0, 7).view(2, 3) * 21)
    assert x.tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    ("backend", "steps", "device", "expected"),
    [
        ("auto", LONG, "cpu", "compiled"),
        ("auto", LONG - 1, "cpu", "traced"),
        ("auto", LONG, "cuda", "traced"),
        ("compiled", 1, "cpu", "compiled"),
        ("compiled", 1, "cuda", "compiled"),
        ("traced", LONG, "cpu", "traced"),
        ("eager", LONG, "cpu", "eager"),
    ],
)
def test_auto_means_what_the_length_and_the_device_say(backend: str, steps: int, device: str, expected: str) -> None:
    assert resolve(backend, steps, torch.device(device)) == expected


def test_an_unknown_backend_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="unknown backend 'compile'; did you mean 'compiled'"):
        trained(NonSaturatingGAN(), [0], backend="compile")


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("backend='inductor' raised:\nNo working C++ compiler found\n\nSet SOME_VARIABLE for more")

    monkeypatch.setattr("ganbench.training.compiler.machine_code", fail)
    monkeypatch.setattr("ganbench.training.backends.cannot_compile", cannot_compile.__wrapped__)


@pytest.mark.usefixtures("no_compiler")
def test_without_a_compiler_updates_are_traced_and_the_trainer_remarks_on_it() -> None:
    asked, plain = trained(NonSaturatingGAN(), [3], backend="compiled"), trained(NonSaturatingGAN(), [3])
    complaint = "backend='inductor' raised: No working C++ compiler found"
    assert (asked.remark, plain.remark) == (f"traced instead of compiled: {complaint}", "")
    assert all(torch.equal(one, other) for one, other in zip(asked.leaves, plain.leaves, strict=True))


@pytest.mark.usefixtures("no_compiler")
def test_the_remark_reaches_the_record(tmp_path: Path) -> None:
    tiny = replace(suite_of(tmp_path), baselines=("ns_gan",), seeds=(0,), backend="compiled")
    (cell,) = grid(tiny)
    compute([cell], Place(tmp_path), {}, lambda steps: None)
    record = Store(tmp_path).read()[cell.key]
    assert record.plan["backend"] == "compiled"
    assert record.provenance["remark"].startswith("traced instead of compiled: ")
    assert (record.status, record.provenance["backend"]) == ("done", "traced")


def test_the_backend_is_part_of_what_a_cell_is(tmp_path: Path) -> None:
    tiny = suite_of(tmp_path, f'backend = "compiled"\n{TINY}')
    keys = {backend: grid(replace(tiny, backend=backend))[0].key for backend in ("traced", "compiled", "auto")}
    assert (tiny.backend, grid(tiny)[0].backend, grid(tiny)[0].key) == ("compiled", "compiled", keys["compiled"])
    assert len(set(keys.values())) == 3  # as it is requested, not as it is resolved


def test_the_backend_of_the_command_line_replaces_the_suite_s(tmp_path: Path) -> None:
    path = suite(tmp_path, f'backend = "eager"\n{TINY}')
    done = ganbench("run", "--suite", path, "--baseline", "ns_gan", "--backend", "traced", "--out", str(tmp_path))
    assert done.exit_code == 0
    records = Store(tmp_path / "tiny").read().values()
    assert [record.plan["backend"] for record in records] == ["traced", "traced"]
    wrong = ganbench("run", "--suite", path, "--backend", "traces", "--out", str(tmp_path))
    assert wrong.exit_code == 2
    assert "unknown backend 'traces'; did you mean 'traced'" in wrong.output


@pytest.mark.parametrize("name", [name for name in registry.everyone() if ":" not in name])
def test_every_tensor_of_the_state_has_an_axis_of_seeds(name: str) -> None:
    """Compiled code may lose in-place updates of a 0-dimensional tensor (torch 2.11 did)."""
    baseline, source = configured(name)
    trainer = Trainer(baseline, source, [0, 1, 2], Plan(1, batch=32))
    assert all(len(leaf) == 3 for leaf in trainer.leaves)
