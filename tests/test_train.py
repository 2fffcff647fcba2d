"""The trainer keeps its promises, whatever the losses are."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from ganbench import data
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.baselines.wgan_gp import WGANGP
from ganbench.dataset import Tensors
from ganbench.errors import BadInput
from ganbench.game import Baseline, Batch, Player
from ganbench.optim import Adam, Optimizer
from ganbench.sample import Sampler
from ganbench.train import Plan, Trainer
from tests.games import play, weights


@dataclass(frozen=True)
class Counting(NonSaturatingGAN):
    """Carries a count of generator moves, halves the rates linearly, and projects its critic into a box."""

    box: float = 0.05

    def initial_state(self, G: Player, D: Player) -> Tensors:
        return {"count": torch.zeros(())}

    def next_state(self, G: Player, D: Player, b: Batch) -> Tensors:
        return {"count": b.count + 1}

    def project(self, critic: Tensors) -> Tensors:
        return {name: weight.clamp(-self.box, self.box) for name, weight in critic.items()}

    def optimizers(self, progress: float) -> tuple[Optimizer, Optimizer]:
        return Adam(1e-3 * (1 - progress)), Adam(1e-3)


def test_a_seed_plays_the_same_game_in_any_company() -> None:
    alone, together = play(WGANGP(), [7], 4), play(WGANGP(), [3, 7, 11], 4)
    torch.testing.assert_close(weights(alone, 0), weights(together, 1), atol=1e-6, rtol=0)


def test_the_order_of_seeds_changes_nothing() -> None:
    one, other = play(NonSaturatingGAN(), [3, 7]), play(NonSaturatingGAN(), [7, 3])
    torch.testing.assert_close(weights(one, 0), weights(other, 1), atol=1e-6, rtol=0)


def test_seeds_differ_and_a_seed_repeats_itself_to_the_last_bit() -> None:
    first, again = play(NonSaturatingGAN(), [3, 7]), play(NonSaturatingGAN(), [3, 7])
    assert (weights(first, 0) - weights(first, 1)).abs().max() > 1e-3
    assert torch.equal(weights(first, 0), weights(again, 0))
    assert torch.equal(Sampler(first).draw(10)[0], Sampler(again).draw(10)[0])


def test_seeds_differ_in_their_first_weights_in_their_data_and_in_their_noise() -> None:
    game = play(WGANGP(), [3, 7], 0)
    dealt = game.dealer("critic").deal(0)
    assert {"z", "eps"} < set(dealt)
    differing = {name for name, hand in dealt.items() if not torch.equal(hand[0], hand[1])}
    assert differing == set(dealt)
    for side in "GD":
        assert not torch.equal(*game.state[side]["weights"])


@pytest.mark.parametrize("baseline", [NonSaturatingGAN(), WGANGP(), Counting(), NonSaturatingGAN(order="simultaneous")])
def test_a_replayed_game_is_the_eager_game_bit_for_bit(baseline: Baseline) -> None:
    replayed, eager = play(baseline, [3, 7], 4), play(baseline, [3, 7], 4, way="eager")
    assert torch.equal(weights(replayed, 0), weights(eager, 0))
    assert torch.equal(weights(replayed, 1), weights(eager, 1))


def test_a_restored_game_continues_as_if_nothing_had_happened() -> None:
    whole = play(Counting(), [3, 7], 40)  # past the first deal of 32 moves
    broken = Trainer(Counting(), data.load("ring8"), [3, 7], Plan(40, batch=32))
    broken.advance(17)
    resumed = Trainer(Counting(), data.load("ring8"), [3, 7], Plan(40, batch=32))
    resumed.restore(broken.checkpoint())
    broken.advance(25)  # what happens to the old one afterwards must not matter
    resumed.advance(40)
    assert torch.equal(weights(whole, 1), weights(resumed, 1))
    assert resumed.state["carried"]["count"].tolist() == [40.0, 40.0]
    assert torch.equal(Sampler(whole).draw(16)[0], Sampler(resumed).draw(16)[0])


def test_each_of_k_critic_steps_is_played_and_counted() -> None:
    trainer = play(NonSaturatingGAN(n_critic=3), [0], 2)
    assert trainer.turns == {"critic": 6, "generator": 2, "both": 0}
    assert trainer.state["D"]["optimizer"]["moves"].tolist() == [[6.0]]
    assert trainer.state["G"]["optimizer"]["moves"].tolist() == [[2.0]]


def test_the_order_of_moves_is_the_baseline_s() -> None:
    moves = {
        order: NonSaturatingGAN(order=order).moves(0) for order in ("critic_first", "generator_first", "simultaneous")
    }
    assert moves == {
        "critic_first": ("critic", "generator"),
        "generator_first": ("generator", "critic"),
        "simultaneous": ("both",),
    }


def test_players_who_move_together_look_from_the_same_point() -> None:
    """Swapping the two descents inside a simultaneous move would show here: the generator must see the old critic."""
    together = play(NonSaturatingGAN(order="simultaneous", lr=0.1), [0], 1)
    frozen = play(NonSaturatingGAN(order="simultaneous", lr=(0.1, 1e-12)), [0], 1)
    torch.testing.assert_close(together.state["G"]["weights"], frozen.state["G"]["weights"], atol=1e-7, rtol=0)


def test_the_critic_is_projected_after_each_of_its_moves() -> None:
    trainer = play(Counting(box=0.01), [0, 1], 2)
    assert trainer.state["D"]["weights"].abs().max() <= torch.tensor(0.01)
    assert trainer.state["G"]["weights"].abs().max() > 0.01


def test_schedules_reach_the_optimiser() -> None:
    trainer = Trainer(Counting(), data.load("ring8"), [0, 1], Plan(10, batch=8))
    rates = []
    for step in range(1, 11):
        rates.append(trainer.dials()["G.lr"].flatten().tolist())
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


def test_the_global_generator_is_left_alone() -> None:
    before = torch.random.get_rng_state()
    Sampler(play(WGANGP(), [0], 1)).draw(3)
    assert torch.equal(before, torch.random.get_rng_state())


@dataclass(frozen=True)
class Exploding(NonSaturatingGAN):
    """Its critic's loss becomes infinite half-way, for seeds whose first noise is positive."""

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return super().critic_loss(G, D, b) / (1 - (b.progress > 0.5).float())


