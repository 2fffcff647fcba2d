"""PixelRNN: the likelihood pixel by pixel, with a memory that runs down the rows. A game for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from ganbench.dataset import Space
from ganbench.game import Baseline, Batch, Draw, Player, uniform
from ganbench.nets import SMALL, pixels, recurrent

Memory = Literal["row", "diagonal"]


@dataclass(frozen=True)
class PixelRNN(Baseline):
    """Van den Oord et al., 2016, section 3: the Row LSTM, one row after another, or the Diagonal BiLSTM.

    The latter takes two sweeps of H + W - 1 steps each where the former takes H; suites play the former.

    Images are rounded to ``levels`` even grey levels, and each pixel's law is a softmax over them. Grey images of at
    most 16 pixels a side: a sample takes as many passes as it has pixels, and each of them runs through all rows above.
    """

    memory: Memory = "row"
    levels: int = 17
    width: int = 32
    layers: int = 2
    n_critic: int = 0
    lr: float | tuple[float, float] = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)

    paper = "van den Oord, Kalchbrenner & Kavukcuoglu, Pixel Recurrent Neural Networks, 2016. arXiv:1601.06759"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.memory in get_args(Memory), "memory", f"one of {', '.join(get_args(Memory))}")
        self.require(self.levels >= 2, "levels", "at least 2")
        for name in ("width", "layers"):
            self.require(getattr(self, name) >= 1, name, "at least 1")
        self.require(self.n_critic == 0, "n_critic", "0: there is no critic")

    def idle(self) -> dict[str, str]:
        return super().idle() | {"latent": "it draws pixel by pixel"}

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        memory = recurrent.Rows if self.memory == "row" else recurrent.Diagonals
        return recurrent.PixelRNN(self.levels, self.width, self.layers, memory), nn.Identity()

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"u": uniform(*space.shape[1:])}

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        """Return the negative log-likelihood in nats per image."""
        return pixels.surprise(G, b.x, self.levels).mean()

    def generate(self, G: Player, b: Batch) -> Tensor:
        def rows(above: Tensor) -> Callable[[Tensor], Tensor]:
            return lambda row: G(torch.cat([above, row], 2))[:, :, -1]

        return pixels.sample(rows, b.u, self.levels)

    def monitor(self, G: Player, D: Player, b: Batch) -> Tensor:
        """Return bits per pixel."""
        return pixels.bits(self.generator_loss(G, D, b), b.x)

    def refuses(self, space: Space, batch: int) -> str | None:
        return pixels.refusal(space, SMALL)
