"""Perceptrons after Lin et al., 2018 (PacGAN's mixtures): BatchNorm and ReLU against maxout, a normal start."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import prod
from typing import cast

from torch import Tensor, nn

from ganbench.dataset import Space
from ganbench.nets.layers import BatchNorm

PIECES = 5  # linear pieces of each unit of the discriminator
SD = 0.02  # of the first weights

Wrap = Callable[[nn.Linear], nn.Module]


class Maxout(nn.Module):
    """Each unit is the largest of its linear ``pieces`` (Goodfellow et al., 2013, equation 2).

    Parameters
    ----------
    linear : nn.Module
        ``(n, inputs) -> (n, units * pieces)``, the pieces of a unit side by side.
    pieces : int
        Linear functions of each unit.

    References
    ----------
    Goodfellow et al., Maxout Networks, 2013. arXiv:1302.4389

    Examples
    --------
    >>> import torch
    >>> Maxout(nn.Identity(), 2)(torch.tensor([[1.0, 3.0, -2.0, -5.0]])).tolist()
    [[3.0, -2.0]]
    """

    def __init__(self, linear: nn.Module, pieces: int) -> None:
        super().__init__()
        self.linear, self.pieces = linear, pieces

    def forward(self, x: Tensor) -> Tensor:
        return cast("Tensor", self.linear(x).unflatten(1, (-1, self.pieces)).amax(2))


def generator(latent: int, space: Space, width: int = 400, depth: int = 4, *, norm: bool = True) -> nn.Module:
    """Return a perceptron with BatchNorm and ReLU after each hidden layer; images end in tanh.

    Parameters
    ----------
    latent : int
        Size of the noise vector.
    space : Space
        Shape and range of the data.
    width, depth : int
        Units of each hidden layer, and how many such layers there are.
    norm : bool
        Whether there is BatchNorm; only without it have hidden layers a bias.

    Returns
    -------
    nn.Module
        ``(n, latent) -> (n, *space.shape)``

    References
    ----------
    Lin et al., PacGAN: The power of two samples in generative adversarial networks, 2018. arXiv:1712.04086

    Examples
    --------
    >>> import torch
    >>> generator(5, Space((2,), 8, -1.0, 1.0))(torch.randn(3, 5)).shape
    torch.Size([3, 2])
    """
    layers: list[nn.Module] = []
    for a, b in pairwise([latent, *[width] * depth]):
        layers += [nn.Linear(a, b, bias=not norm), *([BatchNorm(b)] if norm else []), nn.ReLU()]
    layers.append(nn.Linear(width, prod(space.shape)))
    head = [nn.Tanh(), nn.Unflatten(-1, space.shape)] if space.is_image else []
    return normal_start(nn.Sequential(*layers, *head))


def discriminator(space: Space, width: int = 400, depth: int = 4, out: int = 1, wrap: Wrap | None = None) -> nn.Module:
    """Return ``depth - 1`` layers of ``width / 2`` maxout units, at least one, and a linear one.

    Parameters
    ----------
    space : Space
        Shape and range of the data.
    width, depth : int
        Of the generator that it is trained against.
    out, wrap
        As in ``ganbench.nets.mlp.discriminator``.

    Returns
    -------
    nn.Module
        ``(n, *space.shape) -> (n,)``, or ``(n, out)`` for more than one output.

    References
    ----------
    Lin et al., PacGAN: The power of two samples in generative adversarial networks, 2018. arXiv:1712.04086

    Examples
    --------
    >>> import torch
    >>> discriminator(Space((2,), 8, -1.0, 1.0))(torch.zeros(5, 2)).shape
    torch.Size([5])
    """
    around: Wrap = wrap or (lambda layer: layer)
    units = max(1, width // 2)
    layers: list[nn.Module] = [nn.Flatten()]
    for a, b in pairwise([prod(space.shape), *[units] * max(1, depth - 1)]):
        layers.append(Maxout(around(nn.Linear(a, b * PIECES)), PIECES))
    layers.append(around(nn.Linear(units, out)))
    return normal_start(nn.Sequential(*layers, *([nn.Flatten(0)] if out == 1 else [])))


def normal_start(net: nn.Sequential) -> nn.Sequential:
    """Draw the weights of dense layers from N(0, 0.02^2), set their biases to zero, and return the network."""
    for layer in net.modules():
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, 0.0, SD)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return net
