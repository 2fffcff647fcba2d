"""Networks. The pair here is what every baseline plays with unless its architecture is what its paper contributed."""

from __future__ import annotations

from torch import nn

from ganbench.dataset import Space
from ganbench.nets import dcgan, mlp

SMALL = 16  # images up to this side are left to perceptrons


def generator(latent: int, space: Space) -> nn.Module:
    """Return the shared generator: a perceptron, or transposed convolutions for images of 28 pixels and more."""
    return dcgan.generator(latent, space, width=16) if convolutional(space) else mlp.generator(latent, space)


def critic(space: Space) -> nn.Module:
    """Return the shared critic, one number per example and no BatchNorm: penalties look at one sample at a time."""
    return dcgan.critic(space, width=16, norm=False) if convolutional(space) else mlp.critic(space)


def convolutional(space: Space) -> bool:
    """Whether the shared networks for this space are convolutional."""
    return space.is_image and max(space.shape[1:]) > SMALL
