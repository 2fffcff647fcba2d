"""R3GAN's residual networks without normalisation (Huang et al., 2024), for square images of 8 to 128 pixels."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import gcd, sqrt
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganbench.dataset import Space
from ganbench.nets import dcgan
from ganbench.nets.resampling import enlarged, halved

BLOCKS = 2  # of each size
FULL = 4  # sizes with all channels, counted from the smallest; each further one has half as many
EXPANSION = 2  # how many times as many channels a block has inside
TOGETHER = 16  # channels of a group inside a block
LEAK = 0.2
GAIN = sqrt(2 / (1 + LEAK**2))  # keeps the variance through the activation

Wrap = Callable[[nn.Conv2d | nn.Linear], nn.Module]


class Biased(nn.Module):
    """A bias for each channel, then LeakyReLU 0.2."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x + self.bias[:, None, None], LEAK)


class Block(nn.Module):
    """``x + f(x)``: a pixelwise convolution to twice the channels, one in groups, a pixelwise one back.

    The last one starts at zero, the others so that variances stay the same however many blocks there are. Something
    that divides by a norm cannot go around zeros: within it the last one starts as they do.

    Parameters
    ----------
    channels : int
        Of the feature map, which keeps its shape.
    blocks : int
        How many there are in the network.
    wrap : callable, optional
        Goes around each convolution.
    """

    def __init__(self, channels: int, blocks: int, wrap: Wrap | None = None) -> None:
        super().__init__()
        around: Wrap = wrap or (lambda layer: layer)
        inside = EXPANSION * channels
        groups = gcd(inside, max(1, inside // TOGETHER))
        gain = GAIN * blocks**-0.25
        self.first = around(started(nn.Conv2d(channels, inside, 1, bias=False), gain))
        self.middle = around(started(nn.Conv2d(inside, inside, 3, padding=1, groups=groups, bias=False), gain))
        self.last = around(started(nn.Conv2d(inside, channels, 1, bias=False), gain if wrap else 0.0))
        self.before, self.after = Biased(inside), Biased(inside)

    def forward(self, x: Tensor) -> Tensor:
        return cast("Tensor", x + self.last(self.after(self.middle(self.before(self.first(x))))))


class Basis(nn.Module):
    """The smallest feature map: a learnt picture for each channel, times a number that depends on the noise."""

    def __init__(self, latent: int, channels: int, side: int) -> None:
        super().__init__()
        self.pictures = nn.Parameter(torch.randn(channels, side, side))
        self.weights = started(nn.Linear(latent, channels, bias=False))

    def forward(self, z: Tensor) -> Tensor:
        return cast("Tensor", self.pictures * self.weights(z)[:, :, None, None])


class Projections(nn.Module):
    """How much of a learnt picture there is in each channel of the smallest feature map, (n, channels)."""

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.pictures = nn.Parameter(torch.randn(channels, side, side) / side)

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.pictures).sum((2, 3))


class Enlarge(nn.Module):
    """A pixelwise convolution where the channels change, then a feature map of that side."""

    def __init__(self, inputs: int, outputs: int, side: int) -> None:
        super().__init__()
        self.change = nn.Identity() if inputs == outputs else started(nn.Conv2d(inputs, outputs, 1, bias=False))
        self.side = side

    def forward(self, x: Tensor) -> Tensor:
        return enlarged(self.change(x), self.side)


class Halve(nn.Module):
    """A feature map of half the side, then a pixelwise convolution where the channels change."""

    def __init__(self, inputs: int, outputs: int, wrap: Wrap) -> None:
        super().__init__()
        same = inputs == outputs
        self.change = nn.Identity() if same else wrap(started(nn.Conv2d(inputs, outputs, 1, bias=False)))

    def forward(self, x: Tensor) -> Tensor:
        return cast("Tensor", self.change(halved(x)))


def generator(latent: int, space: Space, width: int = 768) -> nn.Sequential:
    """Return a generator of two residual blocks for each size; unlike the paper's it ends in tanh.

    Parameters
    ----------
    latent : int
        Size of the noise vector.
    space : Space
        Square images of 8 to 128 pixels a side.
    width : int
        Channels of the four smallest sizes, half as many with every further one; the paper has 768 for CIFAR-10.

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
    Huang et al., The GAN is dead; long live the GAN!, 2024, section 3. arXiv:2501.05441

    Examples
    --------
    >>> generator(5, Space((3, 32, 32), 10, -1.0, 1.0), width=8)(torch.randn(2, 5)).shape
    torch.Size([2, 3, 32, 32])
    """
    side, *larger = reversed(dcgan.sides(space))
    widths = channels(width, len(larger) + 1)
    layers: list[nn.Module] = [Basis(latent, widths[0], side), *blocks(widths, 0)]
    for i, ((inputs, outputs), size) in enumerate(zip(pairwise(widths), larger, strict=True), start=1):
        layers += [Enlarge(inputs, outputs, size), *blocks(widths, i)]
    return nn.Sequential(*layers, started(nn.Conv2d(widths[-1], space.shape[0], 1, bias=False)), nn.Tanh())


def discriminator(space: Space, width: int = 768, *, out: int = 1, wrap: Wrap | None = None) -> nn.Sequential:
    """Return the generator's mirror image: two residual blocks for each size, no tanh.

    Parameters
    ----------
    space : Space
        Square images of 8 to 128 pixels a side.
    width : int
        Channels, as in the generator.
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
    Huang et al., The GAN is dead; long live the GAN!, 2024, section 3. arXiv:2501.05441

    Examples
    --------
    >>> discriminator(Space((3, 32, 32), 10, -1.0, 1.0), width=8)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2])
    """
    around: Wrap = wrap or (lambda layer: layer)
    halvings = len(dcgan.sides(space)) - 1
    widths = channels(width, halvings + 1)[::-1]
    layers: list[nn.Module] = [around(started(nn.Conv2d(space.shape[0], widths[0], 1, bias=False)))]
    for i, (inputs, outputs) in enumerate(pairwise(widths)):
        layers += [*blocks(widths, i, wrap), Halve(inputs, outputs, around)]
    layers += [*blocks(widths, halvings, wrap), Projections(widths[-1], space.shape[1] >> halvings)]
    layers += [around(started(nn.Linear(widths[-1], out, bias=False)))]
    return nn.Sequential(*layers, *([nn.Flatten(0)] if out == 1 else []))


def channels(width: int, sizes: int) -> list[int]:
    """Return the channels of each size of feature maps, the smallest size first.

    Examples
    --------
    >>> channels(768, 4), channels(768, 6)
    ([768, 768, 768, 768], [768, 768, 768, 768, 384, 192])
    """
    return [max(1, width >> max(0, i + 1 - FULL)) for i in range(sizes)]


def blocks(widths: list[int], i: int, wrap: Wrap | None = None) -> list[nn.Module]:
    """Return the blocks of one size."""
    return [Block(widths[i], BLOCKS * len(widths), wrap) for _ in range(BLOCKS)]


def started(layer: nn.Conv2d | nn.Linear, gain: float = 1.0) -> nn.Conv2d | nn.Linear:
    """Draw a layer's weights from N(0, gain^2 / inputs of a unit), and return it, as the authors' code."""
    nn.init.normal_(layer.weight, 0.0, gain / sqrt(layer.weight[0].numel()))
    return layer
