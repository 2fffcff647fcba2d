"""Minibatch discrimination: the critic sees how close each sample is to the others of its batch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganbench import nets
from ganbench.dataset import Space
from ganbench.game import Baseline, Batch, Player
from ganbench.nets.autoencoder import in_two, width


@dataclass(frozen=True)
class MinibatchDiscrimination(Baseline):
    """Salimans et al., 2016, section 3.2, on the non-saturating game; real and fake batches are judged apart.

    ``kernels`` closenesses, each in ``dimensions`` dimensions (B and C of the paper), stand beside the critic's last
    features; the critic starts without regard to them. A sample is among those that it is compared with, as printed.
    """

    kernels: int = 100
    dimensions: int = 5
    lr: float | tuple[float, float] = 3e-4

    paper = "Salimans et al., Improved Techniques for Training GANs, 2016. arXiv:1606.03498"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("kernels", "dimensions"):
            self.require(getattr(self, name) >= 1, name, "at least 1")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        critic = in_two(space)
        closeness = Closeness(width(critic), self.kernels, self.dimensions)
        last = nn.Linear(width(critic) + self.kernels, 1)
        nn.init.zeros_(last.weight[:, -self.kernels :])
        D = nn.Sequential(critic["features"], closeness, last, nn.Flatten(0))
        return nets.generator(self.latent, space), D

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return (softplus(-D(b.x)) + softplus(D(G(b.z)))).mean()

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return softplus(-D(G(b.z))).mean()


class Closeness(nn.Module):
    """``(n, A) -> (n, A + B)``: features, then for each of B kernels the summed closeness to all rows of the batch."""

    def __init__(self, features: int, kernels: int, dimensions: int) -> None:
        super().__init__()
        self.T = nn.Parameter(torch.randn(features, kernels, dimensions) / features**0.5)

    def forward(self, f: Tensor) -> Tensor:
        M = torch.einsum("na,abc->bnc", f, self.T)
        closeness = (-torch.cdist(M, M, p=1)).exp().sum(2)
        return torch.cat([f, closeness.T], 1)
