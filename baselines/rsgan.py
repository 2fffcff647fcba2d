"""RSGAN: the discriminator says which of a real and a fake example is the real one."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ganbench.baseline import Baseline, Batch, Net
from ganbench.losses import relativistic


@dataclass(frozen=True)
class RSGAN(Baseline):
    """Jolicoeur-Martineau, 2018, section 4.1: the i-th real example is compared with the i-th fake, no other."""

    paper = "Jolicoeur-Martineau, The relativistic discriminator, 2018. arXiv:1807.00734"
    claim = "Judging real and generated examples in pairs makes the discriminator's target what divergences imply."

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return relativistic(D(b.x), D(G(b.z)))

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return relativistic(D(G(b.z)), D(b.x))
