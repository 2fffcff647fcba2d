"""Bases of baselines: the fields, checks, draws and optimisers that the papers of one family share.

Each variant's own file in ``baselines/`` states its losses and restates the values of its hyperparameters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

import torch
from torch import Tensor, nn

from ganbench.baseline import Baseline, Batch, Draw, Net, Update, normal, some, uniform
from ganbench.dataset import Source, Space, Tensors
from ganbench.losses import negative_mean, non_saturating
from ganbench.nets import convolutional, dcgan, pixels, timed
from ganbench.nets.autoencoder import decoder, encoder
from ganbench.optim import Adam, Optimizer, RMSProp


@dataclass(frozen=True)
class Conditional(Baseline):
    """A sample is of the class that is asked for: the generator takes the noise and the label."""

    conditional = True

    def generate(self, G: Net, b: Batch) -> Tensor:
        return G(b.z, b.y)

    def realness(self, D: Net, x: Tensor, y: Tensor) -> Tensor | None:
        return D(x, y)

    def unsupported(self, space: Space, batch: int) -> str | None:
        return "it needs labelled data" if space.classes == 0 else None


@dataclass(frozen=True)
class Autoencoding(Baseline):
    """The discriminator is an autoencoder, and its answer the error of the reconstruction; codes are as large as z."""

    def realness(self, D: Net, x: Tensor, y: Tensor) -> Tensor | None:
        return None  # energies of an example, on a scale that the margin or the balance sets

    def unsupported(self, space: Space, batch: int) -> str | None:
        if (numbers := prod(space.shape)) <= self.latent:
            return f"an autoencoder with codes of {self.latent} numbers copies any example of {numbers}, real or not"
        return None


@dataclass(frozen=True)
class WithoutDiscriminator(Baseline):
    """One loss for all networks, minimised by Adam with its authors' defaults."""

    d_steps: int = 0
    lr: float | tuple[float, float] = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.d_steps == 0, "d_steps", "0: there is no discriminator")


@dataclass(frozen=True)
class PlainAutoencoder(WithoutDiscriminator):
    """An encoder and a decoder that minimise the squared error, summed over pixels."""

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        parts = {"encode": encoder(space, self.latent), "decode": decoder(self.latent, space)}
        return nn.ModuleDict(parts), nn.Identity()

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return (b.x - G.decode(G.encode(b.x))).square().flatten(1).sum(1).mean()

    def codes_of(self, G: Net, source: Source, limit: int, stream: torch.Generator) -> Tensor:
        """Codes (n, latent) of at most ``limit`` distinct examples."""
        x, _ = some(source, limit, stream)
        return G.encode(x.to(next(iter(G.weights.values())).device))


@dataclass(frozen=True)
class FromNoise(WithoutDiscriminator):
    """One network of an example and a time, asked many times for a sample, which begins as noise of its shape.

    Rates fall to zero in a straight line: modes that are narrow beside the noise need a precise end.
    """

    lr: float | tuple[float, float] = 3e-3

    def unused_fields(self) -> dict[str, str]:
        return super().unused_fields() | {"latent": "its noise is as large as an example"}

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        return timed.network(space), nn.Identity()

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": normal(*space.shape)}

    def optimizers(self, progress: float) -> tuple[Optimizer, Optimizer]:
        G, D = (Adam(rate * (1 - progress), self.betas) for rate in self.lr_pair)
        return G, D

    def generate(self, G: Net, b: Batch) -> Tensor:
        return self.in_range(self.sampled(G, b))

    def sampled(self, G: Net, b: Batch) -> Tensor:
        """Return samples that have not been cut to the range of images."""
        raise NotImplementedError(f"{type(self).__name__} has no sampled")

    def in_range(self, x: Tensor) -> Tensor:
        """Return images within [-1, 1], and points as they are."""
        return x.clamp(-1, 1) if x.ndim == 4 else x

    def time(self, x: Tensor, t: float) -> Tensor:
        """Return the same time for every example, (n,)."""
        return torch.full((len(x),), t, dtype=x.dtype, device=x.device)

    def unsupported(self, space: Space, batch: int) -> str | None:
        if space.is_image and (space.low, space.high) != (-1, 1):
            return "it needs images in [-1, 1]"
        need = dcgan.unfit(space) if convolutional(space) else ""
        return f"it needs {need}" if need else None


