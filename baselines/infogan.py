"""InfoGAN: part of the noise is a code that a head of the discriminator reads off the sample."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ganbench import nets
from ganbench.baseline import Baseline, Batch, Draw, Net, integers, one_hot, uniform
from ganbench.dataset import Space
from ganbench.losses import gaussian_nll, logistic, non_saturating
from ganbench.nets.autoencoder import encoder


@dataclass(frozen=True)
class InfoGAN(Baseline):
    """Chen et al., 2016, equations 5-6: both losses contain ``weight`` times the code's negative log-likelihood.

    The discriminator returns (n, 1 + categories + continuous): real or fake, class logits, means of unit Gaussians; Q
    shares all layers but the last. Codes are read off fakes only. The entropy of the codes is a constant, which
    the losses leave out.
    """

    categories: int = 10
    continuous: int = 2
    weight: float = 1.0
    lr: float | tuple[float, float] = (1e-3, 2e-4)

    paper = (
        "Chen et al., InfoGAN: Interpretable Representation Learning by Information Maximizing Generative Adversarial "
        "Nets, 2016. arXiv:1606.03657"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.categories >= 1, "categories", "at least 1")
        self.require(self.continuous >= 0, "continuous", "0 or more")
        self.require(self.weight >= 0, "weight", "0 or more")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        codes = self.categories + self.continuous
        return nets.generator(self.latent + codes, space), encoder(space, 1 + codes)

    def noise(self, space: Space) -> dict[str, Draw]:
        return {
            "z": uniform(self.latent, low=-1.0),
            "category": integers(self.categories),
            "code": uniform(self.continuous, low=-1.0),
        }

    def generate(self, G: Net, b: Batch) -> Tensor:
        return G(torch.cat([b.z, one_hot(b.category, self.categories).to(b.z.dtype), b.code], 1))

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        fake = D(self.generate(G, b))
        return logistic(D(b.x)[:, 0], fake[:, 0]) + self.weight * self.nll(fake, b)

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        fake = D(self.generate(G, b))
        return non_saturating(fake[:, 0]) + self.weight * self.nll(fake, b)

    def nll(self, fake: Tensor, b: Batch) -> Tensor:
        """Mean of -log Q(c | G(z, c)) over the batch, in nats."""
        category, mean = fake[:, 1 : 1 + self.categories], fake[:, 1 + self.categories :]
        return cross_entropy(category, b.category) + gaussian_nll(b.code, mean, sd=1.0).mean()

    def monitor(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return the bound on the mutual information of code and sample, in nats."""
        entropy = log(self.categories) + self.continuous * log(2)
        return entropy - self.nll(D(self.generate(G, b)), b)
