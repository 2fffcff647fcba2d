"""Networks. The pair here is what every baseline trains unless its architecture is what its paper contributed."""

from __future__ import annotations

from torch import nn

from ganbench.dataset import Space
from ganbench.nets import dcgan, mlp

SMALL = 16  # images up to this side are left to perceptrons
WIDTH = 16  # channels of the shared convolutional networks next to the image


def generator(latent: int, space: Space, *, norm: bool = True) -> nn.Module:
    """Return the shared generator: a perceptron, or transposed convolutions for images of more than 16 pixels a side.

    Parameters
    ----------
    latent : int
        Size of the noise vector.
    space : Space
        Shape and range of the data.
    norm : bool
        Whether the convolutional generator has BatchNorm; the perceptron has none.

    Returns
    -------
    nn.Module
        ``(n, latent) -> (n, *space.shape)``; images are in [-1, 1].

    Raises
    ------
    BadInput
        For images of more than 16 pixels that are not square, or of more than 128.

    References
    ----------
    Radford et al., Unsupervised Representation Learning with DCGAN, 2015. arXiv:1511.06434

    Examples
    --------
    >>> import torch
    >>> generator(5, Space((2,), 8, -1.0, 1.0))(torch.zeros(3, 5)).shape
    torch.Size([3, 2])
    """
    if convolutional(space):
        return dcgan.generator(latent, space, WIDTH, norm=norm)
    return mlp.generator(latent, space)


def discriminator(space: Space, *, out: int = 1, wrap: dcgan.Wrap | None = None) -> nn.Module:
    """Return the shared discriminator, without BatchNorm: penalties differentiate one sample at a time.

    Parameters
    ----------
    space : Space
        Shape and range of the data.
    out : int
        How many numbers it returns for each example: more than one make it an encoder or a classifier.
    wrap : callable, optional
        Goes around each convolution and dense layer, such as ``ganbench.nets.layers.SpectralNorm``.

    Returns
    -------
    nn.Module
        ``(n, *space.shape) -> (n,)``, or ``(n, out)`` for more than one output: raw numbers, not probabilities.

    Raises
    ------
    BadInput
        For the same images as ``generator``.

    References
    ----------
    Radford et al., Unsupervised Representation Learning with DCGAN, 2015. arXiv:1511.06434

    Examples
    --------
    >>> import torch
    >>> discriminator(Space((1, 28, 28), 10, -1.0, 1.0))(torch.zeros(3, 1, 28, 28)).shape
    torch.Size([3])
    """
    if convolutional(space):
        return dcgan.discriminator(space, WIDTH, norm=False, out=out, wrap=wrap)
    return mlp.discriminator(space, out=out, wrap=wrap)


def convolutional(space: Space) -> bool:
    """Whether the shared networks for this space are convolutional: for images of more than 16 pixels a side.

    Examples
    --------
    >>> convolutional(Space((1, 28, 28), 10, -1.0, 1.0)), convolutional(Space((1, 8, 8), 10, -1.0, 1.0))
    (True, False)
    """
    return space.is_image and max(space.shape[1:]) > SMALL
