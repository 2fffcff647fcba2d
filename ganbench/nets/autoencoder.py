"""From examples to codes and back, and the parts of a discriminator."""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import cast

from torch import Tensor, nn

from ganbench.dataset import Space
from ganbench.nets import convolutional, dcgan, discriminator, generator, width_of


def encoder(space: Space, codes: int) -> nn.Module:
    """Return an encoder: the shared discriminator with ``codes`` outputs; no BatchNorm.

    Parameters
    ----------
    space : Space
        Shape and range of the data.
    codes : int
        Size of the code.

    Returns
    -------
    nn.Module
        ``(n, *space.shape) -> (n, codes)``

    Examples
    --------
    >>> import torch
    >>> encoder(Space((2,), 8, -1.0, 1.0), 1)(torch.zeros(3, 2)).shape
    torch.Size([3, 1])
    """
    net = discriminator(space, out=codes)
    return nn.Sequential(net, nn.Unflatten(0, (-1, 1))) if codes == 1 else net


def decoder(codes: int, space: Space, squash: bool = True) -> nn.Module:
    """Return a decoder: the shared generator.

    Parameters
    ----------
    codes : int
        Size of the code.
    space : Space
        Shape and range of the data.
    squash : bool
        Whether images end in tanh; without it they are unbounded, such as logits.

    Returns
    -------
    nn.Module
        ``(n, codes) -> (n, *space.shape)``

    Examples
    --------
    >>> import torch
    >>> decoder(5, Space((1, 8, 8), 10, -1.0, 1.0))(torch.zeros(3, 5)).shape
    torch.Size([3, 1, 8, 8])
    """
    layers = cast("nn.Sequential", generator(codes, space))
    return layers if squash else nn.Sequential(*(layer for layer in layers if not isinstance(layer, nn.Tanh)))


def autoencoder(space: Space, codes: int) -> nn.ModuleDict:
    """Return a discriminator that is an autoencoder: ELU, an output without bounds, no BatchNorm.

    An example's error is its own, and no output is ever so far out that its gradient vanishes: a decoder that ends in
    tanh cannot unlearn an image that the generator has driven to the ends of the range.

    Parameters
    ----------
    space : Space
        Shape and range of the data.
    codes : int
        Numbers in each code.

    Returns
    -------
    nn.ModuleDict
        ``encode``, ``(n, *space.shape) -> (n, codes)``, and ``decode``, which leads back.

    Raises
    ------
    BadInput
        For the same images as the shared generator.

    References
    ----------
    Berthelot et al., BEGAN: Boundary Equilibrium Generative Adversarial Networks, 2017, section 3.5. arXiv:1703.10717

    Examples
    --------
    >>> sorted(autoencoder(Space((2,), 8, -1.0, 1.0), 1))
    ['decode', 'encode']
    """
    return nn.ModuleDict({"encode": elu_encoder(space, codes), "decode": elu_decoder(codes, space)})


def elu_decoder(codes: int, space: Space, width: int | None = None) -> nn.Sequential:
    """Return a decoder with ELU: a perceptron, or convolutions between enlargements; its output has no bounds.

    Parameters
    ----------
    codes : int
        Numbers in each code.
    space : Space
        Shape and range of the data.
    width : int, optional
        Units of each of the perceptron's hidden layers, or channels of the convolutional one before the image, which
        double with every halving of the size; those of the space's ``networks``, or 128 and 16, unless given.

    Returns
    -------
    nn.Sequential
        ``(n, codes) -> (n, *space.shape)``

    Examples
    --------
    >>> import torch
    >>> elu_decoder(5, Space((1, 28, 28), 10, -1.0, 1.0))(torch.zeros(3, 5)).shape
    torch.Size([3, 1, 28, 28])
    """
    if not convolutional(space):
        layers = perceptron(codes, width or width_of(space), prod(space.shape), space.networks.depth or 2)
        return orthogonal(nn.Sequential(*layers, nn.Unflatten(-1, space.shape)))
    side, *larger = reversed(dcgan.sides(space))
    widths = [(width or width_of(space)) * 2**i for i in reversed(range(len(larger)))]
    layers = [nn.Linear(codes, widths[0] * side**2), nn.Unflatten(-1, (widths[0], side, side)), nn.ELU()]
    for (inputs, outputs), size in zip(pairwise([*widths, space.shape[0]]), larger, strict=True):
        layers += [nn.Upsample(size=size), nn.Conv2d(inputs, outputs, 3, padding=1), nn.ELU()]
    return orthogonal(nn.Sequential(*layers[:-1]))


def elu_encoder(space: Space, codes: int, width: int | None = None) -> nn.Sequential:
    """Return an encoder with ELU: a perceptron, or strided convolutions; ``width`` as in the decoder.

    Examples
    --------
    >>> import torch
    >>> elu_encoder(Space((1, 28, 28), 10, -1.0, 1.0), 5)(torch.zeros(3, 1, 28, 28)).shape
    torch.Size([3, 5])
    """
    if not convolutional(space):
        hidden = perceptron(prod(space.shape), width or width_of(space), codes, space.networks.depth or 2)
        return orthogonal(nn.Sequential(nn.Flatten(), *hidden))
    doublings = len(dcgan.sides(space)) - 1
    side = space.shape[1] >> doublings
    widths = [space.shape[0], *((width or width_of(space)) * 2**i for i in range(doublings))]
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Conv2d(inputs, outputs, 4, 2, 1), nn.ELU()]
    return orthogonal(nn.Sequential(*layers, nn.Flatten(), nn.Linear(widths[-1] * side**2, codes)))


def perceptron(inputs: int, width: int, outputs: int, depth: int) -> list[nn.Module]:
    """Return the layers of a perceptron of ``depth`` hidden layers with ELU."""
    *hidden, last = (nn.Linear(a, b) for a, b in pairwise([inputs, *[width] * depth, outputs]))
    layers: list[nn.Module] = [layer for one in hidden for layer in (one, nn.ELU())]
    return [*layers, last]


def orthogonal(net: nn.Sequential) -> nn.Sequential:
    """Draw every weight as a matrix of orthogonal rows or columns, set biases to zero, and return the network."""
    for layer in net:
        if isinstance(layer, nn.Linear | nn.Conv2d):
            nn.init.orthogonal_(layer.weight)
            nn.init.zeros_(cast("Tensor", layer.bias))
    return net


def features_and_head(space: Space) -> nn.ModuleDict:
    """Return the shared discriminator in two parts.

    Parameters
    ----------
    space : Space
        Shape and range of the data.

    Returns
    -------
    nn.ModuleDict
        ``features``, ``(n, *space.shape) -> (n, d)``, up to the last hidden layer, and ``head``, ``(n, d) -> (n,)``.

    Examples
    --------
    >>> sorted(features_and_head(Space((2,), 8, -1.0, 1.0)))
    ['features', 'head']
    """
    layers = cast("nn.Sequential", discriminator(space))
    return nn.ModuleDict({"features": layers[:-2], "head": layers[-2:]})


def feature_count(discriminator: nn.ModuleDict) -> int:
    """How many features the last hidden layer of such a discriminator has.

    Examples
    --------
    >>> feature_count(features_and_head(Space((2,), 8, -1.0, 1.0)))
    128
    """
    return cast("nn.Linear", cast("nn.Sequential", discriminator["head"])[0]).in_features
