"""Networks that look at two things at once: an example and a vector, or a vector and a label."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import cast

import torch
from torch import Tensor, nn

from ganbench.dataset import Space
from ganbench.nets import autoencoder, convolutional
from ganbench.nets import critic as alone


class Joint(nn.Module):
    """``f(x, v)``: the vector beside a flat example as more features, beside an image as constant planes."""

    def __init__(self, net: nn.Module, flat: bool = True) -> None:
        super().__init__()
        self.net, self.flat = net, flat

    def forward(self, x: Tensor, v: Tensor) -> Tensor:
        if self.flat:
            return cast("Tensor", self.net(torch.cat([x.flatten(1), v.to(x.dtype)], 1)))
        planes = v[:, :, None, None].to(x.dtype).expand(-1, -1, *x.shape[2:])
        return cast("Tensor", self.net(torch.cat([x, planes], 1)))


class Labelled(nn.Module):
    """``f(x, y)``: labels (n,) become indicators (n, classes) for a network of two inputs."""

    def __init__(self, net: nn.Module, classes: int) -> None:
        super().__init__()
        self.net, self.classes = net, classes

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        indicators = y[:, None] == torch.arange(self.classes, device=y.device)
        return cast("Tensor", self.net(x, indicators))


class Scaled(nn.Module):
    """``f(z * e(y))``: a learnt vector for each label, multiplied into the input coordinate by coordinate."""

    def __init__(self, net: nn.Module, classes: int, size: int) -> None:
        super().__init__()
        self.net, self.scale = net, nn.Embedding(classes, size)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        return cast("Tensor", self.net(z * self.scale(y)))


def critic(space: Space, size: int) -> Joint:
    """Return the shared critic of an example together with a vector of ``size``, ``(x, v) -> (n,)``."""
    return Joint(alone(joined(space, size)), flat=not convolutional(space))


def encoder(space: Space, size: int, codes: int) -> Joint:
    """Return an encoder of an example together with a vector of ``size``, ``(x, v) -> (n, codes)``."""
    return Joint(autoencoder.encoder(joined(space, size), codes), flat=not convolutional(space))


def joined(space: Space, size: int) -> Space:
    """Return the space of an example together with a vector."""
    if convolutional(space):
        return replace(space, shape=(space.shape[0] + size, *space.shape[1:]))
    return replace(space, shape=(prod(space.shape) + size,))
