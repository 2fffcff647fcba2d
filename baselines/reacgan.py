"""ReACGAN: the class is judged among the batch's own embeddings of unit length, not by a softmax over classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from ganbench.baseline import Batch, Draw, Net, integers, normal, one_hot
from ganbench.dataset import Space
from ganbench.families import Conditional
from ganbench.losses import hinge, negative_mean
from ganbench.nets import discriminator, generator, kind_of
from ganbench.nets.conditional import Conditioned
from ganbench.nets.layers import SpectralNorm


@dataclass(frozen=True)
class ReACGAN(Conditional):
    """Kang et al., 2021, equation 6 (D2D-CE) beside the hinge loss; spectral norm in the discriminator.

    The discriminator returns (n, 1 + ``embedding``): real or fake, then an embedding; classes have vectors of that
    length, and both are scaled to length one. ``margin`` is the similarity to its class's vector above which an
    example costs no more; one to others below 1 - ``margin`` costs nothing either. Fakes are of classes drawn
    uniformly. The paper's networks are BigGAN's; here they are the shared ones, with conditional normalisation.
    """

    weight: float = 0.5
    margin: float = 0.98
    temperature: float = 0.5
    embedding: int = 64
    betas: tuple[float, float] = (0.5, 0.999)

    paper = "Kang et al., Rebooting ACGAN: Auxiliary Classifier GANs with Stable Training, 2021. arXiv:2111.01118"
    claim = "Unit embeddings and relations between examples cure the collapse that ACGAN's classifier brings about."

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.weight >= 0, "weight", "0 or more")
        self.require(0 < self.margin <= 1, "margin", "in (0, 1]")
        self.require(self.temperature > 0, "temperature", "positive")
        self.require(self.embedding >= 2, "embedding", "at least 2")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        G = Conditioned(cast("nn.Sequential", generator(self.latent, space)), space.classes)
        parts = {
            "judge": discriminator(space, out=1 + self.embedding, wrap=SpectralNorm),
            "proxies": nn.Linear(space.classes, self.embedding, bias=False),
        }
        return G, nn.ModuleDict(parts)

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": normal(self.latent), "y_fake": integers(max(space.classes, 1))}

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        real, fake = D.judge(b.x), D.judge(G(b.z, b.y_fake))
        return hinge(real[:, 0], fake[:, 0]) + self.weight * self.class_loss(D, real, b.y)

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        fake = D.judge(G(b.z, b.y_fake))
        return negative_mean(fake[:, 0]) + self.weight * self.class_loss(D, fake, b.y_fake)

    def class_loss(self, D: Net, answers: Tensor, y: Tensor) -> Tensor:
        """Return the data-to-data cross entropy of what the discriminator says of examples of classes ``y``."""
        classes = D.proxies.weights["weight"].shape[1]
        proxies = D.proxies(one_hot(y, classes).to(answers.dtype))
        return data_to_data_cross_entropy(
            normalize(answers[:, 1:]), normalize(proxies), y, self.margin, self.temperature
        )

    def unsupported(self, space: Space, batch: int) -> str | None:
        if kind_of(space) == "r3gan":
            return "networks = 'r3gan' have no normalisation that could be told a class"
        return super().unsupported(space, batch)

    def realness(self, D: Net, x: Tensor, y: Tensor) -> Tensor | None:
        return D.judge(x)[:, 0]


def data_to_data_cross_entropy(
    embeddings: Tensor, proxies: Tensor, y: Tensor, margin: float, temperature: float
) -> Tensor:
    """Return the mean over examples of minus the log share of their class's similarity among those to other classes.

    Parameters
    ----------
    embeddings, proxies : Tensor
        Of the examples, and of their classes, (n, d), of length one.
    y : Tensor
        Their classes, (n,).
    margin
        Similarities to the own class are cut above it, those to examples of other classes below one less it.
    temperature
        Divides both.
    """
    own = ((embeddings * proxies).sum(1) - margin).clamp(max=0) / temperature
    others = (embeddings @ embeddings.T - (1 - margin)).clamp(min=0) / temperature
    others = others.masked_fill(y[:, None] == y, -torch.inf)
    return (torch.cat([own[:, None], others], 1).logsumexp(1) - own).mean()
