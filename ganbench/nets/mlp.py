"""Multilayer perceptrons for points and small images: leaky, orthogonal, two hidden layers unless told otherwise."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import prod

from torch import nn

from ganbench.dataset import Space

LEAK = 0.1  # what a leaky layer lets through of negative values
GAIN = 1.4  # of the orthogonal initialisation: keeps the signal's size through leaky layers of this leak

Wrap = Callable[[nn.Linear], nn.Module]


def generator(latent: int, space: Space, width: int = 128, depth: int = 2) -> nn.Module:
    """Return a perceptron that makes examples; images end in tanh, which is also their range.

    Parameters
    ----------
    latent : int
        Size of the noise vector.
    space : Space
        Shape and range of the data.
    width : int
        Units of each hidden layer.
    depth : int
        Number of hidden layers.

    Returns
    -------
    nn.Module
        ``(n, latent) -> (n, *space.shape)``; images are in [-1, 1], points unbounded.

    References
    ----------
    Saxe et al., Exact solutions to the nonlinear dynamics of learning in deep linear neural networks, 2013, for the
    orthogonal initialisation. arXiv:1312.6120

    Examples
    --------
    >>> import torch
    >>> generator(5, Space((1, 8, 8), 10, -1.0, 1.0))(torch.zeros(3, 5)).shape
    torch.Size([3, 1, 8, 8])
    """
    head = [nn.Tanh(), nn.Unflatten(-1, space.shape)] if space.is_image else []
    return nn.Sequential(*body(latent, width, prod(space.shape), depth=depth), *head)


def discriminator(space: Space, width: int = 128, depth: int = 2, out: int = 1, wrap: Wrap | None = None) -> nn.Module:
    """Return a perceptron that gives each example one number, or several.

    Parameters
    ----------
    space : Space
        Shape and range of the data.
    width : int
        Units of each hidden layer.
    depth : int
        Number of hidden layers.
    out : int
        How many numbers it returns for each example.
    wrap : callable, optional
        Goes around each dense layer, such as ``ganbench.nets.layers.SpectralNorm``.

    Returns
    -------
    nn.Module
        ``(n, *space.shape) -> (n,)``, or ``(n, out)`` for more than one output.

    Examples
    --------
    >>> import torch
    >>> discriminator(Space((2,), 8, -1.0, 1.0), out=3)(torch.zeros(5, 2)).shape
    torch.Size([5, 3])
    """
    tail = [nn.Flatten(0)] if out == 1 else []
    return nn.Sequential(nn.Flatten(), *body(prod(space.shape), width, out, wrap, depth), *tail)


def body(inputs: int, width: int, outputs: int, wrap: Wrap | None = None, depth: int = 2) -> list[nn.Module]:
    """Return the layers of a perceptron with ``depth`` hidden layers."""
    dense = [nn.Linear(a, b) for a, b in pairwise([inputs, *[width] * depth, outputs])]
    for layer in dense:
        nn.init.orthogonal_(layer.weight, GAIN)
        nn.init.zeros_(layer.bias)
    *hidden, last = (wrap(layer) for layer in dense) if wrap else dense
    return [layer for one in hidden for layer in (one, nn.LeakyReLU(LEAK))] + [last]
