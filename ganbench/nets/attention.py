"""Self-attention over the pixels of an image, written out so that it can be differentiated twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """``x + gamma * o`` (Zhang et al., 2018, equations 1-3); gamma starts at 0, where the layer does nothing.

    Keys f and queries g have an eighth of the channels, as in the paper, values h a half.

    Parameters
    ----------
    channels : int
        Channels of the feature map, ``(n, channels, H, W)``, which keeps its shape.
    wrap : callable
        Goes around each convolution, such as ``ganbench.nets.layers.SpectralNorm``.

    References
    ----------
    Zhang et al., Self-Attention Generative Adversarial Networks, 2018. arXiv:1805.08318

    Examples
    --------
    >>> x = torch.ones(2, 8, 3, 3)
    >>> torch.equal(SelfAttention(8, lambda layer: layer)(x), x)
    True
    """

    def __init__(self, channels: int, wrap: Callable[[nn.Conv2d], nn.Module]) -> None:
        super().__init__()
        small, half = max(1, channels // 8), max(1, channels // 2)
        self.f, self.g = wrap(nn.Conv2d(channels, small, 1)), wrap(nn.Conv2d(channels, small, 1))
        self.h, self.v = wrap(nn.Conv2d(channels, half, 1)), wrap(nn.Conv2d(half, channels, 1))
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        f, g, h = (part(x).flatten(2) for part in (self.f, self.g, self.h))
        beta = (f.transpose(1, 2) @ g).softmax(1)  # how much pixel j attends to pixel i
        o = self.v((h @ beta).unflatten(2, x.shape[2:]))
        return cast("Tensor", x + self.gamma * o)
