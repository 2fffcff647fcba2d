"""SNGAN: a hinge critic whose every layer is divided by its spectral norm."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.functional import relu

from ganbench.dataset import Space
from ganbench.game import Baseline, Batch, Move, Player
from ganbench.nets import convolutional, dcgan, generator, mlp
from ganbench.nets.layers import SpectralNorm
from ganbench.optim import Adam, Optimizer


@dataclass(frozen=True)
class SNGAN(Baseline):
    """Miyato et al., 2018, Algorithm 1 and equations 16-17; rates fall to zero, generator batches are twice as large.

    Dense layers become 1-Lipschitz; a convolution's norm may exceed that of its kernel as a matrix.
    """

    n_critic: int = 5
    betas: tuple[float, float] = (0.0, 0.9)

    paper = "Miyato et al., Spectral Normalization for Generative Adversarial Networks, 2018. arXiv:1802.05957"

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        if convolutional(space):
            return generator(self.latent, space), dcgan.critic(space, width=16, norm=False, wrap=SpectralNorm)
        return generator(self.latent, space), mlp.critic(space, wrap=SpectralNorm)

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return (relu(1 - D(b.x)) + relu(1 + D(G(b.z)))).mean()

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return -D(G(b.z)).mean()

    def optimizers(self, progress: float) -> tuple[Optimizer, Optimizer]:
        G, D = (Adam(rate * (1 - progress), self.betas) for rate in self.lr_pair)
        return G, D

    def batch_size(self, move: Move, batch: int) -> int:
        return 2 * batch if move == "generator" else batch
