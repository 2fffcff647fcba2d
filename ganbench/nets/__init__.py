"""Networks. The pair here is what every baseline trains unless its architecture is what its paper contributed."""

from __future__ import annotations

from torch import nn

from ganbench.dataset import NetworkKind, Space
from ganbench.nets import dcgan, maxout, mlp, r3gan, resnet

SMALL = 16  # images up to this side are left to perceptrons
UNITS, WIDTH = 128, 16  # of a perceptron's hidden layers; channels of convolutional networks next to the image
HIDDEN = 2  # layers of a perceptron
RESNET = (256, 128)  # channels of the residual networks of SNGAN: generator, discriminator
R3GAN = 768  # channels of R3GAN's residual networks
MAXOUT = (400, 4)  # units and layers of PacGAN's generator of points


def generator(latent: int, space: Space, *, norm: bool = True) -> nn.Module:
    """Return the shared generator: a perceptron, or transposed convolutions for images of more than 16 pixels a side.

    Another kind, width or depth is made where ``space.networks`` asks for it.

    Parameters
    ----------
    latent : int
        Size of the noise vector.
    space : Space
        Shape and range of the data.
    norm : bool
        Whether the generator has BatchNorm, unless its kind is "mlp" or "r3gan", which have none.

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
    kind = kind_of(space)
    if kind == "maxout":
        return maxout.generator(latent, space, *size_of(space, MAXOUT), norm=norm)
    if kind == "resnet":
        return resnet.generator(latent, space, space.networks.width or RESNET[0], norm=norm)
    if kind == "r3gan":
        return r3gan.generator(latent, space, space.networks.width or R3GAN)
    if kind == "dcgan":
        return dcgan.generator(latent, space, width_of(space), norm=norm)
    return mlp.generator(latent, space, *size_of(space, (UNITS, HIDDEN)))


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
    kind = kind_of(space)
    if kind == "maxout":
        return maxout.discriminator(space, *size_of(space, MAXOUT), out=out, wrap=wrap)
    if kind == "resnet":
        return resnet.discriminator(space, space.networks.width or RESNET[1], out=out, wrap=wrap)
    if kind == "r3gan":
        return r3gan.discriminator(space, space.networks.width or R3GAN, out=out, wrap=wrap)
    if kind == "dcgan":
        return dcgan.discriminator(space, width_of(space), norm=False, out=out, wrap=wrap)
    return mlp.discriminator(space, *size_of(space, (UNITS, HIDDEN)), out=out, wrap=wrap)


def kind_of(space: Space) -> NetworkKind:
    """Return the kind of the shared networks for a space: the one that is asked for, or what suits the data.

    Examples
    --------
    >>> kind_of(Space((2,), 8, -1.0, 1.0))
    'mlp'
    """
    if space.networks.kind != "auto":
        return space.networks.kind
    return "dcgan" if space.is_image and max(space.shape[1:]) > SMALL else "mlp"


def convolutional(space: Space) -> bool:
    """Whether the shared networks for this space are convolutional: unless asked, for images of more than 16 pixels.

    Examples
    --------
    >>> convolutional(Space((1, 28, 28), 10, -1.0, 1.0)), convolutional(Space((1, 8, 8), 10, -1.0, 1.0))
    (True, False)
    """
    return kind_of(space) not in ("mlp", "maxout")


def width_of(space: Space) -> int:
    """Return the channels next to the image of convolutional networks, or the units of a perceptron's hidden layers.

    Examples
    --------
    >>> width_of(Space((1, 28, 28), 10, -1.0, 1.0)), width_of(Space((2,), 8, -1.0, 1.0))
    (16, 128)
    """
    return space.networks.width or (WIDTH if convolutional(space) else UNITS)


def size_of(space: Space, usual: tuple[int, int]) -> tuple[int, int]:
    """Return the width and depth that are asked for, and the ``usual`` ones where none are.

    Examples
    --------
    >>> from ganbench.dataset import Architecture
    >>> size_of(Space((2,), 8, -1.0, 1.0, Architecture("mlp", width=7)), (128, 2))
    (7, 2)
    """
    return space.networks.width or usual[0], space.networks.depth or usual[1]


def unfit(space: Space) -> str:
    """Return why the networks that are asked for cannot be made for a space; nothing where they can.

    Examples
    --------
    >>> from ganbench.dataset import Architecture
    >>> unfit(Space((2,), 8, -1.0, 1.0, Architecture("dcgan")))
    "networks = 'dcgan' needs square images of 8 to 128 pixels a side"
    """
    if not convolutional(space):
        return ""
    need = dcgan.unfit(space)
    if space.networks.kind == "auto":  # of the kind that suits the data; what suits no data says so itself
        return f"convolutional networks need {need}" if need and space.networks.depth else ""
    return f"networks = {space.networks.kind!r} needs {need}" if need else ""
