"""MMD-GAN: the critic learns the features in which the generator has to match the data's moments."""

# Longer than its neighbours: it has an autoencoder, a kernel, a clip and a warm-up of its own.
from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from ganbench.dataset import Space, Tensors
from ganbench.game import Baseline, Batch, Move, Player
from ganbench.nets import convolutional, dcgan, generator, mlp
from ganbench.optim import Optimizer, RMSProp


@dataclass(frozen=True)
class MMDGAN(Baseline):
    """Li et al., 2017, Algorithm 1: an encoder, clipped, and a decoder that keeps it injective on both clouds.

    The squared MMD is the biased one, of a sum of kernels exp(-d^2 / (2 width^2)) on codes. Reconstruction errors are
    means over an example's numbers. Mean real codes are kept above mean fake ones (feasible set reduction).
    """

    codes: int = 16
    widths: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)
    reconstruction: float = 8.0
    feasible: float = 16.0
    clip: float = 0.01
    n_critic: int = 5
    warm_up: int = 0  # critic steps in each of the first 25 game steps and in every 500th; the authors' code has 100
    lr: float | tuple[float, float] = 5e-5

    paper = "Li et al., MMD GAN: Towards Deeper Understanding of Moment Matching Network, 2017. arXiv:1705.08584"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.codes >= 2, "codes", "at least 2")
        self.require(bool(self.widths) and min(self.widths) > 0, "widths", "positive, one or more")
        self.require(self.clip > 0, "clip", "positive")
        self.require(self.warm_up >= 0, "warm_up", "0 (none) or more")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        if convolutional(space):
            encode = dcgan.critic(space, width=16, norm=False, out=self.codes)
        else:
            encode = mlp.critic(space, out=self.codes)
        return generator(self.latent, space), nn.ModuleDict({"encode": encode, "decode": generator(self.codes, space)})

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        fake = G(b.z)
        real_codes, fake_codes = D.encode(b.x), D.encode(fake)
        errors = (D.decode(real_codes) - b.x).square().mean() + (D.decode(fake_codes) - fake).square().mean()
        return self.reconstruction * errors - self.distance(real_codes, fake_codes)

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return self.distance(D.encode(b.x), D.encode(G(b.z)))

    def monitor(self, G: Player, D: Player, b: Batch) -> Tensor:
        """Return the squared MMD between the codes."""
        return self.squared_mmd(D.encode(b.x), D.encode(G(b.z)))

    def distance(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return what the critic raises and the generator lowers: the MMD, less the price of an infeasible encoder."""
        outside = relu(fake.mean(0) - real.mean(0)).mean()
        root = self.squared_mmd(real, fake).clamp(min=1e-12).sqrt()  # the root's slope at 0 is infinite
        return root - self.feasible * outside

    def squared_mmd(self, real: Tensor, fake: Tensor) -> Tensor:
        return self.kernel(real, real) + self.kernel(fake, fake) - 2 * self.kernel(real, fake)

    def kernel(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the mean of the kernel over all pairs."""
        squares = (a[:, None] - b).square().sum(2)
        return torch.stack([(-squares / (2 * width**2)).exp().mean() for width in self.widths]).sum()

    def project(self, critic: Tensors) -> Tensors:
        return {
            name: weight.clamp(-self.clip, self.clip) if name.startswith("encode.") else weight
            for name, weight in critic.items()
        }

    def optimizers(self, progress: float) -> tuple[Optimizer, Optimizer]:
        return RMSProp(self.lr_pair[0]), RMSProp(self.lr_pair[1])

    def moves(self, step: int) -> tuple[Move, ...]:
        if self.warm_up and (step < 25 or step % 500 == 0):
            return replace(self, n_critic=self.warm_up, warm_up=0).moves(step)
        return super().moves(step)
