"""Random transformations of images that can be differentiated: what is drawn comes as uniform numbers in [0, 1).

Each takes images ``(n, channels, height, width)`` and a draw ``u`` of ``(n,)`` for each choice, and returns images of
the same shape. Values need not stay in their range.
"""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor


def column(u: Tensor) -> Tensor:
    """Return one number per image so that it multiplies images."""
    return u[:, None, None, None]


def brighter(x: Tensor, u: Tensor) -> Tensor:
    """Add a number from [-0.5, 0.5) to all of an image.

    Examples
    --------
    >>> brighter(torch.zeros(1, 1, 1, 2), torch.tensor([0.75])).tolist()
    [[[[0.25, 0.25]]]]
    """
    return x + column(u - 0.5)


def saturated(x: Tensor, u: Tensor) -> Tensor:
    """Multiply each pixel's difference from the mean of its channels by a number from [0, 2); grey stays as it is.

    Examples
    --------
    >>> saturated(torch.tensor([[[[1.0]], [[3.0]]]]), torch.tensor([0.25])).flatten().tolist()
    [1.5, 2.5]
    """
    mean = x.sum(1, keepdim=True) / x.shape[1]
    return (x - mean) * column(2 * u) + mean


def contrasted(x: Tensor, u: Tensor) -> Tensor:
    """Multiply the difference from the image's mean by a number from [0.5, 1.5).

    Examples
    --------
    >>> contrasted(torch.tensor([[[[1.0, 3.0]]]]), torch.tensor([0.0])).flatten().tolist()
    [1.5, 2.5]
    """
    mean = column(x.flatten(1).sum(1) / x[0].numel())
    return (x - mean) * column(u + 0.5) + mean


def whole(u: Tensor, low: int, high: int) -> Tensor:
    """Return whole numbers from ``low`` to ``high``, both included, each as likely."""
    return (u * (high - low + 1)).floor().clamp(max=high - low).long() + low


def taken(x: Tensor, dim: int, places: Tensor) -> Tensor:
    """Return the rows (dimension 2) or columns (3) at ``places`` (n, size), which lie in the image."""
    index = places[:, None, :, None] if dim == 2 else places[:, None, None, :]
    return x.gather(dim, index.expand_as(x))


def shifted(x: Tensor, u: Tensor, dim: int, most: int) -> Tensor:
    """Move an image by up to ``most`` pixels along one dimension; zeros come in.

    Examples
    --------
    >>> shifted(torch.tensor([[[[1.0, 2.0, 3.0]]]]), torch.tensor([0.99]), 3, 1).flatten().tolist()
    [2.0, 3.0, 0.0]
    """
    size = x.shape[dim]
    places = torch.arange(size, device=x.device) + whole(u, -most, most)[:, None]
    inside = ((places >= 0) & (places < size)).to(x.dtype)
    mask = inside[:, None, :, None] if dim == 2 else inside[:, None, None, :]
    return taken(x, dim, places.clamp(0, size - 1)) * mask


def translated(x: Tensor, u: Tensor, v: Tensor, ratio: float = 0.125) -> Tensor:
    """Move an image down or up and to the sides, by up to this share of its size each.

    Examples
    --------
    >>> translated(torch.ones(1, 1, 8, 8), torch.tensor([0.0]), torch.tensor([0.5])).sum().item()
    56.0
    """
    rows, columns = (int(size * ratio + 0.5) for size in x.shape[2:])
    return shifted(shifted(x, u, 2, rows), v, 3, columns)


def cut_out(x: Tensor, u: Tensor, v: Tensor, ratio: float = 0.5) -> Tensor:
    """Set a rectangle of this share of each side to zero; its centre is any pixel, so that it may stick out.

    Examples
    --------
    >>> cut_out(torch.ones(1, 1, 4, 4), torch.tensor([0.5]), torch.tensor([0.5])).sum().item()
    12.0
    """
    outside = []
    for size, draw in zip(x.shape[2:], (u, v), strict=True):
        length = int(size * ratio + 0.5)
        start = whole(draw, 0, size - length % 2) - length // 2
        places = torch.arange(size, device=x.device)
        outside.append((places < start[:, None]) | (places >= start[:, None] + length))
    keep = outside[0][:, None, :, None] | outside[1][:, None, None, :]
    return x * keep.to(x.dtype)


def chosen(which: Tensor, these: Tensor, others: Tensor) -> Tensor:
    """Return ``these`` images where ``which`` (n,) holds, and the ``others`` elsewhere.

    Examples
    --------
    >>> chosen(torch.tensor([True, False]), torch.ones(2, 1, 1, 1), torch.zeros(2, 1, 1, 1)).flatten().tolist()
    [1.0, 0.0]
    """
    return torch.where(column(which), these, others)


def view(x: Tensor, u: Tensor, v: Tensor, w: Tensor) -> Tensor:
    """Mirror half of the images, left to right, and move each by up to an eighth of either side.

    Examples
    --------
    >>> view(torch.tensor([[[[1.0, 2.0]]]]), *torch.tensor([[0.0], [0.5], [0.5]])).flatten().tolist()
    [2.0, 1.0]
    """
    return translated(chosen(u < 0.5, x.flip(-1), x), v, w)


def turned(x: Tensor, quarters: Tensor) -> Tensor:
    """Turn square images by whole quarters of a circle, (n,) from 0 to 3, counterclockwise.

    Examples
    --------
    >>> turned(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), torch.tensor([1])).flatten().tolist()
    [2.0, 4.0, 1.0, 3.0]
    """
    for quarter in range(1, 4):
        x = chosen(quarters >= quarter, torch.rot90(x, 1, (2, 3)), x)
    return x


def moved_in_mirrors(x: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Move images by whole pixels (n,), fewer than there are; what comes in mirrors the image at its last pixel.

    Examples
    --------
    >>> moved_in_mirrors(torch.tensor([[[[1.0, 2.0, 3.0]]]]), torch.tensor([0]), torch.tensor([1])).flatten().tolist()
    [2.0, 3.0, 2.0]
    """
    for dim, shift in ((2, down), (3, right)):
        last = x.shape[dim] - 1
        places = (torch.arange(last + 1, device=x.device) + shift[:, None]).abs()
        x = taken(x, dim, last - (last - places).abs())
    return x


def luma(x: Tensor) -> Tensor:
    """Return the mean of an image's channels, (n, 1, height, width)."""
    return x.sum(1, keepdim=True) / x.shape[1]


def hued(x: Tensor, angle: Tensor) -> Tensor:
    """Turn the colours of images (n, 3, height, width) around the axis of grey by angles (n,).

    Examples
    --------
    >>> third = torch.tensor([2 * torch.pi / 3])  # red becomes green
    >>> hued(torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1), third).flatten().round(decimals=5).abs().tolist()
    [0.0, 1.0, 0.0]
    """
    across = (x.roll(1, 1) - x.roll(-1, 1)) / sqrt(3)
    return luma(x) + (x - luma(x)) * column(angle.cos()) + across * column(angle.sin())
