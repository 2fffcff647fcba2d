"""The vectorised trainer is an ordinary PyTorch loop, repeated; here are such loops, for games of different shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganbench import data
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.baselines.wgan_gp import WGANGP
from ganbench.deal import AHEAD
from ganbench.game import Baseline
from ganbench.sides import seeded
from ganbench.streams import stream
from ganbench.train import Plan, Trainer

BATCH, STEPS, SEEDS = 16, 4, (3, 5)


class Twin:
    """One seed's ordinary game: modules, optimisers, and the draws that its streams give, one move at a time."""

    def __init__(self, baseline: Baseline, seed: int) -> None:
        self.baseline, self.seed = baseline, seed
        self.data = data.load("ring8")
        self.G, self.D = seeded(seed, lambda: baseline.networks(self.data.space))
        self.turns = {"critic": 0, "generator": 0}
        (lr_G, lr_D), betas = baseline.lr_pair, baseline.betas
        self.adam_G = torch.optim.Adam(self.G.parameters(), lr_G, betas)
        self.adam_D = torch.optim.Adam(self.D.parameters(), lr_D, betas)

    def hand(self, move: str, n: int = BATCH) -> dict[str, Tensor]:
        """Draw the next batch of one kind of move."""
        turn, rows = self.turns[move], AHEAD * n
        self.turns[move] += 1
        tickets = self.data.train.tickets(rows, stream(self.seed, "play", move, "data", 0))
        x, _ = self.data.train.examples({k: v[turn * n : turn * n + n] for k, v in tickets.items()})
        drawn = {
            name: draw(rows, stream(self.seed, "play", move, name, 0))[turn * n : turn * n + n]
            for name, draw in self.baseline.noise(self.data.space).items()
        }
        return {"x": x} | drawn


def step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def ns_gan(twin: Twin) -> None:
    b = twin.hand("critic")
    fake = twin.G(b["z"]).detach()
    step(twin.adam_D, softplus(-twin.D(b["x"])).mean() + softplus(twin.D(fake)).mean())
    b = twin.hand("generator")
    step(twin.adam_G, softplus(-twin.D(twin.G(b["z"]))).mean())


def wgan_gp(twin: Twin) -> None:
    for _ in range(5):
        b = twin.hand("critic")
        fake = twin.G(b["z"]).detach()
        between = (b["eps"] * b["x"] + (1 - b["eps"]) * fake).requires_grad_()
        (slopes,) = torch.autograd.grad(twin.D(between).sum(), between, create_graph=True)
        penalty = (slopes.norm(dim=1) - 1).square().mean()
        step(twin.adam_D, twin.D(fake).mean() - twin.D(b["x"]).mean() + 10 * penalty)
    b = twin.hand("generator")
    step(twin.adam_G, -twin.D(twin.G(b["z"])).mean())


@dataclass(frozen=True)
class Case:
    baseline: Baseline
    loop: Callable[[Twin], None]


CASES = {"ns_gan": Case(NonSaturatingGAN(lr=1e-3), ns_gan), "wgan_gp": Case(WGANGP(lr=1e-3), wgan_gp)}


@pytest.mark.parametrize("name", CASES)
def test_every_seed_of_a_group_equals_an_ordinary_loop(name: str) -> None:
    case = CASES[name]
    trainer = Trainer(case.baseline, data.load("ring8"), SEEDS, Plan(STEPS, batch=BATCH))
    trainer.advance(STEPS)
    for seat, seed in enumerate(SEEDS):
        twin = Twin(case.baseline, seed)
        start = torch.cat([weight.detach().flatten() for weight in twin.G.parameters()]).clone()
        for _ in range(STEPS):
            case.loop(twin)
        assert (flat(twin.G) - start).abs().max() > 1e-4  # the loop went somewhere
        for side, net in (("G", twin.G), ("D", twin.D)):
            torch.testing.assert_close(trainer.state[side]["weights"][seat], flat(net), atol=2e-6, rtol=0)


def flat(net: nn.Module) -> Tensor:
    return torch.cat([weight.detach().flatten() for weight in net.parameters()])
