"""Convolutional networks after Radford et al., 2015 (DCGAN, section 3), for square images of 8 to 128 pixels."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from torch import nn

from ganbench.dataset import Space
from ganbench.errors import BadInput
from ganbench.nets.layers import BatchNorm

SMALLEST, LARGEST = 8, 128  # sides of images
LAST = 7  # a feature map of that side or less is not halved further, after two halvings

Wrap = Callable[[nn.Conv2d | nn.Linear], nn.Module]


def generator(latent: int, space: Space, width: int = 32, *, norm: bool = True) -> nn.Module:
    """Return a generator of one dense layer and transposed convolutions with ReLU, which ends in tanh.

    Parameters
    ----------
    latent : int
        Size of the noise vector.
    space : Space
        Square images of 8 to 128 pixels a side.
    width : int
        Channels next to the image; they double with every layer away from it.
    norm : bool
        Whether BatchNorm follows every layer but the last.

    Returns
    -------
    nn.Module
        ``(n, latent) -> (n, *space.shape)`` in [-1, 1].

    Raises
    ------
    BadInput
        For points, and for images of another size.

    References
    ----------
    Radford et al., Unsupervised Representation Learning with DCGAN, 2015, section 3. arXiv:1511.06434

    Examples
    --------
    >>> import torch
    >>> generator(5, Space((3, 32, 32), 10, -1.0, 1.0), width=4)(torch.zeros(2, 5)).shape
    torch.Size([2, 3, 32, 32])
    """
    side, *larger = reversed(sides(space))
    widths = [width * 2**i for i in reversed(range(len(larger)))]
    layers: list[nn.Module] = [
        nn.Linear(latent, side * side * widths[0], bias=not norm),
        nn.Unflatten(-1, (widths[0], side, side)),
        *([BatchNorm(widths[0])] if norm else []),
        nn.ReLU(),
    ]
    for (wide, narrow), size in zip(pairwise(widths), larger[:-1], strict=True):
        layers += [doubling(wide, narrow, size, bias=not norm)]
        layers += [BatchNorm(narrow), nn.ReLU()] if norm else [nn.ReLU()]
    return nn.Sequential(*layers, doubling(width, space.shape[0], larger[-1]), nn.Tanh())


def doubling(inputs: int, outputs: int, side: int, *, bias: bool = True) -> nn.ConvTranspose2d:
    """Return the transposed convolution whose output has that side, twice that of its input or one less."""
    return nn.ConvTranspose2d(inputs, outputs, 4, 2, 1 + side % 2, side % 2, bias=bias)


def discriminator(
    space: Space, width: int = 32, *, norm: bool = True, out: int = 1, wrap: Wrap | None = None
) -> nn.Module:
    """Return a discriminator of strided convolutions with LeakyReLU 0.2 and one dense layer; no pooling.

    Parameters
    ----------
    space : Space
        Square images of 8 to 128 pixels a side.
    width : int
        Channels next to the image; they double with every layer away from it.
    norm : bool
        Whether BatchNorm follows every convolution but the first; leave it out under a penalty per sample.
    out : int
        How many numbers it returns for each example.
    wrap : callable, optional
        Goes around each convolution and the dense layer, such as ``ganbench.nets.layers.SpectralNorm``.

    Returns
    -------
    nn.Module
        ``(n, *space.shape) -> (n,)``, or ``(n, out)`` for more than one output.

    Raises
    ------
    BadInput
        For the same data as ``generator``.

    References
    ----------
    Radford et al., Unsupervised Representation Learning with DCGAN, 2015, section 3. arXiv:1511.06434

    Examples
    --------
    >>> import torch
    >>> discriminator(Space((3, 32, 32), 10, -1.0, 1.0), width=4)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2])
    """
    doublings = len(sides(space)) - 1
    side = space.shape[1] >> doublings
    widths = [space.shape[0], *(width * 2**i for i in range(doublings))]
    around: Wrap = wrap or (lambda layer: layer)
    layers: list[nn.Module] = []
    for i, (narrow, wide) in enumerate(pairwise(widths)):
        normed = norm and i > 0
        layers += [around(nn.Conv2d(narrow, wide, 4, 2, 1, bias=not normed))]
        layers += [BatchNorm(wide)] if normed else []
        layers += [nn.LeakyReLU(0.2)]
    layers += [nn.Flatten(), around(nn.Linear(side * side * widths[-1], out))]
    return nn.Sequential(*layers, *([nn.Flatten(0)] if out == 1 else []))


def normal_start(net: nn.Module) -> nn.Module:
    """Draw weights from N(0, 0.02^2) and BatchNorm gains from N(1, 0.02^2), as the paper does, and return the network.

    Parameters
    ----------
    net : nn.Module
        Network of dense and convolutional layers and BatchNorm; its biases become zero where it has any.

    Returns
    -------
    nn.Module
        The same network, changed.

    References
    ----------
    Radford et al., Unsupervised Representation Learning with DCGAN, 2015, section 4. arXiv:1511.06434

    Examples
    --------
    >>> normal_start(nn.Linear(2, 1)).bias.item()
    0.0
    """
    for layer in net.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(layer.weight, 0.0, 0.02)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, BatchNorm):
            nn.init.normal_(layer.weight, 1.0, 0.02)
    return net


def unfit(space: Space) -> str:
    """Return what images these networks need, where these are none; nothing where they fit."""
    fits = space.is_image and space.shape[1] == space.shape[2] and SMALLEST <= space.shape[1] <= LARGEST
    if not fits:
        return f"square images of {SMALLEST} to {LARGEST} pixels a side"
    depth = space.networks.depth
    return f"at least {2 << depth} pixels a side at depth {depth}" if space.shape[1] < 2 << depth else ""


def sides(space: Space) -> tuple[int, ...]:
    """Sides of a generator's feature maps from the image down: halved, rounding up, at least twice and to 7 or less.

    A depth among the space's ``networks`` is the number of halvings. Raises BadInput for data that ``unfit`` says
    something about.
    """
    if need := unfit(space):
        raise BadInput(f"convolutional networks need {need}; these examples are {space.shape}")
    result, depth = [space.shape[1]], space.networks.depth
    while len(result) <= depth if depth else len(result) < 3 or result[-1] > LAST:
        result.append((result[-1] + 1) // 2)
    return tuple(result)