def test_a_diverged_seed_is_noted_with_its_step() -> None:
    trainer = Trainer(Exploding(), data.load("ring8"), [4], Plan(10, batch=8))
    trainer.run(points=5)
    assert trainer.failures[4].seed == 4
    assert trainer.failures[4].step == 8
    assert trainer.done == 8  # nobody was left to play on


def test_history_holds_every_seed_at_every_note() -> None:
    trainer = Trainer(NonSaturatingGAN(), data.load("ring8"), [0, 1], Plan(10, batch=8))
    seen: list[int] = []
    trainer.run(points=4, watch=lambda game: seen.append(game.done))
    assert [note["step"] for note in trainer.history] == seen == [2, 5, 8, 10]
    assert all(len(note[name]) == 2 for note in trainer.history for name in ("critic", "generator", "monitor"))


@dataclass(frozen=True)
class Shapeless(NonSaturatingGAN):
    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return D(G(b.z))


def test_a_loss_that_is_no_scalar_is_named_with_its_shape() -> None:
    with pytest.raises(BadInput, match=r"Shapeless\.generator_loss must return a scalar tensor, got shape \(32,\)"):
        play(Shapeless(), [0], 1)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [({"latent": 0}, "latent must be at least 1, got 0"), ({"lr": -1.0}, "lr must be positive"), ({"ema": 1.0}, "ema")],
)
def test_senseless_settings_are_refused(settings: dict[str, float], complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        NonSaturatingGAN(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("steps", [0, -3])
def test_a_plan_needs_a_step(steps: int) -> None:
    with pytest.raises(BadInput, match=f"steps must be at least 1, got {steps}"):
        Plan(steps)
