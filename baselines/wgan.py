"""WGAN: the critic estimates a Wasserstein distance, kept Lipschitz by clipping its weights."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ganbench.baseline import Batch, Net
from ganbench.dataset import Tensors
from ganbench.families import Clipped
from ganbench.losses import negative_mean, wasserstein


@dataclass(frozen=True)
class WGAN(Clipped):
    """Arjovsky et al., 2017, Algorithm 1: every weight, none of the gradients, is clipped after each critic step."""

    clip: float = 0.01
    d_steps: int = 5
    lr: float | tuple[float, float] = 5e-5

    paper = "Arjovsky et al., Wasserstein GAN, 2017. arXiv:1701.07875"
    claim = "The earth mover's distance has gradients everywhere: training is stable and the loss follows quality."

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return wasserstein(D(b.x), D(G(b.z)))

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return negative_mean(D(G(b.z)))

    def monitor(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return the critic's estimate of the Wasserstein distance, times its unknown Lipschitz constant."""
        return -self.discriminator_loss(G, D, b)

    def project(self, discriminator: Tensors) -> Tensors:
        return self.clipped(discriminator)
