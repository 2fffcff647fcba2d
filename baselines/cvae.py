"""CVAE: a variational autoencoder whose encoder and decoder are told the class."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from ganbench.baseline import Batch, Draw, Net, normal
from ganbench.dataset import Space
from ganbench.families import Conditional, WithoutDiscriminator
from ganbench.losses import gaussian_divergence, gaussian_nll, reparametrised
from ganbench.nets import joint


@dataclass(frozen=True)
class CVAE(WithoutDiscriminator, Conditional):
    """Sohn et al., 2015, equation 4, for p(x | y) with a prior of z that does not depend on y.

    The likelihood is Gaussian with the standard deviation ``sd``; a sample is the decoder's mean for the label
    asked for.
    """

    sd: float = 0.1

    paper = "Sohn, Lee & Yan, Learning Structured Output Representation using Deep Conditional Generative Models, 2015"
    claim = "A model of the distribution given a condition makes several different predictions for it."

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.sd > 0, "sd", "positive")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        encode = joint.Labelled(joint.encoder(space, space.classes, 2 * self.latent), space.classes)
        return nn.ModuleDict({"encode": encode, "decode": joint.labelled_generator(self.latent, space)}), nn.Identity()

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": normal(self.latent), "eps": normal(self.latent)}

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return the negative bound on log p(x | y), in nats."""
        mean, log_variance = G.encode(b.x, b.y).chunk(2, dim=1)
        decoded = G.decode(reparametrised(mean, log_variance, b.eps), b.y)
        return (gaussian_nll(b.x, decoded, self.sd) + gaussian_divergence(mean, log_variance)).mean()

    def generate(self, G: Net, b: Batch) -> Tensor:
        return G.decode(b.z, b.y)
