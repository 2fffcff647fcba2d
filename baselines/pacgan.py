"""PacGAN: the critic judges several samples at once, which shows it a lack of variety."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor, nn
from torch.nn.functional import softplus

from ganbench import nets
from ganbench.dataset import Space
from ganbench.game import Baseline, Batch, Player


@dataclass(frozen=True)
class PacGAN(Baseline):
    """Lin et al., 2018, section 3: ``pack`` samples side by side, on the non-saturating game; 1 is that game itself.

    A batch makes batch / pack packs of different samples; images are packed as channels.
    """

    pack: int = 2

    paper = "Lin et al., PacGAN: The power of two samples in generative adversarial networks, 2018. arXiv:1712.04086"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.pack >= 1, "pack", "at least 1")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        packed = replace(space, shape=(self.pack * space.shape[0], *space.shape[1:]))
        return nets.generator(self.latent, space), nets.critic(packed)

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return (softplus(-D(self.packs(b.x))) + softplus(D(self.packs(G(b.z))))).mean()

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return softplus(-D(self.packs(G(b.z)))).mean()

    def packs(self, x: Tensor) -> Tensor:
        """``(n, c, ...) -> (n / pack, pack * c, ...)``, neighbours together."""
        return x.unflatten(0, (-1, self.pack)).flatten(1, 2)

    def refuses(self, space: Space, batch: int) -> str | None:
        return f"the batch must be a multiple of pack = {self.pack}, got {batch}" if batch % self.pack else None
