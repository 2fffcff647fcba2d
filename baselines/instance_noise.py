"""Instance noise: the critic sees real and fake through the same fog, which lifts as training goes on."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus

from ganbench.dataset import Space
from ganbench.game import Baseline, Batch, Draw, Player, normal


@dataclass(frozen=True)
class InstanceNoise(Baseline):
    """Sønderby et al., 2016, section 3: both laws are smoothed, so that they overlap; samples stay clean.

    The noise's standard deviation falls from ``sd`` to zero on a line.
    """

    sd: float = 0.5

    paper = "Sønderby et al., Amortised MAP Inference for Image Super-resolution, 2016. arXiv:1610.04490"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.sd >= 0, "sd", "0 or more")

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": normal(self.latent), "n_real": normal(*space.shape), "n_fake": normal(*space.shape)}

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return (softplus(-D(b.x + self.now(b) * b.n_real)) + softplus(D(G(b.z) + self.now(b) * b.n_fake))).mean()

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return softplus(-D(G(b.z) + self.now(b) * b.n_fake)).mean()

    def now(self, b: Batch) -> Tensor:
        """Return the noise's standard deviation at this step."""
        return self.sd * (1 - b.progress)
