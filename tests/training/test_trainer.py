"""The trainer does what its docstrings say, whatever the losses are."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from ganbench import data
from ganbench._util.streams import stream
from ganbench.baseline import Baseline, Batch, Net
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.baselines.wgan_gp import WGANGP
from ganbench.dataset import Tensors
from ganbench.errors import BadInput
from ganbench.optim import Adam, Optimizer
from ganbench.training.sampler import Sampler
from ganbench.training.trainer import Plan, Trainer
from tests.training.short_runs import trained, weights
from tests.training.textbook import double_precision


@dataclass(frozen=True)
class Counting(NonSaturatingGAN):
    """Carries a count of generator steps, lowers its rate linearly, and projects its discriminator into a box."""

    box: float = 0.05

    def initial_state(self, G: Net, D: Net) -> Tensors:
        return {"count": torch.zeros(())}

    def next_state(self, G: Net, D: Net, b: Batch) -> Tensors:
        return {"count": b.count + 1}

    def project(self, discriminator: Tensors) -> Tensors:
        return {name: weight.clamp(-self.box, self.box) for name, weight in discriminator.items()}

    def optimizers(self, progress: float) -> tuple[Optimizer, Optimizer]:
        return Adam(1e-3 * (1 - progress)), Adam(1e-3)


def test_a_seed_is_the_same_to_the_last_bit_alone_and_in_any_group() -> None:
    alone, together = trained(WGANGP(), [7], 4), trained(WGANGP(), [3, 7, 11], 4)
    assert torch.equal(weights(alone, 0), weights(together, 1))


@pytest.mark.parametrize("steps", [100, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("dataset", ["ring8", "digits"])
def test_a_seed_stays_the_same_to_the_last_bit_alone_among_two_and_among_five(dataset: str, steps: int) -> None:
    alone, two, five = (
        trained(NonSaturatingGAN(), seeds, steps, dataset=dataset) for seeds in ([0], [0, 1], [0, 1, 2, 3, 4])
    )
    assert torch.equal(weights(alone, 0), weights(two, 0))
    assert torch.equal(weights(alone, 0), weights(five, 0))
    assert torch.equal(weights(two, 1), weights(five, 1))


def test_a_lone_seed_has_a_state_and_losses_of_one_row() -> None:
    trainer = Trainer(Counting(), data.load("ring8"), [5], Plan(4, batch=8))
    trainer.run(points=2)
    assert all(len(leaf) == 1 for leaf in tree_leaves(trainer.state))
    assert all(len(entry[name]) == 1 for entry in trainer.history for name in ("discriminator", "generator", "monitor"))
    assert Sampler(trainer).draw(6)[0].shape == (1, 6, 2)


def test_the_order_of_seeds_changes_nothing() -> None:
    one, other = trained(NonSaturatingGAN(), [3, 7]), trained(NonSaturatingGAN(), [7, 3])
    assert torch.equal(weights(one, 0), weights(other, 1))


def test_seeds_differ_and_a_seed_repeats_itself_to_the_last_bit() -> None:
    first, again = trained(NonSaturatingGAN(), [3, 7]), trained(NonSaturatingGAN(), [3, 7])
    assert (weights(first, 0) - weights(first, 1)).abs().max() > 1e-3
    assert torch.equal(weights(first, 0), weights(again, 0))
    assert torch.equal(Sampler(first).draw(10)[0], Sampler(again).draw(10)[0])


def test_seeds_differ_in_their_first_weights_in_their_data_and_in_their_noise() -> None:
    trainer = trained(WGANGP(), [3, 7], 0)
    drawn = trainer.batches("discriminator").draw(0)
    assert {"z", "eps"} < set(drawn)
    differing = {name for name, rows in drawn.items() if not torch.equal(rows[0], rows[1])}
    assert differing == set(drawn)
    for name in "GD":
        assert not torch.equal(*trainer.state[name]["weights"])


@pytest.mark.parametrize("baseline", [NonSaturatingGAN(), WGANGP(), Counting(), NonSaturatingGAN(order="simultaneous")])
def test_traced_is_eager_to_the_last_bit(baseline: Baseline) -> None:
    traced, eager = trained(baseline, [3, 7], 4), trained(baseline, [3, 7], 4, backend="eager")
    assert torch.equal(weights(traced, 0), weights(eager, 0))
    assert torch.equal(weights(traced, 1), weights(eager, 1))


def test_a_restored_trainer_goes_on_as_if_nothing_had_happened() -> None:
    whole = trained(Counting(), [3, 7], 40)  # past the first chunk of 32 batches
    broken = Trainer(Counting(), data.load("ring8"), [3, 7], Plan(40, batch=32))
    broken.advance(17)
    resumed = Trainer(Counting(), data.load("ring8"), [3, 7], Plan(40, batch=32))
    resumed.restore(broken.checkpoint())
    broken.advance(25)  # what happens to the old one afterwards must not matter
    resumed.advance(40)
    assert torch.equal(weights(whole, 1), weights(resumed, 1))
    assert resumed.state["carried"]["count"].tolist() == [40.0, 40.0]
    assert torch.equal(Sampler(whole).draw(16)[0], Sampler(resumed).draw(16)[0])


def test_each_of_k_discriminator_steps_is_made_and_counted() -> None:
    trainer = trained(NonSaturatingGAN(d_steps=3), [0], 2)
    assert trainer.counts == {"discriminator": 6, "generator": 2, "both": 0}
    assert (trainer.updates_of("D"), trainer.updates_of("G")) == (6, 2)


def test_the_order_of_updates_is_the_baseline_s() -> None:
    updates = {
        order: NonSaturatingGAN(order=order).updates(0)
        for order in ("discriminator_first", "generator_first", "simultaneous")
    }
    assert updates == {
        "discriminator_first": ("discriminator", "generator"),
        "generator_first": ("generator", "discriminator"),
        "simultaneous": ("both",),
    }


def test_a_simultaneous_update_takes_both_gradients_before_either_step() -> None:
    """The generator must see the discriminator as it was before its step."""
    together = trained(NonSaturatingGAN(order="simultaneous", lr=0.1), [0], 1)
    frozen = trained(NonSaturatingGAN(order="simultaneous", lr=(0.1, 1e-12)), [0], 1)
    torch.testing.assert_close(together.state["G"]["weights"], frozen.state["G"]["weights"], atol=1e-7, rtol=0)


def test_the_discriminator_is_projected_after_each_of_its_steps() -> None:
    trainer = trained(Counting(box=0.01), [0, 1], 2)
    assert trainer.state["D"]["weights"].abs().max() <= torch.tensor(0.01)
    assert trainer.state["G"]["weights"].abs().max() > 0.01


def test_schedules_reach_the_optimiser() -> None:
    trainer = Trainer(Counting(), data.load("ring8"), [0, 1], Plan(10, batch=8))
    rates = []
    for step in range(1, 11):
        rates.append(trainer.schedule()["G.lr"].flatten().tolist())
        trainer.advance(step)
    assert [rate[0] for rate in rates] == pytest.approx([1e-3 * (1 - i / 10) for i in range(10)])
    assert rates[0][0] == rates[0][1]


def test_the_average_follows_with_a_warmed_up_decay() -> None:
    trainer = Trainer(NonSaturatingGAN(lr=0.1), data.load("ring8"), [0], Plan(5, batch=8))
    average = trainer.state["G"]["weights"].clone()
    for step in range(5):
        trainer.advance(step + 1)
        decay = (1 + step) / (10 + step)
        average = decay * average + (1 - decay) * trainer.state["G"]["weights"]
    torch.testing.assert_close(trainer.state["average"], average)
    assert NonSaturatingGAN(ema=0.9).decay(10_000) == 0.9


@dataclass(frozen=True)
class Summing(NonSaturatingGAN):
    """Carries the sums of all data and noise that the generator's updates were given."""

    def initial_state(self, G: Net, D: Net) -> Tensors:
        return {"total": torch.zeros(2), "noise": torch.zeros(2)}

    def next_state(self, G: Net, D: Net, b: Batch) -> Tensors:
        return {"total": b.total + b.x.sum(0), "noise": b.noise + b.z.sum(0)}


