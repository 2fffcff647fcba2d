"""BigGAN: a large class-conditional GAN; each block sees the class and a part of the noise, and noise is truncated."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganbench.baseline import Batch, Draw, Net, integers, normal, truncated_normal
from ganbench.dataset import Space
from ganbench.families import Conditional
from ganbench.losses import hinge, negative_mean
from ganbench.nets import biggan, dcgan


@dataclass(frozen=True)
class BigGAN(Conditional):
    """Brock et al., 2018, section 3: shared embeddings, hierarchical noise, orthogonal regularisation, hinge loss.

    Spectral norm is on every layer of both networks but the embedding, weights start orthogonal. The generator pays
    ``orthogonal`` times the squared inner products of its filters (section 3.1, R_beta), which makes it bear truncated
    noise: with a ``truncation`` above 0 samples are made of normal numbers that are drawn anew where they exceed it.
    What made the paper's large is not here: batches of 2048, 96 channels times up to 16, attention at 64 pixels;
    ``width`` is the number of channels of every block, as in the authors' networks for CIFAR, which have 256.
    """

    orthogonal: float = 1e-4
    truncation: float = 0.0  # largest noise that samples are made of; 0: no limit
    d_steps: int = 2
    lr: float | tuple[float, float] = (5e-5, 2e-4)
    betas: tuple[float, float] = (0.0, 0.999)
    ema: float = 0.9999

    paper = (
        "Brock, Donahue & Simonyan, Large Scale GAN Training for High Fidelity Natural Image Synthesis, 2018. "
        "arXiv:1809.11096"
    )
    claim = "Larger batches and networks improve samples; truncated noise trades their diversity for quality."

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.orthogonal >= 0, "orthogonal", "0 or more")
        self.require(self.truncation >= 0, "truncation", "0 (no limit) or more")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        width = space.networks.width or 32
        return biggan.Generator(self.latent, space, width), biggan.discriminator(space, width)

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": normal(self.latent), "y_fake": integers(max(space.classes, 1))}

    def sampling_noise(self, space: Space) -> dict[str, Draw]:
        return {"z": truncated_normal(self.latent, limit=self.truncation) if self.truncation else normal(self.latent)}

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return hinge(D(b.x, b.y), D(G(b.z, b.y_fake), b.y_fake))

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return negative_mean(D(G(b.z, b.y_fake), b.y_fake)) + self.orthogonal * overlap(G)

    def unsupported(self, space: Space, batch: int) -> str | None:
        if need := dcgan.unfit(space):
            return f"it needs {need}"
        if (parts := biggan.parts(space)) > self.latent:
            return f"its noise is cut into {parts} parts: latent must be at least {parts}, got {self.latent}"
        return super().unsupported(space, batch)


def overlap(G: Net) -> Tensor:
    """Return the squared inner products of different filters, summed over all layers but the shared embedding."""
    layers = [weight for name, weight in G.weights.items() if weight.ndim > 1 and not name.startswith("shared.")]
    return torch.stack([off_diagonal(weight.flatten(1)).square().sum() for weight in layers]).sum()


def off_diagonal(filters: Tensor) -> Tensor:
    """Return the inner products of filters (n, numbers) with each other, and zeros for those with themselves."""
    itself = torch.eye(len(filters), dtype=filters.dtype, device=filters.device)
    return filters @ filters.T * (1 - itself)
