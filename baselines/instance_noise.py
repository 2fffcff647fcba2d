"""Instance noise: the discriminator's inputs, real and fake, carry noise that fades as training goes on."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ganbench.baseline import Baseline, Batch, Draw, Net, normal
from ganbench.dataset import Space
from ganbench.losses import logistic, non_saturating


@dataclass(frozen=True)
class InstanceNoise(Baseline):
    """Sønderby et al., 2016, section 3: both distributions are smoothed, so that they overlap; samples stay clean.

    The noise's standard deviation falls from ``sd`` to zero in a straight line.
    """

    sd: float = 0.5

    paper = "Sønderby et al., Amortised MAP Inference for Image Super-resolution, 2016. arXiv:1610.04490"
    claim = "Noise on real and generated examples gives both a common support, which makes training well defined."

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.sd >= 0, "sd", "0 or more")

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": normal(self.latent), "n_real": normal(*space.shape), "n_fake": normal(*space.shape)}

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return logistic(D(b.x + self.sd_now(b) * b.n_real), D(G(b.z) + self.sd_now(b) * b.n_fake))

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return non_saturating(D(G(b.z) + self.sd_now(b) * b.n_fake))

    def sd_now(self, b: Batch) -> Tensor:
        """Return the noise's standard deviation at this step."""
        return self.sd * (1 - b.progress)
