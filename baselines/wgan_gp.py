"""WGAN-GP: a Wasserstein critic whose slope is pulled towards one between real and fake points."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.linalg import vector_norm

from ganbench.dataset import Space
from ganbench.game import Baseline, Batch, Draw, Player, gradient, normal, uniform


@dataclass(frozen=True)
class WGANGP(Baseline):
    """Gulrajani et al., 2017, Algorithm 1; the penalty is two-sided, one interpolation per sample."""

    penalty: float = 10.0
    n_critic: int = 5
    lr: float | tuple[float, float] = 1e-4
    betas: tuple[float, float] = (0.0, 0.9)

    paper = "Gulrajani et al., Improved Training of Wasserstein GANs, 2017. arXiv:1704.00028"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.penalty > 0, "penalty", "positive")

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": normal(self.latent), "eps": uniform(*[1] * len(space.shape))}

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        fake = G(b.z)
        between = b.eps * b.x + (1 - b.eps) * fake
        slope = vector_norm(gradient(D, between), dim=1)
        return (D(fake) - D(b.x) + self.penalty * (slope - 1).square()).mean()

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return -D(G(b.z)).mean()

    def monitor(self, G: Player, D: Player, b: Batch) -> Tensor:
        """Return the critic's estimate of the Wasserstein distance, without the penalty."""
        return D(b.x).mean() - D(G(b.z)).mean()
