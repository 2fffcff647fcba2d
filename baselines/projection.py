"""Projection GAN: the critic takes the inner product of an example's features and a learnt vector of its class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from torch import Tensor, nn
from torch.nn.functional import relu

from ganbench.dataset import Space
from ganbench.game import Baseline, Batch, Player
from ganbench.nets import convolutional, dcgan, mlp
from ganbench.nets.conditional import Conditioned, Projected
from ganbench.nets.layers import SpectralNorm
from ganbench.optim import Adam, Optimizer


@dataclass(frozen=True)
class Projection(Baseline):
    """Miyato & Koyama, 2018, equation 3, on the hinge loss; spectral norm on every layer of the critic.

    The generator is told the class by conditional batch normalisation. Fakes get the labels of the batch's real
    examples.
    """

    n_critic: int = 5
    betas: tuple[float, float] = (0.0, 0.9)

    paper = "Miyato & Koyama, cGANs with Projection Discriminator, 2018. arXiv:1802.05637"
    conditional = True

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        if convolutional(space):
            G, D = dcgan.generator(self.latent, space, width=16), dcgan.critic(space, 16, norm=False, wrap=SpectralNorm)
        else:
            G, D = mlp.generator(self.latent, space), mlp.critic(space, wrap=SpectralNorm)
        trunk = cast("nn.Sequential", D)[:-2]  # all but the last layer and the flattening
        head = cast("nn.Linear", cast("SpectralNorm", cast("nn.Sequential", D)[-2]).layer)
        told = Projected(trunk, head.in_features, space.classes, wrap=SpectralNorm)
        return Conditioned(cast("nn.Sequential", G), space.classes), told

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return (relu(1 - D(b.x, b.y)) + relu(1 + D(G(b.z, b.y), b.y))).mean()

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return -D(G(b.z, b.y), b.y).mean()

    def generate(self, G: Player, b: Batch) -> Tensor:
        return G(b.z, b.y)

    def optimizers(self, progress: float) -> tuple[Optimizer, Optimizer]:
        """Return Adam with rates that fall to zero in a straight line."""
        G, D = (Adam(rate * (1 - progress), self.betas) for rate in self.lr_pair)
        return G, D

    def refuses(self, space: Space, batch: int) -> str | None:
        return "it needs labelled data" if space.classes == 0 else None
