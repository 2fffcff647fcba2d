"""Networks of two inputs: an example and a vector, or a vector and a label."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import cast

import torch
from torch import Tensor, nn

from ganbench.dataset import Space
from ganbench.nets import autoencoder, convolutional
from ganbench.nets import discriminator as unconditional_discriminator
from ganbench.nets import generator as unconditional_generator


class Joint(nn.Module):
    """``f(x, v)``: the vector beside a flat example as more features, beside an image as constant planes.

    Parameters
    ----------
    net : nn.Module
        Network of one input, with room for the vector in its features or channels.
    flat : bool
        Whether examples are flattened and the vector appended, or the vector becomes planes of an image.

    Examples
    --------
    >>> Joint(nn.Identity())(torch.tensor([[7.0, 7.0]]), torch.tensor([[1.0]])).tolist()
    [[7.0, 7.0, 1.0]]
    """

    def __init__(self, net: nn.Module, flat: bool = True) -> None:
        super().__init__()
        self.net, self.flat = net, flat

    def forward(self, x: Tensor, v: Tensor) -> Tensor:
        if self.flat:
            return cast("Tensor", self.net(torch.cat([x.flatten(1), v.to(x.dtype)], 1)))
        planes = v[:, :, None, None].to(x.dtype).expand(-1, -1, *x.shape[2:])
        return cast("Tensor", self.net(torch.cat([x, planes], 1)))


class Labelled(nn.Module):
    """``f(x, y)``: labels (n,) become indicators (n, classes) for a network of two inputs.

    Examples
    --------
    >>> Labelled(Joint(nn.Identity()), classes=2)(torch.tensor([[7.0]]), torch.tensor([1])).tolist()
    [[7.0, 0.0, 1.0]]
    """

    def __init__(self, net: nn.Module, classes: int) -> None:
        super().__init__()
        self.net, self.classes = net, classes

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        indicators = y[:, None] == torch.arange(self.classes, device=y.device)
        return cast("Tensor", self.net(x, indicators))


class Scaled(nn.Module):
    """``f(z * e(y))``: a learnt vector for each label, multiplied into the input coordinate by coordinate.

    Examples
    --------
    >>> Scaled(nn.Linear(5, 2), classes=3, size=5)(torch.zeros(4, 5), torch.tensor([0, 1, 2, 0])).shape
    torch.Size([4, 2])
    """

    def __init__(self, net: nn.Module, classes: int, size: int) -> None:
        super().__init__()
        self.net, self.scale = net, nn.Embedding(classes, size)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        return cast("Tensor", self.net(z * self.scale(y)))


def discriminator(space: Space, size: int) -> Joint:
    """Return the shared discriminator of an example together with a vector.

    Parameters
    ----------
    space : Space
        Shape and range of the data.
    size : int
        Length of the vector.

    Returns
    -------
    Joint
        ``(n, *space.shape), (n, size) -> (n,)``

    Examples
    --------
    >>> discriminator(Space((2,), 8, -1.0, 1.0), 3)(torch.zeros(5, 2), torch.zeros(5, 3)).shape
    torch.Size([5])
    """
    return Joint(unconditional_discriminator(joined(space, size)), flat=not convolutional(space))


def encoder(space: Space, size: int, codes: int) -> Joint:
    """Return an encoder of an example together with a vector.

    Parameters
    ----------
    space : Space
        Shape and range of the data.
    size : int
        Length of the vector.
    codes : int
        Size of the code.

    Returns
    -------
    Joint
        ``(n, *space.shape), (n, size) -> (n, codes)``

    Examples
    --------
    >>> encoder(Space((2,), 8, -1.0, 1.0), 3, 4)(torch.zeros(5, 2), torch.zeros(5, 3)).shape
    torch.Size([5, 4])
    """
    return Joint(autoencoder.encoder(joined(space, size), codes), flat=not convolutional(space))


def labelled_generator(latent: int, space: Space) -> Labelled:
    """Return the shared generator with indicators of the label beside the noise.

    Parameters
    ----------
    latent : int
        Size of the noise vector.
    space : Space
        Shape, range and number of classes of the data.

    Returns
    -------
    Labelled
        ``(n, latent), (n,) -> (n, *space.shape)``

    References
    ----------
    Mirza & Osindero, Conditional Generative Adversarial Nets, 2014. arXiv:1411.1784

    Examples
    --------
    >>> labelled_generator(5, Space((2,), 8, -1.0, 1.0))(torch.zeros(3, 5), torch.tensor([0, 7, 1])).shape
    torch.Size([3, 2])
    """
    return Labelled(Joint(unconditional_generator(latent + space.classes, space)), space.classes)


def joined(space: Space, size: int) -> Space:
    """Return the space of an example together with a vector: more features, or more channels."""
    if convolutional(space):
        return replace(space, shape=(space.shape[0] + size, *space.shape[1:]))
    return replace(space, shape=(prod(space.shape) + size,))
