"""RealNVP: an invertible network, trained by the exact likelihood of the data and sampled by its inverse."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi, prod

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from ganbench.baseline import Batch, Draw, Net, normal, uniform
from ganbench.dataset import Space
from ganbench.families import WithoutDiscriminator
from ganbench.nets.coupling import flow


@dataclass(frozen=True)
class RealNVP(WithoutDiscriminator):
    """Dinh et al., 2017: affine couplings under masks in turns, and a standard normal prior.

    Images are rounded to ``levels`` even grey levels, spread evenly within their level (section 4.1), and unbounded by
    the logit of numbers from ``edge`` to 1 - ``edge``. Couplings are perceptrons of flat examples; the paper's are
    residual convolutions on several scales, with batch normalisation.
    """

    couplings: int = 8
    width: int = 128
    levels: int = 256
    edge: float = 0.05

    paper = "Dinh, Sohl-Dickstein & Bengio, Density Estimation using Real NVP, 2017. arXiv:1605.08803"
    claim = "Couplings give exact likelihoods, exact samples in one pass and exact codes, all by one network."

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.couplings >= 2, "couplings", "at least 2: one leaves half of the numbers as they are")
        self.require(self.width >= 1, "width", "at least 1")
        self.require(self.levels >= 2, "levels", "at least 2")
        self.require(0 < self.edge < 0.5, "edge", "between 0 and 0.5")

    def unused_fields(self) -> dict[str, str]:
        return super().unused_fields() | {"latent": "its codes are as large as an example"}

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        return flow(space, self.couplings, self.width), nn.Identity()

    def noise(self, space: Space) -> dict[str, Draw]:
        return self.sampling_noise(space) | ({"u": uniform(*space.shape)} if space.is_image else {})

    def sampling_noise(self, space: Space) -> dict[str, Draw]:
        return {"z": normal(*space.shape)}

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return the negative log-likelihood in nats per example; of images, that of numbers from 0 to 1."""
        x, stretched = self.unbounded(b) if b.x.ndim == 4 else (b.x, torch.zeros_like(b.x[:, 0]))
        z = x.flatten(1)
        for i in range(self.couplings):
            scale, shift = getattr(G, str(i))(z).chunk(2, dim=1)
            z = z * scale.exp() + shift
            stretched = stretched + scale.sum(1)
        return ((z.square() + log(2 * pi)).sum(1) / 2 - stretched).mean()

    def monitor(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return the loss per number of an example, in bits; of images, per pixel of so many levels."""
        bits = self.generator_loss(G, D, b) / (prod(b.x.shape[1:]) * log(2))
        return bits + (log(self.levels) / log(2) if b.x.ndim == 4 else 0.0)

    def unbounded(self, b: Batch) -> tuple[Tensor, Tensor]:
        """Return the logits of images (n, ...), and the log of how much they stretch numbers from 0 to 1, (n,)."""
        level = ((b.x + 1) / 2 * (self.levels - 1)).round()
        inner = self.edge + (1 - 2 * self.edge) * (level + b.u) / self.levels
        logits = inner.log() - (-inner).log1p()
        stretched = log(1 - 2 * self.edge) - logsigmoid(logits) - logsigmoid(-logits)
        return logits, stretched.flatten(1).sum(1)

    def generate(self, G: Net, b: Batch) -> Tensor:
        x = b.z.flatten(1)
        for i in reversed(range(self.couplings)):
            scale, shift = getattr(G, str(i))(x).chunk(2, dim=1)
            x = (x - shift) * (-scale).exp()
        x = x.view_as(b.z)
        return ((2 * x.sigmoid() - 1) / (1 - 2 * self.edge)).clamp(-1, 1) if x.ndim == 4 else x

    def unsupported(self, space: Space, batch: int) -> str | None:
        if space.is_image and (space.low, space.high) != (-1, 1):
            return "it needs images in [-1, 1]"
        return None
