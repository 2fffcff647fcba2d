"""Consensus optimisation: both losses also contain the length of the gradient field, which is to vanish."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganbench.baseline import Baseline, Batch, Net, Order
from ganbench.dataset import Tensors
from ganbench.losses import logistic, non_saturating
from ganbench.optim import Optimizer, RMSProp


@dataclass(frozen=True)
class Consensus(Baseline):
    """Mescheder et al., 2017, Algorithm 1, on the non-saturating GAN: each loss gains gamma/2 times |v|^2.

    v joins the gradients of both losses, each with respect to its own network's weights; both are updated at once. On
    ring8 the paper's gamma makes small gradients worth more than good samples: after 500 steps of the suite `search` at
    rate 3e-3, 0.4 % of the samples are good and 3 to 6 of 8 modes captured; with 0.1, 9 % and all. Networks are
    the shared, piecewise linear ones, so that rows differ in losses alone: of the second derivatives in v, those within
    a unit are zero, and only those across layers are left.
    """

    gamma: float = 10.0
    order: Order = "simultaneous"
    lr: float | tuple[float, float] = 1e-4

    paper = "Mescheder et al., The Numerics of GANs, 2017. arXiv:1705.10461"
    claim = "Descending the norm of the gradient field makes training converge where it would circle."

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.gamma >= 0, "gamma", "0 or more")

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return discriminator_part(G, D, b) + self.gamma / 2 * field(G, D, b)

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return generator_part(G, D, b) + self.gamma / 2 * field(G, D, b)

    def monitor(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return the length of the vector field."""
        return field(G, D, b).sqrt()

    def optimizers(self, progress: float) -> tuple[Optimizer, Optimizer]:
        return RMSProp(self.lr_pair[0]), RMSProp(self.lr_pair[1])


def discriminator_part(G: Net, D: Net, b: Batch) -> Tensor:
    return logistic(D(b.x), D(G(b.z)))


def generator_part(G: Net, D: Net, b: Batch) -> Tensor:
    return non_saturating(D(G(b.z)))


def field(G: Net, D: Net, b: Batch) -> Tensor:
    """Squared length of v, the gradients of both losses."""
    gradients: list[Tensors] = [
        G.grad(lambda G: generator_part(G, D, b)),
        D.grad(lambda D: discriminator_part(G, D, b)),
    ]
    return torch.stack([gradient.square().sum() for each in gradients for gradient in each.values()]).sum()
