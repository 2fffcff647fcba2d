"""SNGAN: a hinge discriminator whose every layer is divided by its spectral norm."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from ganbench.baseline import Baseline, Batch, Net, Update
from ganbench.dataset import Space
from ganbench.losses import hinge, negative_mean
from ganbench.nets import discriminator, generator
from ganbench.nets.layers import SpectralNorm
from ganbench.optim import Adam, Optimizer


@dataclass(frozen=True)
class SNGAN(Baseline):
    """Miyato et al., 2018, Algorithm 1 and equations 16-17; rates fall to zero, generator batches are twice as large.

    Dense layers become 1-Lipschitz; a convolution's norm may exceed that of its kernel as a matrix. Of its networks
    nothing is here but the normalisation: they are the shared ones, two to four convolutions of 16 channels or more
    for images of more than 16 pixels, where the paper has seven of 64 to 512 channels, or a ResNet: that of its table 4
    is ``networks = "resnet"``.
    """

    d_steps: int = 5
    betas: tuple[float, float] = (0.0, 0.9)

    paper = "Miyato et al., Spectral Normalization for Generative Adversarial Networks, 2018. arXiv:1802.05957"
    claim = "Normalising weights by their spectral norm is cheap and stable over many rates and architectures."

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        return generator(self.latent, space), discriminator(space, wrap=SpectralNorm)

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return hinge(D(b.x), D(G(b.z)))

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return negative_mean(D(G(b.z)))

    def optimizers(self, progress: float) -> tuple[Optimizer, Optimizer]:
        """Return Adam with rates that fall to zero in a straight line."""
        G, D = (Adam(rate * (1 - progress), self.betas) for rate in self.lr_pair)
        return G, D

    def batch_size(self, update: Update, batch: int) -> int:
        return 2 * batch if update == "generator" else batch
