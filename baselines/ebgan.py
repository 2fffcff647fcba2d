"""EBGAN: the discriminator is an autoencoder, and its energy the reconstruction error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from torch import Tensor, nn
from torch.linalg import vector_norm
from torch.nn.functional import normalize, relu

from ganbench import nets
from ganbench.baseline import Batch, Net
from ganbench.dataset import Space
from ganbench.families import Autoencoding
from ganbench.nets.autoencoder import autoencoder

Energy = Literal["mean_square", "norm"]


@dataclass(frozen=True)
class EBGAN(Autoencoding):
    """Zhao et al., 2016, equations 1-4: a hinge per sample, and codes of fakes that are pulled apart.

    ``energy`` is the mean square over an example's pixels (common in code) or the Euclidean norm (the paper). The
    ``margin`` counts in energies of real data around their mean, those of an autoencoder that has learnt nothing else:
    the paper's numbers, 10 to 80, belong to its own data. The whole discriminator is the autoencoder, with ELU and an
    output without bounds: one that ended in tanh lost two of three seeds on digits at rate 3e-4 and margin 0.3. Output,
    activation and start were changed together, so that which of them is the cure is not known. Codes are as large as z.
    """

    energy: Energy = "mean_square"
    margin: float = 1.0
    pulling: float = 0.1
    lr: float | tuple[float, float] = 1e-3

    paper = "Zhao, Mathieu & LeCun, Energy-based Generative Adversarial Network, 2016. arXiv:1609.03126"
    claim = "An autoencoder's error as an energy is stable over more settings than a binary discriminator."
    version = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.energy in get_args(Energy), "energy", f"one of {', '.join(get_args(Energy))}")
        self.require(self.margin > 0, "margin", "positive")
        self.require(self.pulling >= 0, "pulling", "0 or more")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        return nets.generator(self.latent, space), autoencoder(space, self.latent)

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        margin = self.margin * self.spread(b.x)
        return (self.energies(D, b.x) + relu(margin - self.energies(D, G(b.z)))).mean()

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        fake = G(b.z)
        return self.energies(D, fake).mean() + self.pulling * likeness(D.encode(fake))

    def energies(self, D: Net, x: Tensor) -> Tensor:
        """Energy of each example, (n,); also the target ``x`` carries a gradient."""
        error = (D.decode(D.encode(x)) - x).flatten(1)
        return error.square().mean(1) if self.energy == "mean_square" else vector_norm(error, dim=1)

    def spread(self, x: Tensor) -> Tensor:
        """Energy of a batch around its own mean, a scalar."""
        variances = x.flatten(1).var(0, correction=0)
        return variances.mean() if self.energy == "mean_square" else variances.sum().sqrt()

    def unsupported(self, space: Space, batch: int) -> str | None:
        if batch < 2:
            return "it compares the codes of different samples: the batch must be at least 2"
        return super().unsupported(space, batch)


def likeness(codes: Tensor) -> Tensor:
    """Mean squared cosine between the codes of different samples, in [0, 1] (equation 4)."""
    n, unit = len(codes), normalize(codes, dim=1)
    cosines = (unit @ unit.T).square()
    return (cosines.sum() - cosines.diagonal().sum()) / (n * (n - 1))
