"""RaLSGAN: a least-squares discriminator compares each example with the average of the other kind."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ganbench.baseline import Baseline, Batch, Net
from ganbench.losses import relativistic_average_least_squares


@dataclass(frozen=True)
class RelativisticAverageLSGAN(Baseline):
    """Jolicoeur-Martineau, 2018, section 4.2, least squares; not halved, as the paper has it."""

    paper = "Jolicoeur-Martineau, The relativistic discriminator, 2018. arXiv:1807.00734"
    claim = "Judging against the average of the other side is more stable and gives better samples, also for squares."

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return relativistic_average_least_squares(D(b.x), D(G(b.z)))

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return relativistic_average_least_squares(D(G(b.z)), D(b.x))
