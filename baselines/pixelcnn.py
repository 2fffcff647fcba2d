"""PixelCNN: the likelihood itself, pixel by pixel, with convolutions and no discriminator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.functional import pad

from ganbench.baseline import Batch, Net
from ganbench.dataset import Space
from ganbench.families import PixelByPixel
from ganbench.nets import pixels


@dataclass(frozen=True)
class PixelCNN(PixelByPixel):
    """Van den Oord et al., 2016, in its gated form with vertical and horizontal stacks, which has no blind spot.

    Images are rounded to ``levels`` even grey levels, and each pixel's distribution is a softmax over them. Greyscale
    images only.
    """

    levels: int = 17
    width: int = 32
    layers: int = 4

    paper = "van den Oord et al., Conditional Image Generation with PixelCNN Decoders, 2016. arXiv:1606.05328"
    claim = "Masked convolutions with gates match the likelihood of recurrent pixel models in less time."

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        return pixels.PixelCNN(self.levels, self.width, self.layers), nn.Identity()

    def generate(self, G: Net, b: Batch) -> Tensor:
        def rows(above: Tensor) -> Callable[[Tensor], Tensor]:
            seen = pad(above[:, :, -(3 + self.layers) :], (0, 0, 0, 1))  # older rows are out of the network's reach
            known = G.above(seen)[:, :, -1:]
            return lambda row: G.beside(row, known)[:, :, 0]

        return pixels.sample(rows, b.u, self.levels)

    def unsupported(self, space: Space, batch: int) -> str | None:
        return pixels.unsupported(space)
