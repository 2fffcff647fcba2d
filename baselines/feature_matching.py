"""Feature matching: the generator aims at the mean of the critic's features, not at its verdict."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.functional import softplus

from ganbench import nets
from ganbench.dataset import Space
from ganbench.game import Baseline, Batch, Player
from ganbench.nets.autoencoder import in_two


@dataclass(frozen=True)
class FeatureMatching(Baseline):
    """Salimans et al., 2016, section 3.1: squared distance between batch means of the critic's last hidden layer."""

    lr: float | tuple[float, float] = 3e-4

    paper = "Salimans et al., Improved Techniques for Training GANs, 2016. arXiv:1606.03498"

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        return nets.generator(self.latent, space), in_two(space)

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        real, fake = D.head(D.features(b.x)), D.head(D.features(G(b.z)))
        return (softplus(-real) + softplus(fake)).mean()

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return (D.features(b.x).mean(0) - D.features(G(b.z)).mean(0)).square().sum()
