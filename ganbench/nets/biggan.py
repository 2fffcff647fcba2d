"""BigGAN's networks at a small size (Brock et al., 2018), for square images of 8 to 128 pixels with classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from ganbench.dataset import Space
from ganbench.nets import dcgan, resnet
from ganbench.nets.conditional import Projected
from ganbench.nets.layers import BatchNorm, SpectralNorm, Standardised

SHARED = 128  # numbers of a class's embedding, which all normalisations of the generator share

Wrapped = nn.Linear | nn.Conv2d | nn.Embedding


class ToldBatchNorm(nn.Module):
    """Batch normalisation whose gain and shift are linear in a vector; the gain is one more than that.

    Parameters
    ----------
    channels : int
        Of the feature map.
    size : int
        Length of the vector.
    wrap : callable
        Goes around both linear maps.
    """

    def __init__(self, channels: int, size: int, wrap: Callable[[Wrapped], nn.Module]) -> None:
        super().__init__()
        self.norm = Standardised(channels)
        self.gain, self.shift = (wrap(nn.Linear(size, channels, bias=False)) for _ in range(2))

    def forward(self, x: Tensor, v: Tensor) -> Tensor:
        gain, shift = self.gain(v)[:, :, None, None], self.shift(v)[:, :, None, None]
        return cast("Tensor", self.norm(x) * (1 + gain) + shift)


class Generator(nn.Module):
    """``(z, y) -> x``: every block is told the class's embedding and its own part of the noise.

    The noise is cut into parts of one size, or nearly: one for the first layer and one for each block.

    Parameters
    ----------
    latent : int
        Size of the noise vector, at least the number of ``parts``.
    space : Space
        Square images of 8 to 128 pixels a side, with classes.
    width : int
        Channels of every block.

    Raises
    ------
    BadInput
        For points, and for images of another size.

    References
    ----------
    Brock, Donahue & Simonyan, Large Scale GAN Training for High Fidelity Natural Image Synthesis, 2018, section 3 and
    appendix B. arXiv:1809.11096

    Examples
    --------
    >>> G = Generator(20, Space((3, 32, 32), 10, -1.0, 1.0), width=4)
    >>> G(torch.randn(2, 20), torch.tensor([0, 9])).shape
    torch.Size([2, 3, 32, 32])
    """

    def __init__(self, latent: int, space: Space, width: int) -> None:
        super().__init__()
        side, *larger = reversed(dcgan.sides(space))
        first, *sizes = (len(part) for part in torch.arange(latent).tensor_split(len(larger) + 1))
        self.shared = orthogonal(nn.Embedding(space.classes, SHARED))
        self.start = spectral(nn.Linear(first, width * side**2))
        self.blocks = nn.ModuleList([resnet.Up(width, width, each, norm=True, wrap=spectral) for each in larger])
        for block, size in zip(self.blocks, sizes, strict=True):
            block.norms = nn.ModuleList([ToldBatchNorm(width, SHARED + size, spectral) for _ in range(2)])
        self.last = nn.Sequential(
            BatchNorm(width), nn.ReLU(), spectral(nn.Conv2d(width, space.shape[0], 3, padding=1)), nn.Tanh()
        )
        self.side = side

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        first, *parts = z.tensor_split(len(self.blocks) + 1, 1)
        embedding, x = self.shared(y), self.start(first).unflatten(1, (-1, self.side, self.side))
        for block, part in zip(self.blocks, parts, strict=True):
            x = block(x, torch.cat([embedding, part], 1))
        return cast("Tensor", self.last(x))


def discriminator(space: Space, width: int) -> Projected:
    """Return SNGAN's residual discriminator with a projection on the class, its weights started orthogonal.

    Parameters
    ----------
    space : Space
        Square images of 8 to 128 pixels a side, with classes.
    width : int
        Channels of every block.

    Returns
    -------
    Projected
        ``(n, *space.shape), (n,) -> (n,)``

    Raises
    ------
    BadInput
        For the same data as ``Generator``.

    References
    ----------
    Brock, Donahue & Simonyan, 2018, as for ``Generator``

    Examples
    --------
    >>> space = Space((3, 32, 32), 10, -1.0, 1.0)
    >>> discriminator(space, width=4)(torch.zeros(2, 3, 32, 32), torch.tensor([0, 9])).shape
    torch.Size([2])
    """
    features = resnet.discriminator(space, width, wrap=spectral)[:-2]
    return Projected(features, width, space.classes, wrap=spectral)


def parts(space: Space) -> int:
    """Return into how many parts the noise is cut.

    Examples
    --------
    >>> parts(Space((3, 32, 32), 10, -1.0, 1.0))
    4
    """
    return len(dcgan.sides(space))


def spectral(layer: Wrapped) -> SpectralNorm:
    """Return a layer with orthogonal weights that are divided by their spectral norm."""
    return SpectralNorm(orthogonal(layer))


def orthogonal(layer: Wrapped) -> Wrapped:
    """Draw a layer's weights as a matrix of orthogonal rows or columns, and return it."""
    nn.init.orthogonal_(layer.weight)
    return layer
