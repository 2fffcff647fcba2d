"""Networks that are told a class inside: conditional normalisation for generators, projection for discriminators."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from torch import Tensor, nn

from ganbench.errors import BadInput
from ganbench.nets.layers import BatchNorm
from ganbench.nets.resnet import Up

Wrap = Callable[[nn.Linear | nn.Embedding], nn.Module]


class ConditionalBatchNorm(nn.Module):
    """Batch normalisation whose gain and shift depend on the class; at first they do not.

    References
    ----------
    Dumoulin, Shlens & Kudlur, A Learned Representation for Artistic Style, 2017. arXiv:1610.07629

    Examples
    --------
    >>> import torch
    >>> ConditionalBatchNorm(3, classes=2)(torch.randn(4, 3), torch.tensor([0, 1, 1, 0])).shape
    torch.Size([4, 3])
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = BatchNorm(channels)
        self.gain, self.shift = nn.Embedding(classes, channels), nn.Embedding(classes, channels)
        nn.init.ones_(self.gain.weight)
        nn.init.zeros_(self.shift.weight)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        shape = (len(x), -1) + (1,) * (x.ndim - 2)
        return cast("Tensor", self.norm(x) * self.gain(y).view(shape) + self.shift(y).view(shape))


class Conditioned(nn.Module):
    """A generator that is told the class by every normalisation, ``(z, y) -> x``.

    Each BatchNorm becomes a conditional one; a network without any gets one after each dense layer but the last.

    References
    ----------
    Miyato & Koyama, cGANs with Projection Discriminator, 2018. arXiv:1802.05637

    Examples
    --------
    >>> import torch
    >>> from ganbench.nets import Space, generator
    >>> space = Space((2,), 8, -1.0, 1.0)
    >>> Conditioned(generator(5, space), classes=8)(torch.randn(4, 5), torch.tensor([0, 7, 1, 0])).shape
    torch.Size([4, 2])
    """

    def __init__(self, net: nn.Sequential, classes: int) -> None:
        super().__init__()
        normed = any(isinstance(layer, BatchNorm | Up) for layer in net)
        last = [i for i, layer in enumerate(net) if isinstance(layer, nn.Linear)][-1]
        layers: list[nn.Module] = []
        for i, layer in enumerate(net):
            if isinstance(layer, Up):
                layer.norms = nn.ModuleList([conditional(norm, classes) for norm in layer.norms])
                layers.append(layer)
            elif isinstance(layer, BatchNorm):
                layers.append(conditional(layer, classes))
            elif isinstance(layer, nn.Linear) and not normed and i < last:
                bare = nn.Linear(layer.in_features, layer.out_features, bias=False)  # the norm would undo a bias
                bare.weight = layer.weight
                layers += [bare, ConditionalBatchNorm(layer.out_features, classes)]
            else:
                layers.append(layer)
        self.layers = nn.ModuleList(layers)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        x = z
        for layer in self.layers:
            x = layer(x, y) if isinstance(layer, ConditionalBatchNorm | Up) else layer(x)
        return x


def conditional(norm: nn.Module, classes: int) -> nn.Module:
    """Return the conditional form of a residual block's BatchNorm; raises BadInput where it has none."""
    if isinstance(norm, BatchNorm):
        return ConditionalBatchNorm(len(norm.weight), classes)
    raise BadInput("a residual block without BatchNorm cannot be told a class by it")


class Projected(nn.Module):
    """``(x, y) -> psi . phi(x) + b + V_y . phi(x)`` (Miyato & Koyama, 2018, equation 3), one number per example.

    Parameters
    ----------
    features : nn.Module
        phi, ``(n, *shape) -> (n, size)``.
    size : int
        Number of features.
    classes : int
        Number of labels.
    wrap : callable
        Goes around the dense layer and the embedding, such as ``ganbench.nets.layers.SpectralNorm``.

    References
    ----------
    Miyato & Koyama, cGANs with Projection Discriminator, 2018. arXiv:1802.05637

    Examples
    --------
    >>> import torch
    >>> Projected(nn.Identity(), 3, classes=2, wrap=lambda layer: layer)(torch.ones(4, 3), torch.zeros(4).long()).shape
    torch.Size([4])
    """

    def __init__(self, features: nn.Module, size: int, classes: int, wrap: Wrap) -> None:
        super().__init__()
        self.features = features
        self.psi, self.V = wrap(nn.Linear(size, 1)), wrap(nn.Embedding(classes, size))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        phi = self.features(x)
        return cast("Tensor", self.psi(phi).squeeze(1) + (self.V(y) * phi).sum(1))
