"""One seed's ordinary game for the twin tests: modules, torch's own optimisers, and the draws of its streams."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from ganbench import data
from ganbench.deal import AHEAD
from ganbench.game import Baseline
from ganbench.sides import seeded
from ganbench.streams import stream
from ganbench.train import Plan, Trainer

BATCH, STEPS, SEEDS = 16, 4, (3, 5)


class Twin:
    """What an ordinary script would hold: two networks, two optimisers, one thing carried from step to step."""

    def __init__(self, baseline: Baseline, seed: int, rule: type[torch.optim.Optimizer] = torch.optim.Adam) -> None:
        self.baseline, self.seed = baseline, seed
        self.data = data.load("ring8")
        self.G: Any
        self.D: Any
        self.G, self.D = seeded(seed, lambda: baseline.networks(self.data.space))
        self.turns = {"critic": 0, "generator": 0, "both": 0}
        self.done = 0
        self.k = torch.zeros(())
        self.average = flat(self.G).clone()
        beliefs: dict[str, Any] = {"betas": baseline.betas} if rule is torch.optim.Adam else {}
        self.opt_G, self.opt_D = (
            rule([*net.parameters()] or [torch.zeros(1)], lr=rate, **beliefs)  # type: ignore[call-arg]
            for net, rate in zip((self.G, self.D), baseline.lr_pair, strict=True)
        )

    def hand(self, move: str, n: int = BATCH) -> dict[str, Tensor]:
        """Draw the next batch of one kind of move."""
        turn, rows = self.turns[move], AHEAD * n
        self.turns[move] += 1
        mine = slice(turn * n, turn * n + n)
        tickets = self.data.train.tickets(rows, stream(self.seed, "play", move, "data", 0))
        x, y = self.data.train.examples({name: ticket[mine] for name, ticket in tickets.items()})
        noise = self.baseline.noise(self.data.space).items()
        drawn = {name: draw(rows, stream(self.seed, "play", move, name, 0))[mine] for name, draw in noise}
        return {"x": x, "y": y} | drawn

    def play(self, loop: Callable[[Twin], None]) -> None:
        """Play all steps; the average of the generator's weights forgets its untrained start."""
        for i in range(STEPS):
            loop(self)
            decay = min(self.baseline.ema, (1 + i) / (10 + i))
            self.average = decay * self.average + (1 - decay) * flat(self.G)
            self.done = i + 1


@dataclass(frozen=True)
class Case:
    """A baseline beside its ordinary loop."""

    baseline: Baseline
    loop: Callable[[Twin], None]
    rule: type[torch.optim.Optimizer] = torch.optim.Adam


def step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def flat(net: nn.Module) -> Tensor:
    """All weights of a network in one row."""
    weights = [weight.detach().flatten() for weight in net.parameters()]
    return torch.cat(weights) if weights else torch.zeros(0)


def real(logits: Tensor) -> Tensor:
    """Cross entropy of a critic that should say 1."""
    return binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def fake(logits: Tensor) -> Tensor:
    """Cross entropy of a critic that should say 0."""
    return binary_cross_entropy_with_logits(logits, torch.zeros_like(logits))


def compare(case: Case, atol: float, way: str) -> None:
    """Raise AssertionError unless each seed of a group ends where its ordinary loop does."""
    trainer = Trainer(case.baseline, data.load("ring8"), SEEDS, Plan(STEPS, batch=BATCH, way=way))
    trainer.advance(STEPS)
    for seat, seed in enumerate(SEEDS):
        twin = Twin(case.baseline, seed, case.rule)
        start = flat(twin.G)
        twin.play(case.loop)
        assert (flat(twin.G) - start).abs().max() > 1e-4  # the loop went somewhere
        found = {side: trainer.state[side]["weights"][seat] for side in "GD"}
        found["average"] = trainer.state["average"][seat]
        expected = {"G": flat(twin.G), "D": flat(twin.D), "average": twin.average}
        torch.testing.assert_close(found, expected, atol=atol, rtol=0)
        for k in trainer.state["carried"].values():
            assert twin.k > 0
            torch.testing.assert_close(k[seat], twin.k, atol=atol, rtol=0)


@contextmanager
def double_precision() -> Iterator[None]:
    """Let networks, draws and data be float64: a kink or Adam's sign of a zero slope then meets no rounding noise."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.double)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
