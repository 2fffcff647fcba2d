"""Residual networks after Miyato et al., 2018 (SNGAN's for CIFAR-10), for square images of 8 to 128 pixels."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import sqrt
from typing import cast

from torch import Tensor, nn
from torch.nn import functional as F

from ganbench.dataset import Space
from ganbench.nets import dcgan
from ganbench.nets.layers import BatchNorm, MeanPool, SumPool

LAST = 8  # a discriminator's feature map of that side or less is not halved further
PLAIN = 2  # blocks of a discriminator after those that halve

Wrap = Callable[[nn.Conv2d | nn.Linear], nn.Module]


class Up(nn.Module):
    """A generator's block: BatchNorm, ReLU, enlargement and convolution, then the same without enlargement.

    Beside it the input is enlarged and goes through one pixelwise convolution.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    side : int
        Side of the feature map that is made, twice the input's or one less.
    norm : bool
        Whether there is BatchNorm; ``ganbench.nets.conditional.Conditioned`` makes it depend on a class. With it
        convolutions have no bias: what it would add is the same everywhere, and the next BatchNorm takes it away.
    wrap : callable, optional
        Goes around each convolution.
    """

    def __init__(self, inputs: int, outputs: int, side: int, norm: bool, wrap: Wrap | None = None) -> None:
        super().__init__()
        around: Wrap = wrap or (lambda layer: layer)
        self.side = side
        self.norms = nn.ModuleList([BatchNorm(inputs), BatchNorm(outputs)] if norm else [nn.Identity(), nn.Identity()])
        self.first = around(started(nn.Conv2d(inputs, outputs, 3, padding=1, bias=not norm), sqrt(2)))
        self.second = around(started(nn.Conv2d(outputs, outputs, 3, padding=1, bias=not norm), sqrt(2)))
        self.past = around(started(nn.Conv2d(inputs, outputs, 1, bias=not norm)))

    def forward(self, x: Tensor, *y: Tensor) -> Tensor:
        h = self.first(self.enlarged(self.norms[0](x, *y).relu()))
        h = self.second(self.norms[1](h, *y).relu())
        return cast("Tensor", h + self.past(self.enlarged(x)))

    def enlarged(self, x: Tensor) -> Tensor:
        """Return a feature map of this block's side, each pixel repeated."""
        return F.interpolate(x, size=(self.side, self.side), mode="nearest")


class Down(nn.Module):
    """A discriminator's block: two convolutions, each after ReLU, and the mean of each two by two pixels.

    Beside it the input goes through one pixelwise convolution, unless nothing but a sum is left to be done.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    wrap : callable
        Goes around each convolution.
    halve : bool
        Whether the side is halved.
    first : bool
        Whether the input is an image: then no ReLU comes before, and the way beside it takes means first.
    """

    def __init__(self, inputs: int, outputs: int, wrap: Wrap, *, halve: bool, first: bool = False) -> None:
        super().__init__()
        self.halve, self.begins = halve, first
        self.first = wrap(started(nn.Conv2d(inputs, outputs, 3, padding=1), sqrt(2)))
        self.second = wrap(started(nn.Conv2d(outputs, outputs, 3, padding=1), sqrt(2)))
        self.past = wrap(started(nn.Conv2d(inputs, outputs, 1))) if halve or inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        h = self.second(self.first(x if self.begins else x.relu()).relu())
        past = self.past(self.smaller(x)) if self.begins else self.smaller(self.past(x))
        return self.smaller(h) + past

    def smaller(self, x: Tensor) -> Tensor:
        """Return the means of each two by two pixels, where this block halves."""
        return F.avg_pool2d(x, 2) if self.halve else x


