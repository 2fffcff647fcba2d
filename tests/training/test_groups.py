"""A seed trains to the same bits alone and in any group, and trials of a search share their compiled code."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._dynamo.utils import counters
from torch.fx import GraphModule

from ganbench import data
from ganbench.baseline import Baseline, Batch, Net
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.baselines.wgan_gp import WGANGP
from ganbench.training import backends, compiler, registry
from ganbench.training.sampler import Sampler
from ganbench.training.stacked_products import Products, product
from ganbench.training.trainer import Plan, Trainer, shares
from tests.training.short_runs import trained
from tests.training.textbook import double_precision, in_double

needs_compiler = pytest.mark.skipif("backends.cannot_compile('cpu')", reason="torch cannot compile here")
SLOW = {"traced": (), "compiled": (pytest.mark.slow, needs_compiler)}


@pytest.mark.parametrize("backend", [pytest.param(name, marks=marks) for name, marks in SLOW.items()])
@pytest.mark.parametrize("dataset", ["ring8", "digits"])
@pytest.mark.parametrize("name", ["ns_gan", "wgan_gp"])
@pytest.mark.parametrize("steps", [30, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_seed_is_the_same_to_the_last_bit_alone_among_two_and_among_five(
    name: str, dataset: str, backend: str, steps: int
) -> None:
    """Its place in the group differs too: rows of weights are not aligned in memory, by which MKL may round."""
    baseline = registry.configure(name, {}, data.load(dataset))
    five, two, one = (
        trained(baseline, seeds, steps, dataset=dataset, backend=backend) for seeds in ([3, 1, 4, 0, 5], [4, 3], [3])
    )
    assert not five.remark
    for in_five, in_two, alone in zip(five.leaves, two.leaves, one.leaves, strict=True):
        assert torch.equal(in_five[0], in_two[1])
        assert torch.equal(in_five[2], in_two[0])
        assert torch.equal(in_two[1], alone[0])
    samples = [Sampler(trainer).draw(8)[0] for trainer in (five, two, one)]
    assert torch.equal(samples[0][0], samples[1][1])
    assert torch.equal(samples[0][0], samples[2][0])


@pytest.mark.parametrize("batch", [4, 10, 16, 20])
@pytest.mark.parametrize("name", ["ns_gan", "wgan_gp", "ebgan", "f_gan:alpha"])
def test_a_seed_is_the_same_in_batches_that_fill_no_whole_blocks(name: str, batch: int) -> None:
    """What is left over of a tensor after blocks of 32 numbers is rounded otherwise by softplus and its kind."""
    digits = data.load("digits")
    baseline = registry.configure(name, {}, digits)
    plan = Plan(3, batch, backend="traced")
    two, one = (Trainer(baseline, digits, seeds, plan) for seeds in ([4, 3], [3]))
    for trainer in (two, one):
        trainer.run(1)
    assert torch.equal(Sampler(two).draw(8)[0][1], Sampler(one).draw(8)[0][0])
    assert torch.equal(two.state["D"]["weights"][1], one.state["D"]["weights"][0])


@pytest.mark.parametrize("batch", [25, 32])
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("ns_gan", {"width": 33}),
        ("ns_gan", {"width": 5}),
        ("ns_gan", {"networks": "maxout", "width": 30}),
        ("wgan_gp", {"networks": "dcgan", "width": 5}),
        ("projection", {"networks": "maxout", "width": 30}),
    ],
)
def test_a_seed_is_the_same_where_layers_fill_no_whole_registers(
    name: str, settings: dict[str, Any], batch: int
) -> None:
    """Products are then rounded by how matrices are aligned in memory, sums of BatchNorm by what lies beside them."""
    digits = data.load("digits")
    baseline = registry.configure(name, settings, digits)
    three, one = (Trainer(baseline, digits, seeds, Plan(2, batch)) for seeds in ([3, 7, 1], [7]))
    for trainer in (three, one):
        trainer.advance(2)
    for in_three, alone in zip(three.leaves, one.leaves, strict=True):
        assert torch.equal(in_three[1], alone[0])


@pytest.mark.parametrize("rows", [1, 2, 64])
@pytest.mark.parametrize("columns", [1, 2, 64])
@pytest.mark.parametrize("inner", [1, 10, 128])
def test_a_product_alone_has_the_bits_that_it_has_among_others(rows: int, inner: int, columns: int) -> None:
    stream = torch.Generator().manual_seed(0)
    left, right = torch.randn(3, rows, inner, generator=stream), torch.randn(3, inner, columns, generator=stream)
    for a in (left, left.mT.contiguous().mT):
        for b in (right, right.mT.contiguous().mT):
            assert torch.equal(product(a[:1], b[:1]), product(a, b)[:1])


@pytest.mark.parametrize("shape", [(64, 128, 2), (128, 64, 1), (64, 2, 2), (4, 128, 2)])
@pytest.mark.parametrize("compiled", [False, True])
def test_thin_products_are_the_same_up_to_rounding(shape: tuple[int, int, int], compiled: bool) -> None:
    stream, (rows, inner, columns) = torch.Generator().manual_seed(0), shape
    left = torch.randn(3, rows, inner, generator=stream, dtype=torch.double)
    right = torch.randn(3, inner, columns, generator=stream, dtype=torch.double)
    expected = left @ right
    with Products(3, compiled):
        torch.testing.assert_close(left @ right, expected, rtol=1e-13, atol=1e-13)
        torch.testing.assert_close((left @ right).view(3, -1), expected.view(3, -1), rtol=1e-13, atol=1e-13)


def test_seeds_are_divided_evenly_among_compiled_calls() -> None:
    sizes = {n: [part.stop - part.start for part in shares(n, 5)] for n in (1, 5, 6, 7, 10, 11, 16)}
    assert sizes == {1: [1], 5: [5], 6: [3, 3], 7: [3, 4], 10: [5, 5], 11: [3, 4, 4], 16: [4, 4, 4, 4]}


@pytest.mark.slow
@needs_compiler
def test_a_group_of_seven_is_compiled_as_three_and_four_that_train_as_they_would_alone() -> None:
    seven, last = (trained(NonSaturatingGAN(), seeds, 5, backend="compiled") for seeds in (range(7), [5, 6]))
    assert len(seven.history) == len(last.history)
    for one, other in zip(seven.leaves, last.leaves, strict=True):
        assert torch.equal(one[5:], other)


@dataclass(frozen=True)
class Weighted(NonSaturatingGAN):
    """Uses its settings in arithmetic with tensors of either kind, with numbers, in a clamp and in a branch."""

    weight: float = 0.5
    scales: tuple[float, ...] = (1.0, 2.0)
    clip: float = 1.0
    threshold: float = 0.25

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        extra = sum(((b.x.square().sum(1) / scale - 1 / (1 + scale)).mean() for scale in self.scales), torch.zeros(()))
        counted = (self.weight * b.y).sum() + (b.z > self.threshold).sum() * (1 - self.weight)
        loss = super().discriminator_loss(G, D, b) * (-self.weight) * -1 + extra * self.weight / 3 + counted
        return loss * 2 if self.weight > 0.75 else loss

    def project(self, discriminator: dict[str, Tensor]) -> dict[str, Tensor]:
        return {name: weight.clamp(-self.clip, self.clip) for name, weight in discriminator.items()}


def graphs_of(baseline: Baseline, monkeypatch: pytest.MonkeyPatch) -> list[GraphModule]:
    """The graphs that are compiled for a few steps of a baseline; they are carried out as they are."""
    graphs: list[GraphModule] = []

    def interpreted(graph: GraphModule) -> Any:
        graphs.append(graph)
        return torch.no_grad()(lambda tensors: graph(*tensors))

    monkeypatch.setattr(compiler, "machine_code", interpreted)
    monkeypatch.setattr(backends, "cannot_compile", lambda device: "")
    compiled, plain = (trained(baseline, [0, 1], backend=backend) for backend in ("compiled", "traced"))
    for leaf, expected in zip(compiled.leaves, plain.leaves, strict=True):
        torch.testing.assert_close(leaf, expected, atol=1e-5, rtol=0)
    return graphs


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (WGANGP(penalty=10.0), WGANGP(penalty=0.1, lr=3e-3, betas=(0.0, 0.9), ema=0.9)),
        (Weighted(), Weighted(weight=0.3, scales=(5.0, 0.1), clip=0.02, threshold=0.7)),
    ],
)
def test_other_settings_and_rates_leave_the_compiled_graph_as_it_is(
    one: Baseline, other: Baseline, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = graphs_of(one, monkeypatch), graphs_of(other, monkeypatch)
    assert len(first) == len(second) == 2
    for graph, again in zip(first, second, strict=True):
        assert graph.code == again.code
        assert "10.0" not in graph.code


def test_a_setting_on_which_a_baseline_branches_has_graphs_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = graphs_of(Weighted(weight=0.5), monkeypatch), graphs_of(Weighted(weight=0.8), monkeypatch)
    assert first[0].code != second[0].code
    assert first[1].code == second[1].code


@pytest.mark.slow
@needs_compiler
def test_a_second_trial_with_other_settings_compiles_nothing() -> None:
    def missed(penalty: float, lr: float) -> Counter[str]:
        counters.clear()
        trainer = trained(WGANGP(penalty=penalty, lr=lr), [0, 1], 2, backend="compiled")
        assert not trainer.remark
        return Counter(counters["inductor"])

    missed(10.0, 1e-3)
    again = missed(7.5, 2e-3)
    assert (again["fxgraph_cache_hit"], again["fxgraph_cache_miss"], again["fxgraph_cache_bypass"]) == (2, 0, 0)


@pytest.mark.slow  # traces every baseline
@pytest.mark.parametrize("dataset", ["ring8", "digits"])
@pytest.mark.parametrize("name", [name for name in registry.everyone() if ":" not in name or name.endswith(":kl")])
def test_what_is_compiled_of_every_baseline_is_what_is_traced(
    name: str, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without compiling: the functional graph, with settings as tensors, is carried out in float64."""
    source = data.load(dataset)
    baseline = registry.configure(name, {}, source)
    if baseline.unsupported(source.space, 32) or not baseline.updates(0):
        pytest.skip(f"{name} trains on no {dataset}")
    monkeypatch.setattr(compiler, "machine_code", lambda graph: torch.no_grad()(lambda tensors: graph(*tensors)))
    monkeypatch.setattr(backends, "cannot_compile", lambda device: "")
    with double_precision():
        compiled, traced = (
            Trainer(baseline, in_double(source), [3, 5], Plan(3, 16, backend=backend))
            for backend in ("compiled", "traced")
        )
        compiled.advance(3)
        traced.advance(3)
    for leaf, expected in zip(compiled.leaves, traced.leaves, strict=True):
        torch.testing.assert_close(leaf, expected, atol=1e-9, rtol=1e-9)
