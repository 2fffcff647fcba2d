"""VAE-GAN: the critic's features replace the pixels in which a variational autoencoder measures its error."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.functional import softplus

from ganbench.dataset import Space
from ganbench.game import Baseline, Batch, Draw, Player, normal
from ganbench.nets.autoencoder import decoder, encoder, in_two


@dataclass(frozen=True)
class VAEGAN(Baseline):
    """Larsen et al., 2015, Algorithm 1, with losses that do not saturate.

    The encoder minimises its divergence from the prior and the error in the critic's last hidden layer; the decoder
    ``weight`` times that error and its part in the game, in which samples and reconstructions are both fake.
    """

    weight: float = 1e-2  # the paper's gamma, for which it gives no value

    paper = "Larsen et al., Autoencoding beyond pixels using a learned similarity metric, 2015. arXiv:1512.09300"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.weight >= 0, "weight", "0 or more")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        side = {"encode": encoder(space, 2 * self.latent), "decode": decoder(self.latent, space)}
        return nn.ModuleDict(side), in_two(space)

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": normal(self.latent), "eps": normal(self.latent)}

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        _, again = self.codes(G, b)
        fakes = softplus(logit(D, G.decode(b.z))) + softplus(logit(D, G.decode(again)))
        return (softplus(-logit(D, b.x)) + fakes).mean()

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        divergence, codes = self.codes(G, b)
        _, given = self.codes(G.frozen(), b)
        again = G.decode(given)
        seen = self.errors(D, b.x, G.decode.frozen()(codes))  # moves the encoder
        made = self.errors(D, b.x, again)  # moves the decoder
        game = softplus(-logit(D, again)) + softplus(-logit(D, G.decode(b.z)))
        return (divergence + seen + self.weight * made + game).mean()

    def codes(self, G: Player, b: Batch) -> tuple[Tensor, Tensor]:
        """Divergence from the prior, (n,), and a drawn code for each real example."""
        mean, log_variance = G.encode(b.x).chunk(2, dim=1)
        divergence = (mean.square() + log_variance.exp() - 1 - log_variance).sum(1) / 2
        return divergence, mean + (log_variance / 2).exp() * b.eps

    def errors(self, D: Player, x: Tensor, again: Tensor) -> Tensor:
        """Half the squared distance in the critic's features, (n,)."""
        return (D.features(x) - D.features(again)).square().sum(1) / 2

    def generate(self, G: Player, b: Batch) -> Tensor:
        return G.decode(b.z)


def logit(D: Player, x: Tensor) -> Tensor:
    """Run the critic's two parts."""
    return D.head(D.features(x))
