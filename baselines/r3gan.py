"""R3GAN: relativistic pairs, and a penalty on the discriminator's gradient at both kinds of examples."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi

from torch import Tensor, nn

from ganbench.baseline import Baseline, Batch, Net
from ganbench.dataset import Space
from ganbench.losses import relativistic, zero_centred_penalty
from ganbench.nets import discriminator, generator
from ganbench.optim import Adam, Optimizer


@dataclass(frozen=True)
class R3GAN(Baseline):
    """Huang et al., 2024, section 2: RSGAN with R1 and R2, no normalisation layer anywhere.

    Rates, beta2 and gamma ease from their first to their last value on half a cosine, here over the whole run. Networks
    are the shared ones without normalisation; the paper's second half turns StyleGAN2's into grouped residual blocks,
    which are ``networks = "r3gan"``. Its schedule of the averaged weights' decay is not here.
    """

    gamma: float = 1.0
    last_gamma: float = 0.1
    last_lr: float = 0.25  # of the first
    last_beta2: float = 0.99
    betas: tuple[float, float] = (0.0, 0.9)

    paper = "Huang et al., The GAN is dead; long live the GAN!, 2024. arXiv:2501.05441"
    claim = "A relativistic loss with both gradient penalties needs no tricks: it converges and drops no modes."

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        return generator(self.latent, space, norm=False), discriminator(space)

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        fake = G(b.z)
        penalties = zero_centred_penalty(D, b.x) + zero_centred_penalty(D, fake)  # R1 and R2
        gamma = self.last_gamma + (self.gamma - self.last_gamma) * (1 + (pi * b.progress).cos()) / 2
        return relativistic(D(b.x), D(fake)) + gamma / 2 * penalties.mean()

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return relativistic(D(G(b.z)), D(b.x))

    def monitor(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return by how much the discriminator puts real examples above fake ones."""
        return (D(b.x) - D(G(b.z))).mean()

    def optimizers(self, progress: float) -> tuple[Optimizer, Optimizer]:
        left = (1 + cos(pi * progress)) / 2
        betas = self.betas[0], self.last_beta2 + (self.betas[1] - self.last_beta2) * left
        G, D = (Adam(rate * (self.last_lr + (1 - self.last_lr) * left), betas) for rate in self.lr_pair)
        return G, D
