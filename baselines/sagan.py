"""SAGAN: both players may look at the whole image at once, through one layer of self-attention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from torch import Tensor, nn
from torch.nn.functional import relu

from ganbench.dataset import Space
from ganbench.game import Baseline, Batch, Player
from ganbench.nets import dcgan
from ganbench.nets.attention import SelfAttention
from ganbench.nets.layers import SpectralNorm


@dataclass(frozen=True)
class SAGAN(Baseline):
    """Zhang et al., 2018: attention at half the image's size, the hinge loss, spectral norm in both players.

    The critic learns four times as fast as the generator. ``width`` is the number of channels next to the image.
    """

    width: int = 16
    lr: float | tuple[float, float] = (1e-4, 4e-4)
    betas: tuple[float, float] = (0.0, 0.9)

    paper = "Zhang et al., Self-Attention Generative Adversarial Networks, 2018. arXiv:1805.08318"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.width >= 1, "width", "at least 1")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        G = list(cast("nn.Sequential", dcgan.generator(self.latent, space, self.width)))
        D = list(cast("nn.Sequential", dcgan.critic(space, self.width, norm=False, wrap=SpectralNorm)))
        wrapped = [SpectralNorm(one) if isinstance(one, nn.Linear | nn.ConvTranspose2d) else one for one in G]
        attending = [*wrapped[:-2], SelfAttention(self.width, SpectralNorm), *wrapped[-2:]]
        looking = [*D[:2], SelfAttention(self.width, SpectralNorm), *D[2:]]
        return nn.Sequential(*attending), nn.Sequential(*looking)

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return (relu(1 - D(b.x)) + relu(1 + D(G(b.z)))).mean()

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return -D(G(b.z)).mean()

    def refuses(self, space: Space, batch: int) -> str | None:
        if space.is_image and space.shape[1] == space.shape[2] and space.shape[1] in dcgan.PLANS:
            return None
        return f"it needs square images of side {', '.join(map(str, dcgan.PLANS))}"
