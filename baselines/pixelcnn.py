"""PixelCNN: the likelihood itself, pixel by pixel. A game for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.functional import pad

from ganbench.dataset import Space
from ganbench.game import Baseline, Batch, Draw, Player, uniform
from ganbench.nets import pixels


@dataclass(frozen=True)
class PixelCNN(Baseline):
    """Van den Oord et al., 2016, in its gated form with vertical and horizontal stacks, which has no blind spot.

    Images are rounded to ``levels`` even grey levels, and each pixel's law is a softmax over them. Grey images only.
    """

    levels: int = 17
    width: int = 32
    layers: int = 4
    n_critic: int = 0
    lr: float | tuple[float, float] = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)

    paper = "van den Oord et al., Conditional Image Generation with PixelCNN Decoders, 2016. arXiv:1606.05328"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.levels >= 2, "levels", "at least 2")
        for name in ("width", "layers"):
            self.require(getattr(self, name) >= 1, name, "at least 1")
        self.require(self.n_critic == 0, "n_critic", "0: there is no critic")

    def idle(self) -> dict[str, str]:
        return super().idle() | {"latent": "it draws pixel by pixel"}

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        return pixels.PixelCNN(self.levels, self.width, self.layers), nn.Identity()

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"u": uniform(*space.shape[1:])}

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        """Return the negative log-likelihood in nats per image."""
        return pixels.surprise(G, b.x, self.levels).mean()

    def generate(self, G: Player, b: Batch) -> Tensor:
        def rows(above: Tensor) -> Callable[[Tensor], Tensor]:
            seen = pad(above[:, :, -(3 + self.layers) :], (0, 0, 0, 1))  # older rows are out of the network's reach
            known = G.above(seen)[:, :, -1:]
            return lambda row: G.beside(row, known)[:, :, 0]

        return pixels.sample(rows, b.u, self.levels)

    def monitor(self, G: Player, D: Player, b: Batch) -> Tensor:
        """Return bits per pixel."""
        return pixels.bits(self.generator_loss(G, D, b), b.x)

    def refuses(self, space: Space, batch: int) -> str | None:
        return pixels.refusal(space)