@dataclass(frozen=True)
class PixelByPixel(WithoutDiscriminator):
    """Maximise the likelihood of grey levels, each pixel given those before it, and draw images in the same order.

    Images are rounded to ``levels`` even grey levels, and each pixel's distribution is a softmax over them.
    """

    levels: int = 17
    width: int = 32
    layers: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.levels >= 2, "levels", "at least 2")
        for name in ("width", "layers"):
            self.require(getattr(self, name) >= 1, name, "at least 1")

    def unused_fields(self) -> dict[str, str]:
        return super().unused_fields() | {"latent": "it draws pixel by pixel"}

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"u": uniform(*space.shape[1:])}

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return the negative log-likelihood in nats per image."""
        return pixels.nll(G, b.x, self.levels).mean()

    def monitor(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return bits per pixel."""
        return pixels.bits(self.generator_loss(G, D, b), b.x)


@dataclass(frozen=True)
class ZeroCentred(Baseline):
    """Mescheder et al., 2018: a penalty on the gradient at one kind of example, weighed by gamma/2, and RMSProp."""

    gamma: float = 10.0
    lr: float | tuple[float, float] = 1e-4

    paper = "Mescheder et al., Which Training Methods for GANs do actually Converge?, 2018. arXiv:1801.04406"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.gamma >= 0, "gamma", "0 or more")

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return non_saturating(D(G(b.z)))

    def optimizers(self, progress: float) -> tuple[Optimizer, Optimizer]:
        return RMSProp(self.lr_pair[0]), RMSProp(self.lr_pair[1])


@dataclass(frozen=True)
class Clipped(Baseline):
    """Weights in a box, several discriminator updates for each of the generator's, RMSProp (Arjovsky et al., 2017).

    ``warm_up`` is the number of discriminator updates in each of the first 25 steps and in every 500th, where the
    authors' code has 100.
    """

    clip: float = 0.01
    d_steps: int = 5
    warm_up: int = 0
    lr: float | tuple[float, float] = 5e-5

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.clip > 0, "clip", "positive")
        self.require(self.warm_up >= 0, "warm_up", "0 (none) or more")

    def clipped(self, weights: Tensors) -> Tensors:
        """Return the nearest weights in [-clip, clip]."""
        return {name: weight.clamp(-self.clip, self.clip) for name, weight in weights.items()}

    def optimizers(self, progress: float) -> tuple[Optimizer, Optimizer]:
        return RMSProp(self.lr_pair[0]), RMSProp(self.lr_pair[1])

    def updates(self, step: int) -> tuple[Update, ...]:
        if self.warm_up and (step < 25 or step % 500 == 0):
            return replace(self, d_steps=self.warm_up, warm_up=0).updates(step)
        return super().updates(step)


@dataclass(frozen=True)
class GradientPenalised(Baseline):
    """A Wasserstein critic with a penalty on its gradient between real and fake points (Gulrajani et al., 2017)."""

    penalty: float = 10.0
    d_steps: int = 5
    lr: float | tuple[float, float] = 1e-4
    betas: tuple[float, float] = (0.0, 0.9)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.penalty > 0, "penalty", "positive")

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": normal(self.latent), "eps": uniform(*[1] * len(space.shape))}

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return negative_mean(D(G(b.z)))

    def monitor(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return the critic's estimate of the Wasserstein distance, without the penalty."""
        return D(b.x).mean() - D(G(b.z)).mean()
