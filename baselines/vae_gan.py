"""VAE-GAN: the discriminator's features replace the pixels in which a variational autoencoder measures its error."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.functional import softplus

from ganbench.baseline import Baseline, Batch, Draw, Net, normal
from ganbench.dataset import Space
from ganbench.losses import gaussian_divergence, reparametrised
from ganbench.nets.autoencoder import decoder, encoder, features_and_head


@dataclass(frozen=True)
class VAEGAN(Baseline):
    """Larsen et al., 2015, Algorithm 1, with losses that do not saturate.

    The encoder minimises its divergence from the prior and the error in the discriminator's last hidden layer; the
    decoder ``weight`` times that error and an adversarial loss, in which samples and reconstructions are both fake.
    """

    weight: float = 1e-2  # the paper's gamma, for which it gives no value

    paper = "Larsen et al., Autoencoding beyond pixels using a learned similarity metric, 2015. arXiv:1512.09300"
    claim = "Errors in the discriminator's features in place of pixels make a VAE's reconstructions sharp."

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.weight >= 0, "weight", "0 or more")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        parts = {"encode": encoder(space, 2 * self.latent), "decode": decoder(self.latent, space)}
        return nn.ModuleDict(parts), features_and_head(space)

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": normal(self.latent), "eps": normal(self.latent)}

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        _, again = self.codes(G, b)
        fakes = softplus(logit(D, G.decode(b.z))) + softplus(logit(D, G.decode(again)))
        return (softplus(-logit(D, b.x)) + fakes).mean()

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        divergence, codes = self.codes(G, b)
        _, given = self.codes(G.detached(), b)
        again = G.decode(given)
        encoding = self.errors(D, b.x, G.decode.detached()(codes))  # trains the encoder
        decoding = self.errors(D, b.x, again)  # trains the decoder
        adversarial = softplus(-logit(D, again)) + softplus(-logit(D, G.decode(b.z)))
        return (divergence + encoding + self.weight * decoding + adversarial).mean()

    def codes(self, G: Net, b: Batch) -> tuple[Tensor, Tensor]:
        """Divergence from the prior, (n,), and a drawn code for each real example."""
        mean, log_variance = G.encode(b.x).chunk(2, dim=1)
        return gaussian_divergence(mean, log_variance), reparametrised(mean, log_variance, b.eps)

    def errors(self, D: Net, x: Tensor, again: Tensor) -> Tensor:
        """Half the squared distance in the discriminator's features, (n,)."""
        return (D.features(x) - D.features(again)).square().sum(1) / 2

    def generate(self, G: Net, b: Batch) -> Tensor:
        return G.decode(b.z)

    def realness(self, D: Net, x: Tensor, y: Tensor) -> Tensor | None:
        return logit(D, x)


def logit(D: Net, x: Tensor) -> Tensor:
    """Run the discriminator's two parts."""
    return D.head(D.features(x))
