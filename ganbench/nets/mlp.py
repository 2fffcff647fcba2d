"""Multilayer perceptrons for points and small images: two hidden layers, leaky, orthogonal."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from torch import nn

from ganbench.dataset import Space

SLOPE = 0.1
GAIN = 1.4  # of the orthogonal initialisation: keeps the signal's size through leaky layers of this slope


def generator(latent: int, space: Space, width: int = 128) -> nn.Module:
    """``(n, latent) -> (n, *shape)``; images end in tanh, scaled to the space's range of [-1, 1]."""
    head = [nn.Tanh(), nn.Unflatten(-1, space.shape)] if space.is_image else []
    return nn.Sequential(*body(latent, width, prod(space.shape)), *head)


def critic(
    space: Space, width: int = 128, out: int = 1, wrap: Callable[[nn.Linear], nn.Module] | None = None
) -> nn.Module:
    """``(n, *shape) -> (n,)``, or ``(n, out)`` for more than one output; ``wrap`` goes around each dense layer."""
    tail = [nn.Flatten(0)] if out == 1 else []
    return nn.Sequential(nn.Flatten(), *body(prod(space.shape), width, out, wrap), *tail)


def body(
    inputs: int, width: int, outputs: int, wrap: Callable[[nn.Linear], nn.Module] | None = None
) -> list[nn.Module]:
    """Return the layers of a perceptron with two hidden layers."""
    dense = [nn.Linear(a, b) for a, b in ((inputs, width), (width, width), (width, outputs))]
    for layer in dense:
        nn.init.orthogonal_(layer.weight, GAIN)
        nn.init.zeros_(layer.bias)
    first, second, last = (wrap(layer) for layer in dense) if wrap else dense
    return [first, nn.LeakyReLU(SLOPE), second, nn.LeakyReLU(SLOPE), last]
