"""Ordinary PyTorch loops on ring8, one seed each, that groups of seeds are measured against."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ganbench import data
from ganbench.baseline import Baseline


class Loop:
    """Networks, optimisers, data and the generator's average, as a script would hold them."""

    def __init__(self, baseline: Baseline, batch: int) -> None:
        self.ring, self.batch, self.stream = data.load("ring8"), batch, torch.Generator().manual_seed(0)
        self.G, self.D = baseline.networks(self.ring.space)
        self.average = [weight.detach().clone() for weight in self.G.parameters()]
        self.adam_G, self.adam_D = (
            torch.optim.Adam(net.parameters(), rate, baseline.betas)
            for net, rate in zip((self.G, self.D), baseline.lr_pair, strict=True)
        )

    def real(self) -> Tensor:
        return self.ring.train.examples(self.ring.train.indices(self.batch, self.stream))[0]

    def fake(self) -> Tensor:
        made: Tensor = self.G(torch.randn(self.batch, 2, generator=self.stream))
        return made

    def update(self, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def update_average(self) -> None:
        """Move the averaged weights towards those of the generator."""
        torch._foreach_lerp_(self.average, [weight.detach() for weight in self.G.parameters()], 0.001)


def ns_gan(loop: Loop) -> None:
    """One step of the non-saturating GAN."""
    real, fake = loop.D(loop.real()), loop.D(loop.fake().detach())
    loop.update(loop.adam_D, softplus(-real).mean() + softplus(fake).mean())
    loop.update(loop.adam_G, softplus(-loop.D(loop.fake())).mean())
    loop.update_average()


def wgan_gp(loop: Loop) -> None:
    """Five discriminator steps with a gradient penalty, and one of the generator."""
    for _ in range(5):
        real, fake = loop.real(), loop.fake().detach()
        share = torch.rand(loop.batch, 1, generator=loop.stream)
        between = (share * real + (1 - share) * fake).requires_grad_()
        (gradient,) = torch.autograd.grad(loop.D(between).sum(), between, create_graph=True)
        penalty = (gradient.norm(dim=1) - 1).square().mean()
        loop.update(loop.adam_D, loop.D(fake).mean() - loop.D(real).mean() + 10 * penalty)
    loop.update(loop.adam_G, -loop.D(loop.fake()).mean())
    loop.update_average()


LOOPS: dict[str, Callable[[Loop], None]] = {"ns_gan": ns_gan, "wgan_gp": wgan_gp}
