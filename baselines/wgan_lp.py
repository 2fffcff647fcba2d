"""WGAN-LP: a Wasserstein critic that pays only for gradient norms above one."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ganbench.baseline import Batch, Net
from ganbench.families import GradientPenalised
from ganbench.losses import between, lipschitz_penalty


@dataclass(frozen=True)
class WGANLP(GradientPenalised):
    """Petzka et al., 2018: the one-sided penalty, which some retellings take for that of WGAN-GP."""

    penalty: float = 10.0
    d_steps: int = 5
    lr: float | tuple[float, float] = 1e-4
    betas: tuple[float, float] = (0.0, 0.9)

    paper = "Petzka et al., On the Regularization of Wasserstein GANs, 2018. arXiv:1709.08894"
    claim = "Penalising only gradient norms above one is less sensitive to the weight and converges faster."

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        fake = G(b.z)
        penalties = lipschitz_penalty(D, between(b.x, fake, b.eps))
        return (D(fake) - D(b.x) + self.penalty * penalties).mean()
