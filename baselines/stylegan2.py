"""StyleGAN2: a mapping network makes styles of the noise, which scale the weights of every convolution."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import cast

import torch
from torch import Tensor, nn
from torch.func import grad

from ganbench.baseline import Baseline, Batch, Draw, Net, normal
from ganbench.dataset import Space, Tensors
from ganbench.losses import logistic, non_saturating, zero_centred_penalty
from ganbench.nets import dcgan, stylegan2


@dataclass(frozen=True)
class StyleGAN2(Baseline):
    """Karras et al., 2019, sections 2-4: demodulated weights, skip generator, residual discriminator, R1, path lengths.

    The generator pays ``path_length`` times the squared difference between how far an image moves with its code, in a
    random direction, and that length's running mean, whose decay is ``path_decay``. Both penalties are part of every
    update, where the authors compute them in every 16th and every 8th with as many times the weight, and path lengths
    for half of a batch. ``mapping_layers`` are 8 in the paper and 2 in the authors' later settings for CIFAR-10, from
    which ``gamma`` and rates are; they have no path lengths. Styles are not mixed, and noise is drawn for every image.
    """

    gamma: float = 0.01
    path_length: float = 2.0
    path_decay: float = 0.99
    mapping_layers: int = 2
    lr: float | tuple[float, float] = 2.5e-3
    betas: tuple[float, float] = (0.0, 0.99)

    paper = "Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2019. arXiv:1912.04958"
    claim = "Scaled and normalised weights keep styles apart without artefacts, and even path lengths smooth the map."

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.gamma >= 0, "gamma", "0 or more")
        self.require(self.path_length >= 0, "path_length", "0 or more")
        self.require(0 <= self.path_decay < 1, "path_decay", "in [0, 1)")
        self.require(self.mapping_layers >= 1, "mapping_layers", "at least 1")

    def unused_fields(self) -> dict[str, str]:
        unused = {} if self.path_length else {"path_decay": "path_length is 0"}
        return super().unused_fields() | unused

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        width = space.networks.width or 32
        G = stylegan2.Generator(self.latent, space, width, self.mapping_layers)
        return G, stylegan2.discriminator(space, width)

    def noise(self, space: Space) -> dict[str, Draw]:
        more = {"direction": normal(*space.shape)} if self.path_length else {}
        return self.sampling_noise(space) | more

    def sampling_noise(self, space: Space) -> dict[str, Draw]:
        size = stylegan2.noise_size(self.with_networks(space))
        return {"z": normal(self.latent), "noise": normal(size)}

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        penalty = zero_centred_penalty(D, b.x).mean()  # R1
        return logistic(D(b.x), D(G(b.z, b.noise))) + self.gamma / 2 * penalty

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        loss = non_saturating(D(G(b.z, b.noise)))
        if not self.path_length:
            return loss
        lengths = path_lengths(G, b)
        return loss + self.path_length * (lengths - self.running_mean(lengths, b)).square().mean()

    def initial_state(self, G: Net, D: Net) -> Tensors:
        weight = next(iter(G.weights.values()))
        return {"path_mean": torch.zeros((), dtype=weight.dtype, device=weight.device)} if self.path_length else {}

    def next_state(self, G: Net, D: Net, b: Batch) -> Tensors:
        return {"path_mean": self.running_mean(path_lengths(G, b), b)}

    def running_mean(self, lengths: Tensor, b: Batch) -> Tensor:
        """Return the mean of lengths after this batch, a constant for the gradient."""
        return self.path_decay * b.path_mean + (1 - self.path_decay) * lengths.mean().detach()

    def generate(self, G: Net, b: Batch) -> Tensor:
        return G(b.z, b.noise).clamp(-1, 1)

    def unsupported(self, space: Space, batch: int) -> str | None:
        return f"it needs {need}" if (need := dcgan.unfit(space)) else None

    def realness(self, D: Net, x: Tensor, y: Tensor) -> Tensor | None:
        return None


def path_lengths(G: Net, b: Batch) -> Tensor:
    """Return the norm of the gradient of ``direction . x`` by the code w, for each example (n,)."""

    def moved(w: Tensor) -> Tensor:
        images = G.synthesis(w, b.noise)
        return (images * b.direction).sum() / sqrt(images[0, 0].numel())

    gradients = cast("Tensor", grad(moved)(G.mapping(b.z)))
    return gradients.square().sum(1).sqrt()
