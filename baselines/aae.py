"""AAE: an autoencoder whose codes a discriminator cannot tell from draws of the prior."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor, nn

from ganbench.baseline import Baseline, Batch, Net
from ganbench.dataset import Space
from ganbench.losses import logistic, non_saturating
from ganbench.nets import mlp
from ganbench.nets.autoencoder import decoder, encoder


@dataclass(frozen=True)
class AAE(Baseline):
    """Makhzani et al., 2015, section 2, with a deterministic encoder and the prior N(0, I).

    Encoder and decoder minimise the squared error, summed over an example's numbers, plus ``weight`` times the
    encoder's adversarial loss, in one update of their sum; the paper makes one update for each. The discriminator sees
    codes alone: a perceptron, whatever the data are.
    """

    weight: float = 1.0
    lr: float | tuple[float, float] = 1e-3

    paper = "Makhzani et al., Adversarial Autoencoders, 2015. arXiv:1511.05644"
    claim = "An adversary on the codes fits them to any prior that can be sampled, so that the decoder generates."

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.weight >= 0, "weight", "0 or more")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        parts = {"encode": encoder(space, self.latent), "decode": decoder(self.latent, space)}
        return nn.ModuleDict(parts), mlp.discriminator(replace(space, shape=(self.latent,)))

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return logistic(D(b.z), D(G.encode(b.x)))

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        codes = G.encode(b.x)
        errors = (b.x - G.decode(codes)).square().flatten(1).sum(1).mean()
        return errors + self.weight * non_saturating(D(codes))

    def generate(self, G: Net, b: Batch) -> Tensor:
        return G.decode(b.z)

    def realness(self, D: Net, x: Tensor, y: Tensor) -> Tensor | None:
        return None