def test_every_update_of_seventy_trains_on_a_batch_of_its_own() -> None:
    """More than two chunks of 32: a trainer that went round in the first chunk would see other sums."""
    with double_precision():
        trainer = Trainer(Summing(), data.load("ring8"), [3, 7], Plan(70, batch=8))
        trainer.advance(70)
        for place, seed in enumerate([3, 7]):
            x, z = [], []
            for chunk in range(3):
                indices = trainer.source.indices(32 * 8, stream(seed, "play", "generator", "data", chunk))
                x.append(trainer.source.examples(indices)[0])
                z.append(torch.randn(32 * 8, 2, generator=stream(seed, "play", "generator", "z", chunk)))
            for name, drawn in (("total", x), ("noise", z)):
                expected = torch.cat(drawn)[: 70 * 8].sum(0)
                torch.testing.assert_close(trainer.state["carried"][name][place], expected)


def test_the_global_generator_is_left_alone() -> None:
    before = torch.random.get_rng_state()
    Sampler(trained(WGANGP(), [0], 1)).draw(3)
    assert torch.equal(before, torch.random.get_rng_state())


@dataclass(frozen=True)
class Exploding(NonSaturatingGAN):
    """Its discriminator's loss becomes infinite half-way, for seeds whose first noise is positive."""

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return super().discriminator_loss(G, D, b) / (1 - (b.progress > 0.5).float())


def test_a_diverged_seed_is_noted_with_its_step() -> None:
    trainer = Trainer(Exploding(), data.load("ring8"), [4], Plan(10, batch=8))
    trainer.run(points=5)
    assert trainer.failures[4].seed == 4
    assert trainer.failures[4].step == 8
    assert trainer.done == 8  # no seed was left to train


def test_history_holds_every_seed_at_every_point() -> None:
    trainer = Trainer(NonSaturatingGAN(), data.load("ring8"), [0, 1], Plan(10, batch=8))
    seen: list[int] = []
    trainer.run(points=4, watch=lambda trainer: seen.append(trainer.done))
    assert [entry["step"] for entry in trainer.history] == seen == [2, 5, 8, 10]
    assert all(len(entry[name]) == 2 for entry in trainer.history for name in ("discriminator", "generator", "monitor"))


@dataclass(frozen=True)
class Shapeless(NonSaturatingGAN):
    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return D(G(b.z))


def test_a_loss_that_is_no_scalar_is_named_with_its_shape() -> None:
    with pytest.raises(BadInput, match=r"Shapeless\.generator_loss must return a scalar tensor, got shape \(32,\)"):
        trained(Shapeless(), [0], 1)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [({"latent": 0}, "latent must be at least 1, got 0"), ({"lr": -1.0}, "lr must be positive"), ({"ema": 1.0}, "ema")],
)
def test_senseless_settings_are_refused(settings: dict[str, float], complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        NonSaturatingGAN(**settings)


@pytest.mark.parametrize("steps", [0, -3])
def test_a_plan_needs_a_step(steps: int) -> None:
    with pytest.raises(BadInput, match=f"steps must be at least 1, got {steps}"):
        Plan(steps)
