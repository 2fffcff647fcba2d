"""The backend loop trains every baseline as ordinary PyTorch would, and to the same numbers as the other backends."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import Any

import pytest
import torch
from torch.utils._pytree import tree_flatten, tree_map

from ganbench import data
from ganbench._util.user_code import split
from ganbench.baseline import Baseline
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.baselines.sngan import SNGAN
from ganbench.baselines.vae import VAE
from ganbench.baselines.wgan import WGAN
from ganbench.baselines.wgan_gp import WGANGP
from ganbench.errors import BadInput
from ganbench.optim import SGD, Adam, Optimizer, RMSProp
from ganbench.training import batches, registry
from ganbench.training.sampler import Sampler
from ganbench.training.trainer import Plan, Trainer
from tests.training.short_runs import trained
from tests.training.textbook import double_precision, in_double

BATCH, UPDATES = 8, 70
SINGLE_PRECISION = 1e-4  # how far 70 updates in float32 may differ, where weights are about 0.1 and steps about 1e-4


def cases(dataset: str) -> list[Any]:
    """Every trained baseline that supports the data; large models and all but one member of a family are slow."""
    source, every, families = data.load(dataset), [], {"pixelcnn", "pixelrnn", "biggan", "stylegan2"}
    for name in registry.everyone():
        baseline, family = registry.configure(name, {}, source), split(name)[0]
        if baseline.updates(0) and not baseline.unsupported(source.space, BATCH):
            marks = [pytest.mark.slow] if family in families else []
            every.append(pytest.param(name, marks=marks))
            families.add(family)
    return every


def steps_of(baseline: Baseline) -> int:
    """How many steps make 70 updates."""
    kinds: Counter[str] = Counter()
    for step in count():
        kinds.update(baseline.updates(step))
        if kinds.total() >= UPDATES:
            return step + 1
    raise AssertionError


def compare(name: str, dataset: str, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise AssertionError unless both of two seeds end where the loop does, in float64."""
    monkeypatch.setattr(batches, "AHEAD", 8)  # so that 70 updates need many chunks of draws
    with double_precision():
        source = in_double(data.load(dataset))
        baseline = registry.configure(name, {}, source)
        steps = steps_of(baseline)
        loop = Trainer(baseline, source, [5], Plan(steps, BATCH, backend="loop"))
        start = loop.state["average"].clone()
        group = Trainer(baseline, source, [3, 5], Plan(steps, BATCH, backend=backend))
        for trainer in (loop, group):
            trainer.advance(steps)
        assert (loop.state["average"] - start).abs().max() > 1e-5  # training changed the weights
        states = [tree_map(lambda rows, at=at: rows[at], t.state) for t, at in ((loop, 0), (group, 1))]
        torch.testing.assert_close(*states, atol=1e-9, rtol=0)


@pytest.mark.parametrize("name", cases("ring8"))
def test_on_points_the_loop_is_the_eager_backend(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compare(name, "ring8", "eager", monkeypatch)


@pytest.mark.parametrize("name", cases("digits"))
def test_on_digits_the_loop_is_the_eager_backend(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compare(name, "digits", "eager", monkeypatch)


@pytest.mark.slow  # a second or more to trace each
@pytest.mark.parametrize("dataset", ["ring8", "digits"])
@pytest.mark.parametrize("name", [name for name in registry.everyone() if ":" not in name or name.endswith(":kl")])
def test_the_loop_is_the_traced_backend(name: str, dataset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name not in [case.values[0] for case in cases(dataset)]:
        pytest.skip(f"{name} trains on no {dataset}")
    compare(name, dataset, "traced", monkeypatch)


@pytest.mark.parametrize("baseline", [NonSaturatingGAN(), WGANGP(), VAE()])
def test_in_single_precision_the_loop_stays_within_a_band_of_the_traced_backend(baseline: Baseline) -> None:
    steps, seeds = steps_of(baseline), [4, 5]  # where no activation meets the kink of a ReLU within rounding
    loop, traced = (trained(baseline, seeds, steps, backend=backend) for backend in ("loop", "traced"))
    states = [
        {name: t.state[name]["weights"] for name in "GD"} | {"average": t.state["average"]} for t in (loop, traced)
    ]
    torch.testing.assert_close(*states, atol=SINGLE_PRECISION, rtol=0)


def test_losses_monitor_and_samples_are_those_of_the_eager_backend() -> None:
    with double_precision():
        loop, eager = (
            Trainer(SNGAN(), data.load("ring8"), [3, 5], Plan(4, 16, backend=backend)) for backend in ("loop", "eager")
        )
        for trainer in (loop, eager):
            trainer.run(points=2)
        for one, other in zip(loop.history, eager.history, strict=True):
            assert one == {name: pytest.approx(values, abs=1e-9) for name, values in other.items()}
        for samples, expected in zip(Sampler(loop).draw(8), Sampler(eager).draw(8), strict=True):
            torch.testing.assert_close(samples, expected, atol=1e-9, rtol=0)


class Tuned(NonSaturatingGAN):
    """Trained by the optimisers that a test chooses, the rate falling to zero."""

    rule: Optimizer = Adam()

    def optimizers(self, progress: float) -> tuple[Optimizer, Optimizer]:
        options = vars(self.rule) | {"lr": 1e-3 * (1 - progress)}
        return type(self.rule)(**options), type(self.rule)(**options)


@pytest.mark.parametrize("rule", [Adam(betas=(0.5, 0.9)), RMSProp(), SGD(momentum=0.9)])
def test_a_restored_loop_goes_on_as_if_nothing_had_happened(rule: Optimizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tuned, "rule", rule)

    def new() -> Trainer:
        return Trainer(Tuned(), data.load("ring8"), [3], Plan(6, 16, backend="loop"))

    whole, first, second = new(), new(), new()
    whole.advance(6)
    first.advance(2)
    second.restore(first.checkpoint())
    second.advance(6)
    for one, other in zip(tree_flatten(whole.state)[0], tree_flatten(second.state)[0], strict=True):
        assert torch.equal(one, other)


def test_losses_see_ordinary_tensors_that_can_be_printed_and_branched_on() -> None:
    seen: list[float] = []

    class Printing(WGAN):
        def generator_loss(self, G: object, D: object, b: object) -> torch.Tensor:
            loss = super().generator_loss(G, D, b)
            seen.append(loss.item())
            return loss if loss > 0 else loss * 1

    trained(Printing(), [0], 2, backend="loop")
    assert len(seen) == 2


def test_an_optimiser_that_torch_lacks_is_named() -> None:
    class Strange:
        def schedule(self) -> dict[str, float]:
            return {"lr": 0.1}

        def init(self, weights: torch.Tensor) -> dict[str, torch.Tensor]:
            return {}

    class Odd(NonSaturatingGAN):
        def optimizers(self, progress: float) -> tuple[Optimizer, Optimizer]:
            return Strange(), Strange()  # type: ignore[return-value]

    with pytest.raises(BadInput, match=r"Adam, RMSProp and SGD of ganbench\.optim, got Strange"):
        trained(Odd(), [0], backend="loop")
