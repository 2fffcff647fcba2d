"""NS-GAN: the original GAN with the generator loss that does not saturate."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ganbench.baseline import Baseline, Batch, Net
from ganbench.losses import logistic, non_saturating


@dataclass(frozen=True)
class NonSaturatingGAN(Baseline):
    """Goodfellow et al., 2014, section 3: the generator maximises log D(G(z)), not minimises log(1 - D(G(z)))."""

    paper = "Goodfellow et al., Generative Adversarial Nets, 2014. arXiv:1406.2661"
    claim = "Maximising log D(G(z)) has the same fixed point and much stronger gradients early in learning."

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return logistic(D(b.x), D(G(b.z)))

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return non_saturating(D(G(b.z)))
