"""SSGAN: the discriminator also tells by how much an image was turned, which keeps its features useful."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ganbench.baseline import Baseline, Batch, Net
from ganbench.dataset import Space
from ganbench.losses import hinge, negative_mean
from ganbench.nets import discriminator, generator
from ganbench.nets.layers import SpectralNorm

TURNS = 4


@dataclass(frozen=True)
class SSGAN(Baseline):
    """Chen et al., 2019, section 3, on the hinge loss with spectral norm on every layer of the discriminator.

    The discriminator returns (n, 1 + 4): real or fake, then logits of the four quarter turns. A quarter of a batch is
    shown in all four; real images teach the discriminator which turn is which (``d_weight``), and the generator makes
    images whose turns it recognises (``g_weight``). Real or fake is asked of upright images alone. Of the paper's
    architecture no more is here: its ResNets are ``networks = "resnet"``.
    """

    d_weight: float = 1.0
    g_weight: float = 0.2

    paper = "Chen et al., Self-Supervised GANs via Auxiliary Rotation Loss, 2019. arXiv:1811.11212"
    claim = "A discriminator that also recognises rotations forgets less, and does without labels what labels do."

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("d_weight", "g_weight"):
            self.require(getattr(self, name) >= 0, name, "0 or more")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        return generator(self.latent, space), discriminator(space, out=1 + TURNS, wrap=SpectralNorm)

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return hinge(D(b.x)[:, 0], D(G(b.z))[:, 0]) + self.d_weight * turn_loss(D, b.x)

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        fake = G(b.z)
        return negative_mean(D(fake)[:, 0]) + self.g_weight * turn_loss(D, fake)

    def unsupported(self, space: Space, batch: int) -> str | None:
        if not space.is_image or space.shape[1] != space.shape[2]:
            return "it needs square images, which a quarter turn leaves as large as they are"
        return None

    def realness(self, D: Net, x: Tensor, y: Tensor) -> Tensor | None:
        return D(x)[:, 0]


def turned(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return images (n, c, side, side) in all four orientations, (4 n, c, side, side), and their turns, (4 n,)."""
    turns = torch.arange(TURNS, device=x.device).repeat_interleave(len(x))
    return torch.cat([x.rot90(k, (2, 3)) for k in range(TURNS)]), turns


def turn_loss(D: Net, x: Tensor) -> Tensor:
    """Return the cross entropy of the turns of the first quarter of a batch, at least of one image, in nats."""
    images, turns = turned(x[: max(len(x) // TURNS, 1)])
    return cross_entropy(D(images)[:, 1:], turns)
