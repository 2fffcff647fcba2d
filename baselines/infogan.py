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
from ganbench.nets.autoencoder import feature_count, features_and_head
from ganbench.nets.layers import BatchNorm
from ganbench.nets.mlp import LEAK


@dataclass(frozen=True)
class InfoGAN(Baseline):
    """Chen et al., 2016, equations 5-6: both losses contain the codes' negative log-likelihoods, read off fakes only.

    ``weight`` is that of the category, ``continuous_weight`` that of the continuous codes: smaller, as the paper asks,
    so that they do not outweigh the adversarial loss. The discriminator returns (n, 1 + categories + continuous): real
    or fake, class logits, means of unit Gaussians; Q has a hidden layer of its own, as in the paper, on the
    discriminator's last. The entropy of the codes is a constant, which the losses leave out. But for Q, networks are
    the shared ones: the discriminator has no BatchNorm.
    """

    categories: int = 10
    continuous: int = 2
    weight: float = 1.0
    continuous_weight: float = 0.1
    lr: float | tuple[float, float] = (1e-3, 2e-4)

    paper = (
        "Chen et al., InfoGAN: Interpretable Representation Learning by Information Maximizing Generative Adversarial "
        "Nets, 2016. arXiv:1606.03657"
    )
    claim = "Mutual information between some codes and samples makes these codes meaningful without labels."
    version = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.categories >= 1, "categories", "at least 1")
        self.require(self.continuous >= 0, "continuous", "0 or more")
        for name in ("weight", "continuous_weight"):
            self.require(getattr(self, name) >= 0, name, "0 or more")

    def unused_fields(self) -> dict[str, str]:
        return super().unused_fields() | (
            {} if self.continuous else {"continuous_weight": "there are no continuous codes"}
        )

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        codes, parts = self.categories + self.continuous, features_and_head(space)
        Q = read_out(feature_count(parts), codes)
        return nets.generator(self.latent + codes, space), Reading(parts["features"], parts["head"], Q)

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
        return logistic(D(b.x)[:, 0], fake[:, 0]) + self.price(fake, b)

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        fake = D(self.generate(G, b))
        return non_saturating(fake[:, 0]) + self.price(fake, b)

    def price(self, fake: Tensor, b: Batch) -> Tensor:
        """Return what both losses pay for codes that cannot be read off the fakes."""
        category, continuous = self.nlls(fake, b)
        return self.weight * category + self.continuous_weight * continuous

    def nlls(self, fake: Tensor, b: Batch) -> tuple[Tensor, Tensor]:
        """Means over the batch of -log Q of the category and of the continuous codes, in nats."""
        category, mean = fake[:, 1 : 1 + self.categories], fake[:, 1 + self.categories :]
        return cross_entropy(category, b.category), gaussian_nll(b.code, mean, sd=1.0).mean()

    def monitor(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return the bound on the mutual information of code and sample, in nats."""
        entropy = log(self.categories) + self.continuous * log(2)
        category, continuous = self.nlls(D(self.generate(G, b)), b)
        return entropy - category - continuous

    def realness(self, D: Net, x: Tensor, y: Tensor) -> Tensor | None:
        return D(x)[:, 0]


class Reading(nn.Module):
    """``x -> (n, 1 + codes)``: a discriminator's number, and what Q reads off its last hidden layer."""

    def __init__(self, features: nn.Module, head: nn.Module, Q: nn.Module) -> None:
        super().__init__()
        self.features, self.head, self.Q = features, head, Q

    def forward(self, x: Tensor) -> Tensor:
        features = self.features(x)
        return torch.cat([self.head(features)[:, None], self.Q(features)], 1)


def read_out(features: int, codes: int, width: int = 128) -> nn.Module:
    """Return Q's own layers (appendix C.1)."""
    hidden = [nn.Linear(features, width, bias=False), BatchNorm(width), nn.LeakyReLU(LEAK)]
    return nn.Sequential(*hidden, nn.Linear(width, codes))
