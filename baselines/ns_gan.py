"""NS-GAN: the original game with the generator loss that does not saturate."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus

from ganbench.game import Baseline, Batch, Player


@dataclass(frozen=True)
class NonSaturatingGAN(Baseline):
    """Goodfellow et al., 2014, section 3: the generator maximises log D(G(z)), not minimises log(1 - D(G(z)))."""

    paper = "Goodfellow et al., Generative Adversarial Nets, 2014. arXiv:1406.2661"

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return (softplus(-D(b.x)) + softplus(D(G(b.z)))).mean()

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return softplus(-D(G(b.z))).mean()
