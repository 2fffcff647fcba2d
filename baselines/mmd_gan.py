"""MMD-GAN: the critic learns the features in which the generator has to match the data's moments."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.functional import relu

from ganbench.baseline import Batch, Net
from ganbench.dataset import Space, Tensors
from ganbench.families import Clipped
from ganbench.losses import mean_gaussian_kernel, squared_mmd
from ganbench.nets import discriminator, generator


@dataclass(frozen=True)
class MMDGAN(Clipped):
    """Li et al., 2017, Algorithm 1: an encoder, clipped, and a decoder that keeps it injective on real and fake alike.

    The squared MMD is the biased one, of a sum of kernels exp(-d^2 / (2 width^2)) on codes. Reconstruction errors are
    means over an example's numbers. Mean real codes are kept above mean fake ones (feasible set reduction). ``warm_up``
    is off, where the authors' code has 100: it would cost as much as 475 of a short run's steps. The form of Bińkowski
    et al., 2018, with a gradient penalty and rational quadratic kernels, is another method.
    """

    codes: int = 16
    widths: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)
    reconstruction: float = 8.0
    feasible: float = 16.0
    clip: float = 0.01
    d_steps: int = 5
    lr: float | tuple[float, float] = 5e-5

    paper = "Li et al., MMD GAN: Towards Deeper Understanding of Moment Matching Network, 2017. arXiv:1705.08584"
    claim = "A learned kernel makes moment matching as good as GANs, with batches smaller than a fixed one needs."

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.codes >= 2, "codes", "at least 2")
        self.require(bool(self.widths) and min(self.widths) > 0, "widths", "positive, one or more")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        encode = discriminator(space, out=self.codes)
        return generator(self.latent, space), nn.ModuleDict({"encode": encode, "decode": generator(self.codes, space)})

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        fake = G(b.z)
        real_codes, fake_codes = D.encode(b.x), D.encode(fake)
        errors = (D.decode(real_codes) - b.x).square().mean() + (D.decode(fake_codes) - fake).square().mean()
        return self.reconstruction * errors - self.distance(real_codes, fake_codes)

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return self.distance(D.encode(b.x), D.encode(G(b.z)))

    def monitor(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return the squared MMD between the codes."""
        return squared_mmd(self.kernel, D.encode(b.x), D.encode(G(b.z)))

    def distance(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return what the critic raises and the generator lowers: the MMD, less the price of an infeasible encoder."""
        outside = relu(fake.mean(0) - real.mean(0)).mean()
        root = squared_mmd(self.kernel, real, fake).clamp(min=1e-12).sqrt()  # the root's derivative at 0 is infinite
        return root - self.feasible * outside

    def kernel(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the mean of the kernel over all pairs."""
        return mean_gaussian_kernel((a[:, None] - b).square().sum(2), [width**2 for width in self.widths])

    def project(self, discriminator: Tensors) -> Tensors:
        encoder = {name: weight for name, weight in discriminator.items() if name.startswith("encode.")}
        return discriminator | self.clipped(encoder)

    def realness(self, D: Net, x: Tensor, y: Tensor) -> Tensor | None:
        return None
