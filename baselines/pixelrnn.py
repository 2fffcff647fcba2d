"""PixelRNN: the likelihood pixel by pixel, with a memory that runs down the rows and no discriminator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from ganbench.baseline import Batch, Net
from ganbench.dataset import Space
from ganbench.families import PixelByPixel
from ganbench.nets import SMALL, pixels, recurrent

Memory = Literal["row", "diagonal"]


@dataclass(frozen=True)
class PixelRNN(PixelByPixel):
    """Van den Oord et al., 2016, section 3: the Row LSTM, one row after another, or the Diagonal BiLSTM.

    The latter takes two sweeps of H + W - 1 steps each where the former takes H; suites run the former.

    Images are rounded to ``levels`` even grey levels, and each pixel's distribution is a softmax over them. Greyscale
    images of at most 16 pixels a side: a sample takes as many passes as it has pixels, and each of them runs through
    all rows above.
    """

    memory: Memory = "row"
    levels: int = 17
    width: int = 32
    layers: int = 2

    paper = "van den Oord, Kalchbrenner & Kavukcuoglu, Pixel Recurrent Neural Networks, 2016. arXiv:1601.06759"
    claim = "Modelling pixels one after the other gives tractable likelihoods better than all before."

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.memory in get_args(Memory), "memory", f"one of {', '.join(get_args(Memory))}")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        memory = recurrent.RowLSTM if self.memory == "row" else recurrent.DiagonalBiLSTM
        return recurrent.PixelRNN(self.levels, self.width, self.layers, memory), nn.Identity()

    def generate(self, G: Net, b: Batch) -> Tensor:
        def rows(above: Tensor) -> Callable[[Tensor], Tensor]:
            return lambda row: G(torch.cat([above, row], 2))[:, :, -1]

        return pixels.sample(rows, b.u, self.levels)

    def unsupported(self, space: Space, batch: int) -> str | None:
        return pixels.unsupported(space, SMALL)
