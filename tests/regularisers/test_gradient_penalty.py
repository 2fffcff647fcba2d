"""R1 and R2 around any loss: worked values, and the baselines of those names."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.baselines.wgan import WGAN
from ganbench.data import load
from ganbench.regularisers import around
from ganbench.training import registry
from ganbench.training.trainer import Plan, Trainer
from tests.baselines.fixtures import FAKE, REAL, curved, exactly

RING = load("ring8")


@pytest.mark.parametrize(("name", "x"), [("r1", REAL), ("r2", FAKE)])
@pytest.mark.parametrize("base", [NonSaturatingGAN, WGAN])
def test_half_of_gamma_times_the_squared_gradient_is_added(name: str, x: torch.Tensor, base: type) -> None:
    G, D, b = curved()
    plain, cls = base(), around(base, [name])
    points = x.clone().requires_grad_()
    (grad,) = torch.autograd.grad(D(points).sum(), points)
    added = 4.0 / 2 * grad.square().sum(1).mean()
    settings: dict[str, Any] = {f"{name}_gamma": 4.0}
    total = cls(**settings).discriminator_loss(G, D, b)
    exactly(total - plain.discriminator_loss(G, D, b), added.item())
    exactly(cls().generator_loss(G, D, b), plain.generator_loss(G, D, b).item())


@pytest.mark.parametrize(("name", "x"), [("lazy_r1", REAL), ("lazy_r2", FAKE)])
def test_a_lazy_penalty_is_in_every_third_loss_and_three_times_as_large_there(name: str, x: torch.Tensor) -> None:
    G, D, b = curved()
    points = x.clone().requires_grad_()
    (grad,) = torch.autograd.grad(D(points).sum(), points)
    added = 3 * 4.0 / 2 * grad.square().sum(1).mean()
    plain = NonSaturatingGAN().discriminator_loss(G, D, b)
    settings: dict[str, Any] = {f"{name}_gamma": 4.0, f"{name}_every": 3}
    baseline = around(NonSaturatingGAN, [name])(**settings)
    for update in range(7):
        now = baseline.in_phase(baseline.phase(update))
        exactly(now.discriminator_loss(G, D, b) - plain, added.item() if update % 3 == 0 else 0.0)


def test_a_lazy_penalty_in_every_update_trains_to_the_bits_of_the_one_that_is_not() -> None:
    states = []
    for name, settings in (("ns_gan+r1", {}), ("ns_gan+lazy_r1", {"lazy_r1_every": 1})):
        trainer = Trainer(registry.configure(name, settings, RING), RING, [0, 1], Plan(4, 16))
        trainer.advance(4)
        states.append(trainer.state["D"]["weights"])
    assert torch.equal(*states)


def test_a_lazy_penalty_goes_on_from_a_checkpoint_as_if_nothing_had_happened() -> None:
    def trainer() -> Trainer:
        return Trainer(registry.configure("ns_gan+lazy_r1", {"lazy_r1_every": 3}, RING), RING, [0], Plan(8, 16))

    whole, part, rest = trainer(), trainer(), trainer()
    whole.advance(8)
    part.advance(4)
    rest.restore(part.checkpoint())
    rest.advance(8)
    assert torch.equal(rest.state["D"]["weights"], whole.state["D"]["weights"])
