"""Optimisers of any baseline: worked steps, and the bilinear game xy against its closed form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pytest
import torch
from torch import nn

from ganbench import data
from ganbench.baseline import Baseline
from ganbench.errors import BadInput
from ganbench.optim import SGD, Adam, LookaheadSteps, OptimisticSteps
from ganbench.regularisers import around
from ganbench.training import registry
from ganbench.training.trainer import Plan, Trainer, unsupported
from tests.training.test_optim import optimized
from tests.training.textbook import double_precision

RING = data.load("ring8")
H = 0.1  # the rate of the game


def one() -> nn.Linear:
    layer = nn.Linear(1, 1, bias=False)
    nn.init.ones_(layer.weight)
    return layer


@dataclass(frozen=True)
class Bilinear(Baseline):
    """The generator's weight descends xy, the discriminator's climbs it."""

    lr: float | tuple[float, float] = H
    order: Any = "simultaneous"

    def networks(self, space):
        return one(), one()

    def product(self, G, D, b):
        return D(G(torch.ones_like(b.z[:, :1]))).mean()

    def discriminator_loss(self, G, D, b):
        return -self.product(G, D, b)

    def generator_loss(self, G, D, b):
        return self.product(G, D, b)

    def optimizers(self, progress):
        return SGD(self.lr_pair[0]), SGD(self.lr_pair[1])


def simultaneous(z: complex) -> complex:
    return z + 1j * H * z


def plain() -> Iterator[complex]:
    z = 1 + 1j
    while True:
        z = simultaneous(z)
        yield z


def extragradient() -> Iterator[complex]:
    z = 1 + 1j
    while True:
        z = z + 1j * H * simultaneous(z)
        yield z


def optimistic() -> Iterator[complex]:
    z, before = 1 + 1j, 0j
    while True:
        step = 1j * H * z
        z, before = z + 2 * step - before, step
        yield z


def lookahead() -> Iterator[complex]:
    z = slow = 1 + 1j
    while True:
        for _ in range(4):
            z = simultaneous(z)
            yield z
        z = slow = (slow + simultaneous(z)) / 2
        yield z


GAMES: dict[str, Callable[[], Iterator[complex]]] = {
    "": plain,
    "extragradient": extragradient,
    "optimistic": optimistic,
    "lookahead": lookahead,
}


@pytest.mark.parametrize("backend", ["traced", "loop"])
@pytest.mark.parametrize("name", GAMES)
def test_the_bilinear_game_is_played_as_its_closed_form_says(name: str, backend: str) -> None:
    cls = around(Bilinear, [name]) if name else Bilinear
    with double_precision():
        trainer = Trainer(cls(), RING, [0, 1], Plan(60, 4, backend=backend))
        points = list(islice(GAMES[name](), 60))
        for step in (1, 2, 5, 6, 60):
            trainer.advance(step)
            z = points[step - 1]
            for part, expected in (("G", z.real), ("D", z.imag)):
                weights = trainer.state[part]["weights"].flatten()
                torch.testing.assert_close(weights, torch.full_like(weights, expected), rtol=1e-12, atol=1e-12)
    grows = abs(points[-1]) > abs(1 + 1j)
    assert grows == (name == "")


def test_two_steps_of_optimistic_adam_by_hand() -> None:
    # without epsilon each first step of Adam is the rate; the second gradient is as large, and so is its step
    rule = OptimisticSteps(Adam(0.1, (0.5, 0.5), eps=0.0))
    start, grads = torch.zeros(1, 1, dtype=torch.double), torch.ones(3, 1, 1, dtype=torch.double)
    assert [round(float(optimized(rule, start, grads[:n])), 12) for n in (1, 2, 3)] == [-0.2, -0.3, -0.4]


def test_lookahead_keeps_half_of_the_way_of_three_steps() -> None:
    rule = LookaheadSteps(SGD(0.1), period=3, alpha=0.5)
    start, grads = torch.zeros(1, 1, dtype=torch.double), torch.ones(7, 1, 1, dtype=torch.double)
    steps = [round(float(optimized(rule, start, grads[:n])), 12) for n in range(1, 8)]
    assert steps == [-0.1, -0.2, -0.15, -0.25, -0.35, -0.3, -0.4]


def test_the_numbers_of_the_next_update_are_those_of_its_schedule() -> None:
    rule = LookaheadSteps(OptimisticSteps(Adam(0.1)), period=3)
    for count in range(1, 7):
        now = {name: torch.tensor([float(value)], dtype=torch.double) for name, value in rule.schedule(count).items()}
        after = {name: float(value) for name, value in rule.following(now).items()}
        assert after == pytest.approx(rule.schedule(count + 1), abs=1e-12)


def test_a_discriminator_of_several_updates_goes_back_after_as_many_more() -> None:
    G, D = registry.configure("wgan_gp+lookahead", {"lookahead_every": 3}, RING).optimizers(0.0)
    assert isinstance(G, LookaheadSteps)
    assert isinstance(D, LookaheadSteps)
    assert (G.period, D.period) == (3, 15)
    assert (G.base, D.base) == registry.configure("wgan_gp", {}, RING).optimizers(0.0)


def test_optimisers_go_around_each_other_and_around_methods_without_a_discriminator() -> None:
    G, _ = registry.configure("ns_gan+lookahead+optimistic", {}, RING).optimizers(0.0)
    assert isinstance(G, LookaheadSteps)
    assert isinstance(G.base, OptimisticSteps)
    vae = registry.configure("vae:gaussian+lookahead", {}, RING)
    assert unsupported(vae, RING, 16) is None
    Trainer(vae, RING, [0], Plan(6, 16)).advance(6)
    refused = registry.configure("vae:gaussian+extragradient", {}, RING)
    assert unsupported(refused, RING, 16) == "extragradient needs a discriminator"
    assert unsupported(registry.configure("noise+optimistic", {}, RING), RING, 16) == (
        "optimistic needs a baseline that is trained"
    )


def test_extragradient_makes_one_update_of_both_networks_a_step() -> None:
    baseline = registry.configure("wgan_gp+extragradient", {}, RING)
    assert baseline.updates(0) == ("both",)
    with pytest.raises(BadInput, match="d_steps = 3 has no effect: both networks are updated at once"):
        registry.configure("wgan_gp+extragradient", {"d_steps": 3}, RING)


@pytest.mark.parametrize("settings", [{"lookahead_every": 0}, {"lookahead_alpha": 0.0}])
def test_a_field_out_of_range_is_named(settings: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=next(iter(settings))):
        registry.configure("ns_gan+lookahead", settings, RING)
