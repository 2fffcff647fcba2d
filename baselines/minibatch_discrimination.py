"""Minibatch discrimination: the discriminator is told how close each sample is to the others of its batch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganbench import nets
from ganbench.baseline import Baseline, Batch, Net
from ganbench.dataset import Space
from ganbench.losses import logistic, non_saturating
from ganbench.nets.autoencoder import feature_count, features_and_head


@dataclass(frozen=True)
class MinibatchDiscrimination(Baseline):
    """Salimans et al., 2016, section 3.2, on the non-saturating GAN; real and fake batches are not mixed.

    ``kernels`` closenesses, each in ``dimensions`` dimensions (B and C of the paper), are appended to the features of
    the last hidden layer; their first weights are zero. A sample is among those that it is compared with, as printed.
    """

    kernels: int = 100
    dimensions: int = 5
    lr: float | tuple[float, float] = 3e-4

    paper = "Salimans et al., Improved Techniques for Training GANs, 2016. arXiv:1606.03498"
    claim = "A discriminator that sees a batch at once punishes a generator whose samples are alike."

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("kernels", "dimensions"):
            self.require(getattr(self, name) >= 1, name, "at least 1")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        discriminator = features_and_head(space)
        features = feature_count(discriminator)
        closeness = Closeness(features, self.kernels, self.dimensions)
        last = nn.Linear(features + self.kernels, 1)
        nn.init.zeros_(last.weight[:, -self.kernels :])
        D = nn.Sequential(discriminator["features"], closeness, last, nn.Flatten(0))
        return nets.generator(self.latent, space), D

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return logistic(D(b.x), D(G(b.z)))

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return non_saturating(D(G(b.z)))

    def realness(self, D: Net, x: Tensor, y: Tensor) -> Tensor | None:
        return None


class Closeness(nn.Module):
    """``(n, A) -> (n, A + B)``: features, then for each of B kernels the summed closeness to all rows of the batch."""

    def __init__(self, features: int, kernels: int, dimensions: int) -> None:
        super().__init__()
        self.T = nn.Parameter(torch.randn(features, kernels, dimensions) / features**0.5)

    def forward(self, f: Tensor) -> Tensor:
        M = torch.einsum("na,abc->bnc", f, self.T)
        closeness = (-torch.cdist(M, M, p=1)).exp().sum(2)
        return torch.cat([f, closeness.T], 1)
