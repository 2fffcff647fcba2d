"""Networks of an example and a time, which return what has the example's shape: a velocity, or noise."""

from __future__ import annotations

from itertools import pairwise
from math import gcd, log, pi, prod
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganbench.dataset import Space
from ganbench.nets import convolutional, dcgan, size_of

EMBEDDED = 32  # sines and cosines of a time
FASTEST = 8.0  # how many times as fast as the slowest, which makes a quarter of a turn from time 0 to time 1
UNITS, HIDDEN = 128, 3  # of the perceptron
CHANNELS = 32  # of the convolutional network next to the image
GROUPS = 8  # of channels that are normalised together, at most


def network(space: Space) -> nn.Module:
    """Return the network of an example and a time: a perceptron, or a U-Net where the shared networks convolve.

    Parameters
    ----------
    space : Space
        Shape of the data, and width and depth of the network where they are chosen: units and hidden layers, or
        channels next to the image, which double with every halving, and halvings.

    Returns
    -------
    nn.Module
        ``(n, *space.shape), (n,) -> (n, *space.shape)``; times are in [0, 1]. Zero at first.

    References
    ----------
    Ho, Jain & Abbeel, Denoising Diffusion Probabilistic Models, 2020, appendix B. arXiv:2006.11239

    Examples
    --------
    >>> network(Space((2,), 8, -1.0, 1.0))(torch.ones(3, 2), torch.rand(3)).tolist()
    [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
    """
    if not convolutional(space):
        return TimedPerceptron(space.shape, *size_of(space, (UNITS, HIDDEN)))
    return UNet(space.shape[0], space.networks.width or CHANNELS, dcgan.sides(space))


def embedded(t: Tensor) -> Tensor:
    """Return sines and cosines of times (n,) in [0, 1], (n, 32), after Vaswani et al., 2017, section 3.5.

    They are slow, a quarter of a turn to two turns: a narrow mode takes a velocity that changes smoothly with time. On
    ring8 (5000 steps, rate 1e-3) 10 % of the samples were within three standard deviations of a mode, and half as many
    with the paper's frequencies.

    Examples
    --------
    >>> embedded(torch.tensor([0.0, 1.0]))[:, [0, 16, 31]].round(decimals=3).abs().tolist()
    [[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]]
    """
    half = EMBEDDED // 2
    rates = torch.exp(log(FASTEST) / (half - 1) * torch.arange(half, device=t.device, dtype=t.dtype))
    angles = pi / 2 * t[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)


class TimedPerceptron(nn.Module):
    """A perceptron with SiLU whose first hidden layer adds what it makes of the example and of the time."""

    def __init__(self, shape: tuple[int, ...], width: int, depth: int) -> None:
        super().__init__()
        self.shape = shape
        self.example, self.time = nn.Linear(prod(shape), width), nn.Linear(EMBEDDED, width)
        hidden: list[nn.Module] = [layer for _ in range(depth - 1) for layer in (nn.Linear(width, width), nn.SiLU())]
        self.rest = nn.Sequential(nn.SiLU(), *hidden, zero(nn.Linear(width, prod(shape))))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        h = self.example(x.flatten(1)) + self.time(embedded(t))
        return cast("Tensor", self.rest(h).unflatten(1, self.shape))


class UNet(nn.Module):
    """A residual block for each size on the way down and up, and what was seen on the way down again on the way up.

    Parameters
    ----------
    colours
        Channels of the image.
    channels
        Next to the image; they double with every halving.
    sides
        Sides of the feature maps from the image down.
    """

    def __init__(self, colours: int, channels: int, sides: tuple[int, ...]) -> None:
        super().__init__()
        widths = [channels * 2**i for i in range(len(sides))]
        self.sides, steps = sides, list(pairwise(widths))
        self.time = nn.Sequential(nn.Linear(EMBEDDED, 4 * channels), nn.SiLU())
        self.first = nn.Conv2d(colours, channels, 3, padding=1)
        self.down = nn.ModuleList([TimedBlock(a, a, 4 * channels) for a in widths])
        self.halve = nn.ModuleList([nn.Conv2d(a, b, 3, 2, 1) for a, b in steps])
        self.enlarge = nn.ModuleList([nn.Conv2d(b, a, 3, padding=1) for a, b in steps])
        self.up = nn.ModuleList([TimedBlock(2 * a, a, 4 * channels) for a, _ in steps])
        last = zero(nn.Conv2d(channels, colours, 3, padding=1))
        self.last = nn.Sequential(norm(channels), nn.SiLU(), last)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        time, h, seen = self.time(embedded(t)), self.first(x), list[Tensor]()
        for block, halve in zip(self.down, self.halve, strict=False):
            seen.append(block(h, time))
            h = halve(seen[-1])
        h = self.down[-1](h, time)
        for i in reversed(range(len(self.up))):
            h = self.enlarge[i](F.interpolate(h, size=(self.sides[i], self.sides[i]), mode="nearest"))
            h = self.up[i](torch.cat([h, seen[i]], 1), time)
        return cast("Tensor", self.last(h))


class TimedBlock(nn.Module):
    """Two convolutions after GroupNorm and SiLU, the time added between them, beside a connection past them."""

    def __init__(self, inputs: int, outputs: int, times: int) -> None:
        super().__init__()
        self.before = nn.Sequential(norm(inputs), nn.SiLU(), nn.Conv2d(inputs, outputs, 3, padding=1))
        self.time = nn.Linear(times, outputs)
        last = zero(nn.Conv2d(outputs, outputs, 3, padding=1))
        self.after = nn.Sequential(norm(outputs), nn.SiLU(), last)
        self.past = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = self.before(x) + self.time(time)[:, :, None, None]
        return cast("Tensor", self.past(x) + self.after(h))


def norm(channels: int) -> nn.GroupNorm:
    """Return a normalisation of up to eight groups of channels."""
    return nn.GroupNorm(gcd(GROUPS, channels), channels)


def zero(layer: nn.Linear | nn.Conv2d) -> nn.Linear | nn.Conv2d:
    """Set a layer's weights and biases to zero, and return it."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(cast("Tensor", layer.bias))
    return layer
