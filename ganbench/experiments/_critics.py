"""Critics trained alone, against fakes that do not learn: what a loss does to a critic, without a game around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor, nn

from ganbench.data.mixtures import ring
from ganbench.dataset import Dataset, Space, Tensors
from ganbench.game import Baseline, Batch, Draw, Move, Player
from ganbench.optim import Adam, Optimizer
from ganbench.sides import Side
from ganbench.train import Plan, Trainer


@dataclass(frozen=True, kw_only=True)
class CriticAlone(Baseline):
    """The critic's half of ``game``; z is the fake itself, drawn by ``fakes``, and ``net`` makes the critic."""

    game: Baseline
    net: Callable[[], nn.Module]
    fakes: Draw
    critic_lr: float = 0.0  # of Adam with the game's betas; 0: the game's own optimiser

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        return nn.Identity(), self.net()

    def noise(self, space: Space) -> dict[str, Draw]:
        return self.game.noise(space) | {"z": self.fakes}

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return self.game.critic_loss(G, D, b)

    def project(self, critic: Tensors) -> Tensors:
        return self.game.project(critic)

    def optimizers(self, progress: float) -> tuple[Optimizer, Optimizer]:
        if self.critic_lr:
            return Adam(self.critic_lr, self.game.betas), Adam(self.critic_lr, self.game.betas)
        return self.game.optimizers(progress)

    def moves(self, step: int) -> tuple[Move, ...]:
        return ("critic",)


def tower(widths: Sequence[int], wrap: Callable[[nn.Linear], nn.Module] | None = None, he: bool = False) -> nn.Module:
    """``(n, widths[0]) -> (n,)``: dense layers with ReLU between, in torch's own initialisation or He's."""
    layers: list[nn.Module] = []
    for i, (inputs, outputs) in enumerate(zip(widths, [*widths[1:], 1], strict=True)):
        dense = nn.Linear(inputs, outputs)
        if he:
            nn.init.kaiming_normal_(dense.weight)
            nn.init.zeros_(dense.bias)
        layers += [nn.ReLU()] if i else []
        layers.append(wrap(dense) if wrap else dense)
    return nn.Sequential(*layers, nn.Flatten(0))


def toy_ring() -> Dataset:
    """Return the ring of the WGAN-GP paper's code: radius 2 and deviation 0.02, both divided by 1.414."""
    return ring(radius=sqrt(2), sd=0.01 * sqrt(2))


def around(data: Dataset) -> Draw:
    """Draw fakes as WGAN-GP's figure 1 has them: fresh real points plus standard normal noise."""

    def draw(n: int, stream: torch.Generator) -> Tensor:
        x, _ = data.train.examples(data.train.tickets(n, stream))
        return x + torch.randn(x.shape, generator=stream)

    return draw


def train(alone: CriticAlone, data: Dataset, seeds: Sequence[int], steps: int, batch: int = 128) -> list[Player]:
    """Return each seed's trained critic in float64, spectral norms settled."""
    trainer = Trainer(alone, data, seeds, Plan(steps, batch=batch))
    trainer.run(points=1)
    side, mine = trainer.moves.sides["D"], trainer.state["D"]
    rows, buffers = mine["weights"].double(), settled(side, mine["weights"].double(), mine["buffers"])
    return [side.player(row, {name: each[i] for name, each in buffers.items()}) for i, row in enumerate(rows)]


def settled(side: Side, rows: Tensor, buffers: Tensors) -> Tensors:
    """Return the buffers in float64 after enough power iterations for the spectral norms of the final weights."""
    fresh = {name: buffer.double() for name, buffer in buffers.items()}
    for _ in range(200 if fresh else 0):
        fresh = side.refresh(rows, fresh)
    return fresh
