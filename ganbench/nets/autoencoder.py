"""From examples to codes and back, and the parts of a critic: networks with more than one number to say."""

from __future__ import annotations

from typing import cast

from torch import nn

from ganbench.dataset import Space
from ganbench.nets import convolutional, critic, dcgan, generator, mlp


def encoder(space: Space, codes: int) -> nn.Module:
    """``(n, *shape) -> (n, codes)``: the shared critic with another end; no BatchNorm."""
    net = dcgan.critic(space, width=16, norm=False, out=codes) if convolutional(space) else mlp.critic(space, out=codes)
    return nn.Sequential(net, nn.Unflatten(0, (-1, 1))) if codes == 1 else net


def decoder(codes: int, space: Space, squash: bool = True) -> nn.Module:
    """``(n, codes) -> (n, *shape)``: the shared generator; ``squash`` keeps the tanh with which images end."""
    layers = cast("nn.Sequential", generator(codes, space))
    return layers if squash else nn.Sequential(*(layer for layer in layers if not isinstance(layer, nn.Tanh)))


def autoencoder(space: Space, codes: int) -> nn.ModuleDict:
    """``encode`` and ``decode``, neither with BatchNorm, so that an example's error is its own."""
    if convolutional(space):
        decode = dcgan.generator(codes, space, width=16, norm=False)
    else:
        decode = mlp.generator(codes, space)
    return nn.ModuleDict({"encode": encoder(space, codes), "decode": decode})


def in_two(space: Space) -> nn.ModuleDict:
    """Return the shared critic as ``features``, up to its last hidden layer, and ``head``, the rest."""
    layers = cast("nn.Sequential", critic(space))
    return nn.ModuleDict({"features": layers[:-2], "head": layers[-2:]})


def width(critic: nn.ModuleDict) -> int:
    """How many features the critic's last hidden layer has."""
    return cast("nn.Linear", cast("nn.Sequential", critic["head"])[0]).in_features
