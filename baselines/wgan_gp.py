"""WGAN-GP: a Wasserstein critic whose gradient norm is pulled towards one between real and generated points."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ganbench.baseline import Batch, Net
from ganbench.families import GradientPenalised
from ganbench.losses import between, gradient_penalty


@dataclass(frozen=True)
class WGANGP(GradientPenalised):
    """Gulrajani et al., 2017, Algorithm 1; the penalty is two-sided, one interpolation per sample."""

    penalty: float = 10.0
    d_steps: int = 5
    lr: float | tuple[float, float] = 1e-4
    betas: tuple[float, float] = (0.0, 0.9)

    paper = "Gulrajani et al., Improved Training of Wasserstein GANs, 2017. arXiv:1704.00028"
    claim = "Penalising the critic's gradient norm trains many architectures without tuning, better than clipping."

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        fake = G(b.z)
        penalties = gradient_penalty(D, between(b.x, fake, b.eps))
        return (D(fake) - D(b.x) + self.penalty * penalties).mean()
