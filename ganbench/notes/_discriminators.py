"""Discriminators trained alone, against fakes that do not learn: what a loss does to a discriminator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor, nn

from ganbench.baseline import Baseline, Batch, Draw, Net, Update
from ganbench.data.mixtures import ring
from ganbench.dataset import Dataset, Space, Tensors
from ganbench.optim import Adam, Optimizer
from ganbench.training.functional import StackedNet
from ganbench.training.trainer import Plan, Trainer


@dataclass(frozen=True, kw_only=True)
class DiscriminatorAlone(Baseline):
    """The discriminator of ``method``, made by ``net``; z is the fake itself, drawn by ``fakes``."""

    method: Baseline
    net: Callable[[], nn.Module]
    fakes: Draw
    discriminator_lr: float = 0.0  # of Adam with the method's betas; 0: the method's own optimiser

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        return nn.Identity(), self.net()

    def noise(self, space: Space) -> dict[str, Draw]:
        return self.method.noise(space) | {"z": self.fakes}

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return self.method.discriminator_loss(G, D, b)

    def project(self, discriminator: Tensors) -> Tensors:
        return self.method.project(discriminator)

    def optimizers(self, progress: float) -> tuple[Optimizer, Optimizer]:
        if self.discriminator_lr:
            return Adam(self.discriminator_lr, self.method.betas), Adam(self.discriminator_lr, self.method.betas)
        return self.method.optimizers(progress)

    def updates(self, step: int) -> tuple[Update, ...]:
        return ("discriminator",)


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
        x, _ = data.train.examples(data.train.indices(n, stream))
        return x + torch.randn(x.shape, generator=stream)

    return draw


def train(alone: DiscriminatorAlone, data: Dataset, seeds: Sequence[int], steps: int, batch: int = 128) -> list[Net]:
    """Return each seed's trained discriminator in float64, spectral norms settled."""
    trainer = Trainer(alone, data, seeds, Plan(steps, batch=batch))
    trainer.run(points=1)
    stacked, state = trainer.updates.stacked["D"], trainer.state["D"]
    rows, buffers = state["weights"].double(), settled(stacked, state["weights"].double(), state["buffers"])
    return [stacked.net(row, {name: each[i] for name, each in buffers.items()}) for i, row in enumerate(rows)]


def settled(stacked: StackedNet, rows: Tensor, buffers: Tensors) -> Tensors:
    """Return the buffers in float64 after enough power iterations for the spectral norms of the final weights."""
    fresh = {name: buffer.double() for name, buffer in buffers.items()}
    for _ in range(200 if fresh else 0):
        fresh = stacked.refresh(rows, fresh)
    return fresh
