"""Cramér GAN: the critic learns features in which the energy distance between data and samples is estimated."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from ganbench.baseline import Batch, Draw, Net, normal
from ganbench.dataset import Space
from ganbench.families import GradientPenalised
from ganbench.losses import between, gradient_penalty
from ganbench.nets import generator
from ganbench.nets.autoencoder import encoder


@dataclass(frozen=True)
class CramerGAN(GradientPenalised):
    """Bellemare et al., 2017, Algorithm 1: two independent samples stand beside each real example.

    The critic is f(x) = |h(x) - h(x')| - |h(x)| with features h, ``codes`` numbers, and a second sample x'; it raises
    f(real) - f(fake), a surrogate without second real examples, and pays for gradients of f that are not of norm one.
    The generator lowers the energy distance in these features.
    """

    codes: int = 256
    penalty: float = 10.0
    d_steps: int = 5
    lr: float | tuple[float, float] = 1e-4
    betas: tuple[float, float] = (0.5, 0.9)

    paper = (
        "Bellemare et al., The Cramer Distance as a Solution to Biased Wasserstein Gradients, 2017. arXiv:1705.10743"
    )
    claim = "Gradients of the Cramér distance are unbiased on samples, which the Wasserstein distance's are not."

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.codes >= 2, "codes", "at least 2")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        return generator(self.latent, space), encoder(space, self.codes)

    def noise(self, space: Space) -> dict[str, Draw]:
        return super().noise(space) | {"z_other": normal(self.latent)}

    def sampling_noise(self, space: Space) -> dict[str, Draw]:
        return {"z": normal(self.latent)}

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        fake = G(b.z)
        other = D(G(b.z_other))

        def contrast(x: Tensor) -> Tensor:
            codes = D(x)
            return length(codes - other) - length(codes)

        penalties = gradient_penalty(contrast, between(b.x, fake, b.eps))
        return (contrast(fake) - contrast(b.x) + self.penalty * penalties).mean()

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        real, fake, other = D(b.x), D(G(b.z)), D(G(b.z_other))
        return (length(real - fake) + length(real - other) - length(fake - other)).mean()

    def monitor(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return what the generator lowers: the energy distance but for the term of two real examples."""
        return self.generator_loss(G, D, b)

    def realness(self, D: Net, x: Tensor, y: Tensor) -> Tensor | None:
        return None


def length(codes: Tensor) -> Tensor:
    """Return the Euclidean norms of (n, d), whose derivative is finite at 0 too."""
    return (codes.square().sum(1) + 1e-12).sqrt()
