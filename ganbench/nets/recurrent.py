"""Networks that state each pixel's distribution given those before it, with a memory that runs through the image."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganbench.nets.pixels import Shifted, head


class RowLSTM(nn.Module):
    """A Row LSTM layer (van den Oord et al., 2016, 1601.06759, section 3.1), with a residual connection.

    A row's state comes from the state of the row above, three columns wide, and from its own pixels up to each column.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.seen = Shifted(width, 4 * width, 0, 2, 0, strict=False)
        self.state = nn.Conv1d(width, 4 * width, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        seen, rows = self.seen(x), []
        h = c = torch.zeros_like(x[:, :, 0])
        for i in range(x.shape[2]):
            o, f, k, g = (seen[:, :, i] + self.state(h)).chunk(4, dim=1)
            c = f.sigmoid() * c + k.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            rows.append(h)
        return x + torch.stack(rows, dim=2)


class DiagonalBiLSTM(nn.Module):
    """A Diagonal BiLSTM layer (section 3.2 of the same paper), with a residual connection.

    A pixel's state comes from those of its neighbours above and to the left; a second sweep, above and to the right,
    is read one row further down, since it knows pixels that come later in its row.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.seen = nn.ModuleList([nn.Conv2d(width, 4 * width, 1) for _ in range(2)])
        self.state = nn.ModuleList([nn.Conv1d(width, 4 * width, 2, bias=False) for _ in range(2)])

    def forward(self, x: Tensor) -> Tensor:
        from_left, from_right = self.sweep(0, x), self.sweep(1, x.flip(3)).flip(3)
        return x + from_left + F.pad(from_right[:, :, :-1], (0, 0, 1, 0))

    def sweep(self, direction: int, x: Tensor) -> Tensor:
        """States (n, width, H, W), one diagonal after another."""
        seen, within = skewed(self.seen[direction](x)), skewed(torch.ones_like(x))
        h = c = torch.zeros_like(x[..., 0])
        columns = []
        for i in range(seen.shape[3]):
            before = self.state[direction](F.pad(h, (1, 0)))  # of the neighbours above and to the left
            o, f, k, g = (seen[..., i] + before).chunk(4, dim=1)
            c = (f.sigmoid() * c + k.sigmoid() * g.tanh()) * within[..., i]  # outside of the image all is zero
            h = o.sigmoid() * c.tanh()
            columns.append(h)
        return straight(torch.stack(columns, dim=3))


class PixelRNN(nn.Module):
    """``(n, 1, H, W) -> (n, levels, H, W)``: a convolution blind to the pixel itself, then layers with a memory."""

    def __init__(self, levels: int, width: int, layers: int, memory: type[RowLSTM | DiagonalBiLSTM]) -> None:
        super().__init__()
        self.above = Shifted(1, width, 3, 3, 3, strict=True)
        self.left = Shifted(1, width, 0, 3, 0, strict=True)
        self.layers = nn.Sequential(*(memory(width) for _ in range(layers)))
        self.head = head(width, levels)

    def forward(self, x: Tensor) -> Tensor:
        return cast("Tensor", self.head(self.layers(self.above(x) + self.left(x))))


def skewed(x: Tensor) -> Tensor:
    """``(n, c, H, W) -> (n, c, H, H + W - 1)``: row i moved i places to the right, so that diagonals become columns."""
    height, width = x.shape[2:]
    wide = F.pad(x, (0, height)).flatten(2)
    return wide[..., : height * (height + width - 1)].unflatten(2, (height, height + width - 1))


def straight(x: Tensor) -> Tensor:
    """Undo ``skewed``."""
    height, wide = x.shape[2:]
    return F.pad(x.flatten(2), (0, height)).unflatten(2, (height, wide + 1))[..., : wide + 1 - height]
