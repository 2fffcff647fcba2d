"""WAE-MMD: an autoencoder whose codes match draws of the prior in the eyes of a kernel."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganbench.baseline import Batch, Net
from ganbench.families import PlainAutoencoder
from ganbench.losses import rational_quadratic, unbiased_squared_mmd


@dataclass(frozen=True)
class WAEMMD(PlainAutoencoder):
    """Tolstikhin et al., 2018, Algorithm 2: a squared error plus ``weight`` times the MMD between codes and N(0, I).

    The kernel is the inverse multiquadratic C / (C + d^2) with C twice the length of a code, summed over ``scales``
    of C as in the authors' code, and the MMD the unbiased one. The encoder draws nothing.
    """

    weight: float = 10.0
    scales: tuple[float, ...] = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)

    paper = "Tolstikhin et al., Wasserstein Auto-Encoders, 2018. arXiv:1711.01558"
    claim = "Matching all codes together to the prior keeps a VAE's stability and gives better samples."

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.weight >= 0, "weight", "0 or more")
        self.require(bool(self.scales) and min(self.scales) > 0, "scales", "positive, one or more")

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        codes = G.encode(b.x)
        errors = (b.x - G.decode(codes)).square().flatten(1).sum(1).mean()
        return errors + self.weight * unbiased_squared_mmd(self.kernel, b.z, codes)

    def kernel(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the kernel of all pairs, (n, m)."""
        squares = (a[:, None] - b).square().sum(2)
        return torch.stack([rational_quadratic(squares / (scale * a.shape[1]), 1.0) for scale in self.scales]).sum(0)

    def generate(self, G: Net, b: Batch) -> Tensor:
        return G.decode(b.z)
