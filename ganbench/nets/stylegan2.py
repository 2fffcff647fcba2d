"""StyleGAN2's networks at a small size (Karras et al., 2019), for square images of 8 to 128 pixels.

Every layer has one number of channels, as the authors' networks have for images of 32 pixels. Weights are drawn from
N(0, 1) and scaled when they are used, so that all of them learn at one rate.
"""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganbench.dataset import Space
from ganbench.nets import dcgan
from ganbench.nets.resampling import enlarged, halved, smoothed

LEAK, GAIN = 0.2, sqrt(2)  # of the activation; what it is multiplied with keeps the variance
SLOW = 0.01  # rate of the mapping network beside that of all others
SMALLEST = 1e-8  # added where something is divided by a norm


def activated(x: Tensor) -> Tensor:
    """Return LeakyReLU 0.2, times the root of two."""
    return F.leaky_relu(x, LEAK) * GAIN


class Dense(nn.Module):
    """A dense layer whose weights are scaled when they are used; ``rate`` is how fast it learns beside others."""

    def __init__(self, inputs: int, outputs: int, *, start: float = 0.0, rate: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), start / rate))
        self.scale, self.rate = rate / sqrt(inputs), rate

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.scale, self.bias * self.rate)


class Convolution(nn.Module):
    """A convolution whose weights are scaled when they are used; it keeps the side of a feature map, or halves it.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    kernel : int
        Side of the kernel, odd.
    bias : bool
        Whether a bias is added.
    halve : bool
        Whether the side is halved, without aliasing; the kernel's is 3 then.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, *, bias: bool = True, halve: bool = False) -> None:
        super().__init__()
        self.halve = halve
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale, self.padding = 1 / sqrt(inputs * kernel**2), kernel // 2

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight * self.scale
        if self.halve:
            return F.conv2d(smoothed(x), weight, self.bias, stride=2)
        return F.conv2d(x, weight, self.bias, padding=self.padding)


class Modulated(nn.Module):
    """A convolution whose weights are multiplied, for each example, by a style of each input channel.

    Demodulated, they are then divided by their norm for each output channel (section 2.2, equations 1 and 3). Here the
    input is multiplied and the output divided instead, which is the same sum.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    kernel : int
        Side of the kernel, odd.
    codes : int
        Size of the code w that styles are made of.
    demodulate : bool
        Whether the norm is divided by.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, codes: int, *, demodulate: bool = True) -> None:
        super().__init__()
        self.style = Dense(codes, inputs, start=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.scale, self.padding, self.demodulate = 1 / sqrt(inputs * kernel**2), kernel // 2, demodulate

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        weight, style = self.weight * self.scale, self.style(w)
        h = F.conv2d(x * style[:, :, None, None], weight, padding=self.padding)
        if not self.demodulate:
            return h
        squares = style.square() @ weight.square().sum((2, 3)).T
        return h / (squares + SMALLEST).sqrt()[:, :, None, None]


class Layer(nn.Module):
    """A modulated convolution, noise of a learnt strength, a bias and the activation; enlarged before if asked."""

    def __init__(self, inputs: int, outputs: int, codes: int, side: int, *, enlarge: bool) -> None:
        super().__init__()
        self.side, self.enlarge = side, enlarge
        self.convolution = Modulated(inputs, outputs, 3, codes)
        self.strength, self.bias = nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor, w: Tensor, noise: Tensor) -> Tensor:
        h = self.convolution(enlarged(x, self.side) if self.enlarge else x, w)
        return activated(h + self.strength * noise.view(-1, 1, self.side, self.side) + self.bias[:, None, None])


