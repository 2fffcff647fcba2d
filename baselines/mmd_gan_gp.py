"""MMD-GAN with a gradient penalty: the critic learns features for a kernel with heavy tails, and is not clipped."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganbench.baseline import Batch, Net
from ganbench.dataset import Space
from ganbench.families import GradientPenalised
from ganbench.losses import between, gradient_penalty, rational_quadratic, unbiased_squared_mmd
from ganbench.nets import generator
from ganbench.nets.autoencoder import encoder


@dataclass(frozen=True)
class MMDGANGP(GradientPenalised):
    """Bińkowski et al., 2018: the unbiased squared MMD of codes, with a sum of rational quadratic kernels.

    A kernel is (1 + d^2 / (2 alpha))^-alpha. The penalty is on the gradient of the witness function, the mean kernel to
    real codes less that to generated ones, between real and generated examples; there is no autoencoder.
    """

    codes: int = 16
    alphas: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0, 5.0)
    penalty: float = 1.0
    d_steps: int = 5
    lr: float | tuple[float, float] = 1e-4
    betas: tuple[float, float] = (0.5, 0.9)

    paper = "Bińkowski et al., Demystifying MMD GANs, 2018. arXiv:1801.01401"
    claim = "With a gradient penalty an MMD GAN does with a smaller critic what a Wasserstein GAN does."

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.codes >= 2, "codes", "at least 2")
        self.require(bool(self.alphas) and min(self.alphas) > 0, "alphas", "positive, one or more")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        return generator(self.latent, space), encoder(space, self.codes)

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        fake = G(b.z)
        real_codes, fake_codes = D(b.x), D(fake)

        def witness(x: Tensor) -> Tensor:
            codes = D(x)
            return self.kernel(codes, real_codes).mean(1) - self.kernel(codes, fake_codes).mean(1)

        penalties = gradient_penalty(witness, between(b.x, fake, b.eps))
        return self.penalty * penalties.mean() - unbiased_squared_mmd(self.kernel, real_codes, fake_codes)

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return unbiased_squared_mmd(self.kernel, D(b.x), D(G(b.z)))

    def monitor(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return the squared MMD between the codes."""
        return self.generator_loss(G, D, b)

    def kernel(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the kernel of all pairs, (n, m)."""
        squares = (a[:, None] - b).square().sum(2)
        return torch.stack([rational_quadratic(squares, alpha) for alpha in self.alphas]).sum(0)

    def realness(self, D: Net, x: Tensor, y: Tensor) -> Tensor | None:
        return None
