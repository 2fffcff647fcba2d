"""Networks that state each pixel's distribution given those before it, row by row from the top, left to right."""

from __future__ import annotations

from collections.abc import Callable
from math import log, prod
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganbench.dataset import Space


class Shifted(nn.Module):
    """A convolution over ``above`` rows and ``left`` columns before a pixel, and ``right`` columns after it.

    With ``strict`` the last row (of one row: the last column) that it reads is the one before the pixel's own.
    """

    def __init__(self, inputs: int, outputs: int, above: int, left: int, right: int, strict: bool) -> None:
        super().__init__()
        size = (above + (not strict or above == 0), left + right + (not strict or above > 0))
        self.conv = nn.Conv2d(inputs, outputs, size)
        self.padding = (left, right, above, 0)

    def forward(self, x: Tensor) -> Tensor:
        seen = self.conv(F.pad(x, self.padding))
        return cast("Tensor", seen[..., : x.shape[2], : x.shape[3]])


class VerticalStack(nn.Module):
    """The vertical stack (van den Oord et al., 2016, 1606.05328, figure 2).

    ``(n, 1, H, W) -> (n, (1 + layers) * 2 * width, H, W)``, the features of each layer.
    """

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        first = Shifted(1, 2 * width, 3, 3, 3, strict=True)
        more = (Shifted(width, 2 * width, 1, 1, 1, strict=False) for _ in range(layers))
        self.seen = nn.ModuleList([first, *more])
        self.links = nn.ModuleList([nn.Conv2d(2 * width, 2 * width, 1) for _ in range(1 + layers)])

    def forward(self, x: Tensor) -> Tensor:
        known = []
        for seen, link in zip(self.seen, self.links, strict=True):
            features = seen(x)
            known.append(link(features))
            x = gate(features)
        return torch.cat(known, 1)


class HorizontalStack(nn.Module):
    """The horizontal stack: from a row and the features of the rows above to the logits of each pixel's level."""

    def __init__(self, levels: int, width: int, layers: int) -> None:
        super().__init__()
        first = Shifted(1, 2 * width, 0, 3, 0, strict=True)
        more = (Shifted(width, 2 * width, 0, 1, 0, strict=False) for _ in range(layers))
        self.seen = nn.ModuleList([first, *more])
        self.out = nn.ModuleList([nn.Conv2d(width, width, 1) for _ in range(1 + layers)])
        self.head = head(width, levels)

    def forward(self, x: Tensor, known: Tensor) -> Tensor:
        for i, (seen, out) in enumerate(zip(self.seen, self.out, strict=True)):
            made = out(gate(seen(x) + known.chunk(len(self.seen), dim=1)[i]))
            x = x + made if i else made
        return cast("Tensor", self.head(x))


class PixelCNN(nn.Module):
    """``(n, 1, H, W) -> (n, levels, H, W)``: both stacks; the first layer reaches 3 pixels, the others 1."""

    def __init__(self, levels: int, width: int, layers: int) -> None:
        super().__init__()
        self.above, self.beside = VerticalStack(width, layers), HorizontalStack(levels, width, layers)

    def forward(self, x: Tensor) -> Tensor:
        return cast("Tensor", self.beside(x, self.above(x)))


def head(width: int, levels: int) -> nn.Module:
    """Two pixelwise layers; the last starts at zero, so that at first every level is equally likely."""
    last = nn.Conv2d(width, levels, 1)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(cast("Tensor", last.bias))
    return nn.Sequential(nn.ReLU(), nn.Conv2d(width, width, 1), nn.ReLU(), last)


def gate(x: Tensor) -> Tensor:
    """Hyperbolic tangent of one half of the channels times sigmoid of the other."""
    a, b = x.chunk(2, dim=1)
    return a.tanh() * b.sigmoid()


def quantised(x: Tensor, levels: int) -> Tensor:
    """Return the nearest of ``levels`` even grey levels from -1 to 1, as whole numbers (n, H, W); one channel only."""
    return ((x[:, 0] + 1) / 2 * (levels - 1)).round().clamp(0, levels - 1).long()


def grey(level: Tensor, levels: int) -> Tensor:
    """Grey in [-1, 1] of each level."""
    return level / (levels - 1) * 2 - 1


def nll(net: Callable[[Tensor], Tensor], x: Tensor, levels: int) -> Tensor:
    """Negative log-likelihood in nats, (n,), of each image rounded to ``levels`` even grey levels."""
    level = quantised(x, levels)
    logits = net(grey(level, levels).to(x.dtype)[:, None])
    return F.cross_entropy(logits, level, reduction="none").flatten(1).sum(1)


def bits(nats: Tensor, x: Tensor) -> Tensor:
    """Bits per pixel of images like ``x``, from nats per image."""
    return nats / (prod(x.shape[1:]) * log(2))


def unsupported(space: Space, side: int | None = None) -> str | None:
    """Why pixel models do not support such data, or images of more than ``side`` pixels a side, or None."""
    if not (space.is_image and space.shape[0] == 1 and (space.low, space.high) == (-1, 1)):
        return "it needs images of one channel in [-1, 1]"
    if side is not None and max(space.shape[1:]) > side:
        return f"it needs images of at most {side} pixels a side, these have {max(space.shape[1:])}"
    return None


def sample(rows: Callable[[Tensor], Callable[[Tensor], Tensor]], u: Tensor, levels: int) -> Tensor:
    """Draw images (n, 1, H, W) pixel by pixel, by inverting each pixel's distribution at ``u`` (n, H, W).

    ``rows`` takes the rows above, (n, 1, i, W), to a function from row i to its logits, (n, levels, W).
    """
    n, height, width = u.shape
    columns, x = torch.arange(width, device=u.device), u.new_zeros(n, 1, 0, width)
    for i in range(height):
        distribution, row = rows(x), u.new_zeros(n, 1, 1, width)
        for j in range(width):
            below = distribution(row)[:, :, j].softmax(1).cumsum(1)
            level = (u[:, i, j, None] >= below[:, :-1]).sum(1)
            row = torch.where(columns == j, grey(level, levels).to(u.dtype)[:, None, None, None], row)
        x = torch.cat([x, row], 2)
    return x
