"""RaHingeGAN: a hinge critic compares each example with the average of the other kind."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import relu

from ganbench.game import Baseline, Batch, Player


@dataclass(frozen=True)
class RelativisticAverageHingeGAN(Baseline):
    """Jolicoeur-Martineau, 2018, section 4.2, hinge loss; not halved, as the paper has it."""

    paper = "Jolicoeur-Martineau, The relativistic discriminator, 2018. arXiv:1807.00734"

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return contest(D(b.x), D(G(b.z)))

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return contest(D(G(b.z)), D(b.x))


def contest(winner: Tensor, loser: Tensor) -> Tensor:
    """Loss of whoever wants ``winner`` above the average ``loser``, and ``loser`` below the average ``winner``."""
    return relu(1 + loser.mean() - winner).mean() + relu(1 + loser - winner.mean()).mean()
