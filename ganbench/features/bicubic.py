"""Pillow's antialiased bicubic as two weighted sums of rows, which read and write memory in order."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

REACH = 2  # pixels on either side that the kernel sees; when shrinking, as many times more as the picture shrinks
SHARPNESS = -0.5  # "a" of Keys' kernel


def bicubic(image: Tensor, height: int, width: int) -> Tensor:
    """Resize one image (c, h, w) of any real type to float32, unclipped; the memory of the result is (h, w, c)."""
    channels, rows, columns = image.shape
    turned = image.permute(2, 0, 1).reshape(columns, -1).contiguous().float()  # (w, c h), turned as bytes
    wide = sums(turned, columns, width).view(-1, rows)  # (width c, h)
    return sums(wide.t().contiguous(), rows, height).view(height, width, channels).permute(2, 0, 1)


def sums(x: Tensor, length: int, size: int) -> Tensor:
    """Return the ``size`` weighted sums of the rows of x (length, d) that a resize of that axis takes: (size, d)."""
    places, offsets, weights = kernel(length, size, x.device)
    return F.embedding_bag(places, x, offsets, mode="sum", per_sample_weights=weights)


@lru_cache(maxsize=64)
def kernel(length: int, size: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Return which pixels make up each output, where those of each begin, and their weights (Keys, 1981).

    Outside the picture there is nothing: the weights of what lies within sum to 1.
    """
    scale = length / size
    stretch = max(scale, 1.0)
    centre = (torch.arange(size, dtype=torch.float64) + 0.5)[:, None] * scale
    first = (centre - REACH * stretch + 0.5).long().clamp(min=0)
    behind = (centre + REACH * stretch + 0.5).long().clamp(max=length)
    places = first + torch.arange(int((behind - first).max()))
    distance = ((places + 0.5 - centre) / stretch).abs()
    near = ((SHARPNESS + 2) * distance - (SHARPNESS + 3)) * distance**2 + 1
    far = (((distance - 5) * distance + 8) * distance - 4) * SHARPNESS
    weights = torch.where(distance < 1, near, far).where((distance < REACH) & (places < behind), 0)
    weights /= weights.sum(1, keepdim=True)
    offsets = torch.arange(0, places.numel(), places.shape[1])
    places = places.clamp(max=length - 1)  # what is clamped weighs nothing
    return places.flatten().to(device), offsets.to(device), weights.float().flatten().to(device)
