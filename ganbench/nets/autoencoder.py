"""From examples to codes and back, and the parts of a discriminator."""

from __future__ import annotations

from typing import cast

from torch import nn

from ganbench.dataset import Space
from ganbench.nets import discriminator, generator


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
    """Return an encoder and a decoder, neither with BatchNorm, so that an example's error is its own.

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

    References
    ----------
    Zhao et al., Energy-based Generative Adversarial Network, 2016, section 2.3. arXiv:1609.03126

    Examples
    --------
    >>> sorted(autoencoder(Space((2,), 8, -1.0, 1.0), 2))
    ['decode', 'encode']
    """
    decode = generator(codes, space, norm=False)  # before the encoder: the order of the draws of first weights
    return nn.ModuleDict({"encode": encoder(space, codes), "decode": decode})


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
