"""RSGAN: the critic says which of a real and a fake example is the real one."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus

from ganbench.game import Baseline, Batch, Player


@dataclass(frozen=True)
class RSGAN(Baseline):
    """Jolicoeur-Martineau, 2018, section 4.1: the i-th real example is compared with the i-th fake, no other."""

    paper = "Jolicoeur-Martineau, The relativistic discriminator, 2018. arXiv:1807.00734"

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return softplus(D(G(b.z)) - D(b.x)).mean()

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return softplus(D(b.x) - D(G(b.z))).mean()
