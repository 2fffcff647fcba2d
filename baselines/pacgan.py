"""PacGAN: the discriminator classifies several samples at once, so that it can detect a lack of variety."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor, nn

from ganbench import nets
from ganbench.baseline import Baseline, Batch, Net, Update
from ganbench.dataset import Space
from ganbench.losses import logistic, non_saturating


@dataclass(frozen=True)
class PacGAN(Baseline):
    """Lin et al., 2018, section 3: ``pack`` samples side by side, on the non-saturating GAN, which a pack of 1 is.

    An update is given ``pack`` times the batch, as in the authors' code: the discriminator decides on as many packs as
    others decide on samples. A pack's samples are different draws; images are packed as channels.
    """

    pack: int = 2

    paper = "Lin et al., PacGAN: The power of two samples in generative adversarial networks, 2018. arXiv:1712.04086"
    claim = "A discriminator that decides on several samples jointly penalises collapse, at hardly any cost."
    version = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.pack >= 1, "pack", "at least 1")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        packed = replace(space, shape=(self.pack * space.shape[0], *space.shape[1:]))
        return nets.generator(self.latent, space), nets.discriminator(packed)

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return logistic(D(self.packs(b.x)), D(self.packs(G(b.z))))

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return non_saturating(D(self.packs(G(b.z))))

    def batch_size(self, update: Update, batch: int) -> int:
        return self.pack * batch

    def packs(self, x: Tensor) -> Tensor:
        """``(n, c, ...) -> (n / pack, pack * c, ...)``, neighbours together."""
        return x.unflatten(0, (-1, self.pack)).flatten(1, 2)

    def realness(self, D: Net, x: Tensor, y: Tensor) -> Tensor | None:
        return None
