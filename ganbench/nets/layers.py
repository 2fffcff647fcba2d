"""Layers whose every effect is a pure function of weights, buffers and input."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganbench.dataset import Tensors
from ganbench.nets.net import part


class Refreshed(nn.Module):
    """A layer with buffers that follow its weights: renewed once per update, constant within it."""

    def refresh(self, weights: Tensors, buffers: Tensors) -> Tensors:
        """Return this layer's new buffers, by their names within the layer."""
        raise NotImplementedError


class SpectralNorm(Refreshed):
    """Divide a layer's weight by an estimate of its largest singular value (Miyato et al., 2018, Algorithm 1).

    One power iteration per update, from where the last one ended; u and v are constants for the gradient. A
    convolution's kernel is normalised as an (out, in * k * k) matrix, as the paper does.

    Parameters
    ----------
    layer : nn.Linear, nn.Conv2d, nn.ConvTranspose2d or nn.Embedding
        Layer whose weight is normalised; its bias is not.

    References
    ----------
    Miyato et al., Spectral Normalization for Generative Adversarial Networks, 2018. arXiv:1802.05957

    Examples
    --------
    >>> SpectralNorm(nn.Linear(2, 3))(torch.zeros(4, 2)).shape
    torch.Size([4, 3])
    """

    u: Tensor
    v: Tensor

    def __init__(self, layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d | nn.Embedding) -> None:
        super().__init__()
        self.layer = layer
        flat = layer.weight.detach().flatten(1)
        self.register_buffer("u", F.normalize(torch.randn(len(flat)), dim=0))
        self.register_buffer("v", F.normalize(flat.T @ self.u, dim=0))

    def refresh(self, weights: Tensors, buffers: Tensors) -> Tensors:
        flat = weights["layer.weight"].detach().flatten(1)
        v = F.normalize(flat.T @ buffers["u"], dim=0)
        return {"u": F.normalize(flat @ v, dim=0), "v": v}

    def forward(self, x: Tensor) -> Tensor:
        weight = self.layer.weight
        size = self.u @ weight.flatten(1) @ self.v
        return cast("Tensor", torch.func.functional_call(self.layer, {"weight": weight / size}, (x,)))


class Standardised(nn.Module):
    """Batch normalisation (Ioffe & Szegedy, 2015) without running averages, and without a gain and a shift.

    In training mode it uses the batch at hand, whatever came before. In evaluation mode it uses the statistics in
    its buffers, so that a sample does not depend on its batch; they are gathered once, from one large batch.

    Parameters
    ----------
    channels : int
        Features of ``(n, channels)``, or channels of ``(n, channels, H, W)``.
    eps : float
        Added to the variance.

    References
    ----------
    Ioffe & Szegedy, Batch Normalization, 2015. arXiv:1502.03167

    Examples
    --------
    >>> Standardised(1)(torch.tensor([[1.0], [3.0]])).round(decimals=3).tolist()
    [[-1.0], [1.0]]
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))
        self.eps, self.gathering = eps, False

    def forward(self, x: Tensor) -> Tensor:
        return self.standardised(x)

    def standardised(self, x: Tensor, weight: Tensor | None = None, bias: Tensor | None = None) -> Tensor:
        """Return what is normalised, times a gain and moved by a shift where there are such."""
        if self.gathering:
            axes = [axis for axis in range(x.ndim) if axis != 1]
            self.mean.copy_(x.mean(axes))
            self.variance.copy_(x.var(axes, unbiased=False))
        if self.training:
            return F.batch_norm(x, None, None, weight, bias, training=True, eps=self.eps)
        shape = (1, -1) + (1,) * (x.ndim - 2)
        sd = (self.variance + self.eps).sqrt()
        if weight is None or bias is None:
            return (x - self.mean.view(shape)) / sd.view(shape)
        return (x - self.mean.view(shape)) * (weight / sd).view(shape) + bias.view(shape)


class BatchNorm(Standardised):
    """Batch normalisation with a gain and a shift for each channel, else as ``Standardised``.

    Parameters
    ----------
    channels : int
        Features of ``(n, channels)``, or channels of ``(n, channels, H, W)``.
    eps : float
        Added to the variance.

    References
    ----------
    Ioffe & Szegedy, Batch Normalization, 2015. arXiv:1502.03167

    Examples
    --------
    >>> BatchNorm(1)(torch.tensor([[1.0], [3.0]])).round(decimals=3).tolist()
    [[-1.0], [1.0]]
    """

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__(channels, eps)
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return self.standardised(x, self.weight, self.bias)


class SumPool(nn.Module):
    """Sum over the places of a feature map, ``(n, channels, H, W) -> (n, channels)``.

    References
    ----------
    Miyato & Koyama, cGANs with Projection Discriminator, 2018, appendix A. arXiv:1802.05637

    Examples
    --------
    >>> SumPool()(torch.ones(2, 3, 4, 5))[0].tolist()
    [20.0, 20.0, 20.0]
    """

    def forward(self, x: Tensor) -> Tensor:
        return x.sum((2, 3))


class MeanPool(nn.Module):
    """Mean over the places of a feature map, ``(n, channels, H, W) -> (n, channels)``.

    References
    ----------
    Gulrajani et al., Improved Training of Wasserstein GANs, 2017, appendix C. arXiv:1704.00028

    Examples
    --------
    >>> MeanPool()(torch.ones(2, 3, 4, 5))[0].tolist()
    [1.0, 1.0, 1.0]
    """

    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))


def refreshed(module: nn.Module, weights: Tensors, buffers: Tensors) -> Tensors:
    """Return all buffers of ``module`` after each Refreshed layer has renewed its own."""
    fresh = dict(buffers)
    for name, layer in module.named_modules():
        if isinstance(layer, Refreshed):
            new = layer.refresh(part(weights, name), part(buffers, name))
            fresh |= {f"{name}.{key}".lstrip("."): value for key, value in new.items()}
    return fresh
