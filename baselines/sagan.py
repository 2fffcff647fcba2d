"""SAGAN: both networks relate distant parts of an image through one layer of self-attention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from torch import Tensor, nn

from ganbench.baseline import Baseline, Batch, Net
from ganbench.dataset import Space
from ganbench.losses import hinge, negative_mean
from ganbench.nets import dcgan
from ganbench.nets.attention import SelfAttention
from ganbench.nets.layers import SpectralNorm


@dataclass(frozen=True)
class SAGAN(Baseline):
    """Zhang et al., 2018: attention at half the image's size, the hinge loss, spectral norm in both networks.

    The discriminator learns four times as fast as the generator. ``width`` is the number of channels next to the image.
    Of its architecture the attention is here, in DCGAN's networks and without classes; the paper's are ResNets of 128
    pixels that are told the class. On images of 8 pixels attention relates 16 places, about as many as a convolution.
    """

    width: int = 16
    lr: float | tuple[float, float] = (1e-4, 4e-4)
    betas: tuple[float, float] = (0.0, 0.9)

    paper = "Zhang et al., Self-Attention Generative Adversarial Networks, 2018. arXiv:1805.08318"
    claim = "Attention over the whole image and two learning rates model structures that convolutions miss."

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.width >= 1, "width", "at least 1")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        G = list(cast("nn.Sequential", dcgan.generator(self.latent, space, self.width)))
        D = list(cast("nn.Sequential", dcgan.discriminator(space, self.width, norm=False, wrap=SpectralNorm)))
        wrapped = [SpectralNorm(one) if isinstance(one, nn.Linear | nn.ConvTranspose2d) else one for one in G]
        attention = [SelfAttention(self.width, SpectralNorm) for _ in range(2)]
        return nn.Sequential(*wrapped[:-2], attention[0], *wrapped[-2:]), nn.Sequential(*D[:2], attention[1], *D[2:])

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return hinge(D(b.x), D(G(b.z)))

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return negative_mean(D(G(b.z)))

    def unsupported(self, space: Space, batch: int) -> str | None:
        return f"it needs {need}" if (need := dcgan.unfit(space)) else None