def generator(latent: int, space: Space, width: int = 256, *, norm: bool = True) -> nn.Sequential:
    """Return a generator of one dense layer and residual blocks of one width, each of which doubles the side.

    Parameters
    ----------
    latent : int
        Size of the noise vector.
    space : Space
        Square images of 8 to 128 pixels a side; of 32, three blocks double a side of 4.
    width : int
        Channels of every block: the paper has 256 for images of 32 pixels, other widths for each block of larger ones.
    norm : bool
        Whether there is BatchNorm.

    Returns
    -------
    nn.Sequential
        ``(n, latent) -> (n, *space.shape)`` in [-1, 1].

    Raises
    ------
    BadInput
        For points, and for images of another size.

    References
    ----------
    Miyato et al., Spectral Normalization for Generative Adversarial Networks, 2018, table 4. arXiv:1802.05957

    Examples
    --------
    >>> import torch
    >>> generator(5, Space((3, 32, 32), 10, -1.0, 1.0), width=4)(torch.randn(2, 5)).shape
    torch.Size([2, 3, 32, 32])
    """
    side, *larger = reversed(dcgan.sides(space))
    return nn.Sequential(
        started(nn.Linear(latent, width * side * side)),
        nn.Unflatten(-1, (width, side, side)),
        *(Up(width, width, each, norm) for each in larger),
        *([BatchNorm(width)] if norm else []),
        nn.ReLU(),
        started(nn.Conv2d(width, space.shape[0], 3, padding=1)),
        nn.Tanh(),
    )


def discriminator(space: Space, width: int = 128, *, out: int = 1, wrap: Wrap | None = None) -> nn.Sequential:
    """Return a discriminator of residual blocks of one width without BatchNorm, a pool over all places, a dense layer.

    Blocks halve the side to 8 or less, at least one of them, or one time less than the ``depth`` that is asked for; two
    more keep it: four blocks for images of 32 pixels. With a ``wrap`` it is the paper's, whose pool is a sum; without
    one it is that of WGAN-GP, whose pool is a mean (Gulrajani et al., 2017, appendix C).

    Parameters
    ----------
    space : Space
        Square images of 8 to 128 pixels a side.
    width : int
        Channels of every block.
    out : int
        How many numbers it returns for each example.
    wrap : callable, optional
        Goes around each convolution and the dense layer, such as ``ganbench.nets.layers.SpectralNorm``.

    Returns
    -------
    nn.Sequential
        ``(n, *space.shape) -> (n,)``, or ``(n, out)`` for more than one output.

    Raises
    ------
    BadInput
        For the same data as ``generator``.

    References
    ----------
    Miyato et al., Spectral Normalization for Generative Adversarial Networks, 2018, table 4. arXiv:1802.05957

    Examples
    --------
    >>> import torch
    >>> discriminator(Space((3, 32, 32), 10, -1.0, 1.0), width=4)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2])
    """
    around: Wrap = wrap or (lambda layer: layer)
    widths = [space.shape[0], *[width] * (halvings(space) + PLAIN)]
    blocks = [Down(a, b, around, halve=i < halvings(space), first=i == 0) for i, (a, b) in enumerate(pairwise(widths))]
    head = [nn.ReLU(), SumPool() if wrap else MeanPool(), around(started(nn.Linear(width, out)))]
    return nn.Sequential(*blocks, *head, *([nn.Flatten(0)] if out == 1 else []))


def halvings(space: Space) -> int:
    """Return how many blocks of a discriminator halve the side.

    Examples
    --------
    >>> [halvings(Space((3, side, side), 0, -1.0, 1.0)) for side in (8, 28, 32, 64, 128)]
    [1, 2, 2, 3, 4]
    """
    if space.networks.depth:
        return max(1, space.networks.depth - 1)
    side, count = dcgan.sides(space)[0], 0
    while side > LAST or count == 0:
        side, count = side // 2, count + 1
    return count


def started(layer: nn.Conv2d | nn.Linear, gain: float = 1.0) -> nn.Conv2d | nn.Linear:
    """Draw a layer's weights by Glorot's uniform rule, set its biases to zero, and return it, as the authors' code."""
    nn.init.xavier_uniform_(layer.weight, gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
