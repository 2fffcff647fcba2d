"""CVAE: a variational autoencoder whose encoder and decoder are told the class."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi

from torch import Tensor, nn

from ganbench.dataset import Space
from ganbench.game import Baseline, Batch, Draw, Player, normal
from ganbench.nets import joint
from ganbench.nets.autoencoder import decoder


@dataclass(frozen=True)
class CVAE(Baseline):
    """Sohn et al., 2015, equation 4, for p(x | y) with a prior of z that does not depend on y.

    The likelihood is Gaussian with the standard deviation ``sd``; a sample is the decoder's mean for the label
    asked for.
    """

    sd: float = 0.1
    n_critic: int = 0
    lr: float | tuple[float, float] = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)

    paper = "Sohn, Lee & Yan, Learning Structured Output Representation using Deep Conditional Generative Models, 2015"
    conditional = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.sd > 0, "sd", "positive")
        self.require(self.n_critic == 0, "n_critic", "0: there is no critic")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        encode = joint.encoder(space, space.classes, 2 * self.latent)
        decode = joint.Joint(decoder(self.latent + space.classes, space))
        sides = {"encode": encode, "decode": decode}
        told: dict[str, nn.Module] = {name: joint.Labelled(net, space.classes) for name, net in sides.items()}
        return nn.ModuleDict(told), nn.Identity()

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": normal(self.latent), "eps": normal(self.latent)}

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        """Return the negative bound on log p(x | y), in nats."""
        mean, log_variance = G.encode(b.x, b.y).chunk(2, dim=1)
        decoded = G.decode(mean + (log_variance / 2).exp() * b.eps, b.y)
        errors = (((b.x - decoded) / self.sd).square() + log(2 * pi * self.sd**2)).flatten(1).sum(1) / 2
        divergence = (mean.square() + log_variance.exp() - 1 - log_variance).sum(1) / 2
        return (errors + divergence).mean()

    def generate(self, G: Player, b: Batch) -> Tensor:
        return G.decode(b.z, b.y)

    def refuses(self, space: Space, batch: int) -> str | None:
        return "it needs labelled data" if space.classes == 0 else None
