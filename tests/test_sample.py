"""A sample depends on its seed and its number, and on nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.data import load
from ganbench.dataset import Dataset, Space, Tensors
from ganbench.deal import AHEAD, Dealer
from ganbench.game import Batch, Player, integers, normal
from ganbench.nets import dcgan, mlp
from ganbench.sample import ROWS, Sampler
from ganbench.streams import stream
from tests.games import play


@dataclass(frozen=True)
class Normed(NonSaturatingGAN):
    """Its generator has BatchNorm."""

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        return dcgan.generator(self.latent, space, width=4), mlp.critic(space, width=8)


@dataclass(frozen=True)
class Remembering(NonSaturatingGAN):
    """Generates the i-th of ten fitted examples."""

    def fit(self, G: Player, data: Dataset, stream: torch.Generator) -> Tensors:
        x, _ = data.train.examples(data.train.tickets(10, stream))
        return {"kept": x}

    def generate(self, G: Player, b: Batch) -> Tensor:
        return b.kept[b.index % 10]


def test_asking_for_more_samples_leaves_the_first_ones_as_they_were() -> None:
    sampler = Sampler(play(NonSaturatingGAN(), [0, 1]))
    few, many = sampler.draw(10)[0], sampler.draw(2 * ROWS + 3)[0]
    assert many.shape == (2, 2 * ROWS + 3, 2)
    assert torch.equal(few, many[:, :10])


def test_samples_of_a_seed_are_the_same_in_any_company() -> None:
    alone, together = Sampler(play(NonSaturatingGAN(), [7])), Sampler(play(NonSaturatingGAN(), [3, 7]))
    torch.testing.assert_close(alone.draw(8)[0][0], together.draw(8)[0][1], atol=1e-6, rtol=0)


def test_a_sample_does_not_depend_on_its_batch_even_under_batch_norm() -> None:
    trainer = play(Normed(latent=3), [0], dataset="digits")
    sampler = Sampler(trainer)
    batch = sampler.batch("sample", 0, 4)
    whole = sampler.generate(sampler.side, batch)
    one = sampler.generate(sampler.side, {k: v if k == "progress" else v[:, :1] for k, v in batch.items()})
    torch.testing.assert_close(one, whole[:, :1])
    assert sampler.buffers["2.mean"].abs().max() > 0  # statistics were gathered, not left at their start


def test_sampling_leaves_the_game_untouched() -> None:
    trainer = play(Normed(latent=3), [0], dataset="digits")
    before = trainer.checkpoint()["state"]
    Sampler(trainer).draw(5)
    assert all(
        torch.equal(old, new)
        for old, new in zip(before["G"]["buffers"].values(), trainer.state["G"]["buffers"].values(), strict=True)
    )
    assert torch.equal(before["average"], trainer.state["average"])


def test_fitted_tensors_and_running_numbers_reach_generate() -> None:
    x, _ = Sampler(play(Remembering(), [0, 1], 1)).draw(ROWS + 20)
    assert torch.equal(x[:, :10], x[:, 10:20])
    assert torch.equal(x[:, ROWS], x[:, ROWS % 10])
    assert not torch.equal(x[0, :10], x[1, :10])


def test_hands_come_from_streams_named_by_seed_move_and_name() -> None:
    source = load("digits").train
    noise = {"z": normal(3), "code": integers(5)}
    device = torch.device("cpu")
    both = Dealer("critic", [4, 9], 6, source, noise, device)
    alone = Dealer("critic", [9], 6, source, noise, device)
    other = Dealer("generator", [9], 6, source, noise, device)
    for turn in (0, 1, AHEAD - 1, AHEAD, 3):
        hand = alone.deal(turn)
        assert all(torch.equal(both.deal(turn)[name][1], hand[name][0]) for name in hand)
        assert not torch.equal(hand["z"], other.deal(turn)["z"])
    first = torch.randn(AHEAD * 6, 3, generator=stream(9, "play", "critic", "z", 0))[:6]
    assert torch.equal(alone.deal(0)["z"][0], first)


def test_no_two_turns_get_the_same_hand() -> None:
    dealer = Dealer("critic", [0], 4, load("ring8").train, {"z": normal(2)}, torch.device("cpu"))
    hands = {tuple(dealer.deal(turn)["z"].flatten().tolist()) for turn in range(2 * AHEAD)}
    assert len(hands) == 2 * AHEAD


def test_another_noise_disturbs_no_draw_of_the_others() -> None:
    source, device = load("ring8").train, torch.device("cpu")
    plain = Dealer("critic", [0], 4, source, {"z": normal(2)}, device).deal(5)
    richer = Dealer("critic", [0], 4, source, {"a": normal(7), "z": normal(2)}, device).deal(5)
    assert all(torch.equal(plain[name], richer[name]) for name in plain)
