"""Projection GAN: the discriminator adds the inner product of an example's features and a vector of its class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from torch import Tensor, nn

from ganbench.baseline import Batch, Net, Update
from ganbench.dataset import Space
from ganbench.families import Conditional
from ganbench.losses import hinge, negative_mean
from ganbench.nets import discriminator, generator, kind_of
from ganbench.nets.conditional import Conditioned, Projected
from ganbench.nets.layers import SpectralNorm, SumPool
from ganbench.optim import Adam, Optimizer


@dataclass(frozen=True)
class Projection(Conditional):
    """Miyato & Koyama, 2018, equation 3, on the hinge loss; spectral norm on every layer of the discriminator.

    The generator is told the class by conditional batch normalisation. Fakes get the labels of the batch's real
    examples; the generator's batches are twice as large, as in the authors' code. Features of images are sums over all
    places, so that the discriminator's answers grow fast: on MNIST it needs a smaller rate than the generator. Of its
    architecture no more is here: networks are the shared ones, where the paper has ResNets (``networks = "resnet"``).
    """

    d_steps: int = 5
    betas: tuple[float, float] = (0.0, 0.9)

    paper = "Miyato & Koyama, cGANs with Projection Discriminator, 2018. arXiv:1802.05637"
    claim = "An inner product with the class's embedding uses labels better than concatenation or a classifier."
    version = 2

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        G = cast("nn.Sequential", generator(self.latent, space))
        D = cast("nn.Sequential", discriminator(space, wrap=SpectralNorm))
        features: nn.Module = D[:-2]  # all but the last layer and the flattening
        size = cast("nn.Linear", cast("SpectralNorm", D[-2]).layer).in_features
        if kind_of(space) == "dcgan":  # a resnet has its sum already
            features = nn.Sequential(*D[:-3], SumPool())
            size = cast("nn.Conv2d", cast("SpectralNorm", D[-5]).layer).out_channels
        projected = Projected(features, size, space.classes, wrap=SpectralNorm)
        return Conditioned(G, space.classes), projected

    def unsupported(self, space: Space, batch: int) -> str | None:
        if kind_of(space) == "r3gan":
            return "networks = 'r3gan' have no normalisation that could be told a class"
        return super().unsupported(space, batch)

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return hinge(D(b.x, b.y), D(G(b.z, b.y), b.y))

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return negative_mean(D(G(b.z, b.y), b.y))

    def batch_size(self, update: Update, batch: int) -> int:
        return 2 * batch if update == "generator" else batch

    def optimizers(self, progress: float) -> tuple[Optimizer, Optimizer]:
        """Return Adam with rates that fall to zero in a straight line."""
        G, D = (Adam(rate * (1 - progress), self.betas) for rate in self.lr_pair)
        return G, D
