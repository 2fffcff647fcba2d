"""Self-attention over the places of an image, written out so that it can be differentiated twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """``x + gamma * o`` (Zhang et al., 2018, equations 1-3); gamma starts at 0, where the layer does nothing.

    Keys f and queries g have an eighth of the channels, as in the paper, values h a half; ``wrap`` goes around each
    convolution, such as a spectral norm.
    """

    def __init__(self, channels: int, wrap: Callable[[nn.Conv2d], nn.Module]) -> None:
        super().__init__()
        small, half = max(1, channels // 8), max(1, channels // 2)
        self.f, self.g = wrap(nn.Conv2d(channels, small, 1)), wrap(nn.Conv2d(channels, small, 1))
        self.h, self.v = wrap(nn.Conv2d(channels, half, 1)), wrap(nn.Conv2d(half, channels, 1))
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        f, g, h = (part(x).flatten(2) for part in (self.f, self.g, self.h))
        beta = (f.transpose(1, 2) @ g).softmax(1)  # place i, asked from place j
        o = self.v((h @ beta).unflatten(2, x.shape[2:]))
        return cast("Tensor", x + self.gamma * o)
