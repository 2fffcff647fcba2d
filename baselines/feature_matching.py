"""Feature matching: the generator aims at the mean of the discriminator's features, not at its output."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from ganbench import nets
from ganbench.baseline import Baseline, Batch, Net
from ganbench.dataset import Space
from ganbench.losses import logistic
from ganbench.nets.autoencoder import features_and_head


@dataclass(frozen=True)
class FeatureMatching(Baseline):
    """Salimans et al., 2016, section 3.1: squared distance between batch means of the last hidden layer."""

    lr: float | tuple[float, float] = 3e-4

    paper = "Salimans et al., Improved Techniques for Training GANs, 2016. arXiv:1606.03498"
    claim = "Matching mean activations helps where a GAN is unstable; samples look no better."

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        return nets.generator(self.latent, space), features_and_head(space)

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        real, fake = D.head(D.features(b.x)), D.head(D.features(G(b.z)))
        return logistic(real, fake)

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return (D.features(b.x).mean(0) - D.features(G(b.z)).mean(0)).square().sum()

    def realness(self, D: Net, x: Tensor, y: Tensor) -> Tensor | None:
        return D.head(D.features(x))