class Mapping(nn.Module):
    """From noise of norm one to codes w of the same size, through dense layers that learn a hundred times as slowly."""

    def __init__(self, latent: int, depth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([Dense(latent, latent, rate=SLOW) for _ in range(depth)])

    def forward(self, z: Tensor) -> Tensor:
        w = z / (z.square().mean(1, keepdim=True) + SMALLEST).sqrt()
        for layer in self.layers:
            w = activated(layer(w))
        return w


class Synthesis(nn.Module):
    """From codes and noise to images: a learnt constant, and what each size adds to the enlarged image so far."""

    def __init__(self, codes: int, colours: int, width: int, sides: tuple[int, ...]) -> None:
        super().__init__()
        self.sides = sides
        self.constant = nn.Parameter(torch.randn(width, sides[0], sides[0]))
        self.layers = nn.ModuleList(
            [Layer(width, width, codes, side, enlarge=enlarge) for side, enlarge in layers_of(sides)]
        )
        self.colour = nn.ModuleList([Modulated(width, colours, 1, codes, demodulate=False) for _ in sides])
        self.bias = nn.Parameter(torch.zeros(len(sides), colours))

    def forward(self, w: Tensor, noise: Tensor) -> Tensor:
        pieces = iter(noise.split([side**2 for side, _ in layers_of(self.sides)], 1))
        layers, x = iter(self.layers), self.constant.expand(len(w), -1, -1, -1)
        image = x.new_zeros(())
        for i, side in enumerate(self.sides):
            for _ in range(2 if i else 1):
                x = next(layers)(x, w, next(pieces))
            more = self.colour[i](x, w) + self.bias[i][:, None, None]
            image = enlarged(image, side) + more if i else more
        return image


class Generator(nn.Module):
    """``(z, noise) -> x``: the mapping network, then the synthesis network. Images have no bounds.

    Parameters
    ----------
    latent : int
        Size of the noise vector z and of codes.
    space : Space
        Square images of 8 to 128 pixels a side.
    width : int
        Channels of every layer.
    depth : int
        Layers of the mapping network.

    Raises
    ------
    BadInput
        For points, and for images of another size.

    References
    ----------
    Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2019, section 2 and figure 7b.
    arXiv:1912.04958

    Examples
    --------
    >>> space = Space((3, 32, 32), 10, -1.0, 1.0)
    >>> Generator(5, space, width=4, depth=2)(torch.randn(2, 5), torch.randn(2, noise_size(space))).shape
    torch.Size([2, 3, 32, 32])
    """

    def __init__(self, latent: int, space: Space, width: int, depth: int) -> None:
        super().__init__()
        self.mapping = Mapping(latent, depth)
        self.synthesis = Synthesis(latent, space.shape[0], width, dcgan.sides(space)[::-1])

    def forward(self, z: Tensor, noise: Tensor) -> Tensor:
        image: Tensor = self.synthesis(self.mapping(z), noise)
        return image


class Down(nn.Module):
    """Two convolutions, the second to half the side; beside them half the side and a pixelwise one. Variances stay."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = Convolution(width, width, 3), Convolution(width, width, 3, halve=True)
        self.past = Convolution(width, width, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        h = activated(self.second(activated(self.first(x))))
        return (h + self.past(halved(x))) / GAIN


class Deviation(nn.Module):
    """One more plane, which says how much a batch varies: the mean over features of their standard deviation."""

    def forward(self, x: Tensor) -> Tensor:
        sd = (x.var(0, unbiased=False) + SMALLEST).sqrt().mean()
        return torch.cat([x, sd.expand(len(x), 1, *x.shape[2:])], 1)


def discriminator(space: Space, width: int) -> nn.Sequential:
    """Return the residual discriminator (figure 7c), which sees how much its batch varies.

    An output is so a function of its whole batch; a gradient of the outputs' sum by one image, as in R1, includes what
    the image changes in those of others, as in the authors' code. Their groups are of four images, here of a batch.

    Parameters
    ----------
    space : Space
        Square images of 8 to 128 pixels a side.
    width : int
        Channels of every layer.

    Returns
    -------
    nn.Sequential
        ``(n, *space.shape) -> (n,)``

    Raises
    ------
    BadInput
        For the same data as ``Generator``.

    References
    ----------
    Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2019. arXiv:1912.04958

    Examples
    --------
    >>> discriminator(Space((3, 32, 32), 10, -1.0, 1.0), width=4)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2])
    """
    halvings = len(dcgan.sides(space)) - 1
    side = space.shape[1] >> halvings
    return nn.Sequential(
        Convolution(space.shape[0], width, 1),
        Activation(),
        *(Down(width) for _ in range(halvings)),
        Deviation(),
        Convolution(width + 1, width, 3),
        Activation(),
        nn.Flatten(),
        Dense(width * side**2, width),
        Activation(),
        Dense(width, 1),
        nn.Flatten(0),
    )


class Activation(nn.Module):
    """LeakyReLU 0.2, times the root of two."""

    def forward(self, x: Tensor) -> Tensor:
        return activated(x)


def layers_of(sides: tuple[int, ...]) -> list[tuple[int, bool]]:
    """Return the side of each layer's feature map, and whether it enlarges: one layer of the first, two of others."""
    return [(sides[0], False), *((side, enlarge) for side in sides[1:] for enlarge in (True, False))]


def noise_size(space: Space) -> int:
    """Return how many numbers all layers add for one image.

    Examples
    --------
    >>> noise_size(Space((3, 32, 32), 10, -1.0, 1.0))
    2704
    """
    return sum(side**2 for side, _ in layers_of(dcgan.sides(space)[::-1]))
