"""WGAN-LP: a Wasserstein critic that pays only for slopes above one."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.linalg import vector_norm
from torch.nn.functional import relu

from ganbench.dataset import Space
from ganbench.game import Baseline, Batch, Draw, Player, gradient, normal, uniform


@dataclass(frozen=True)
class WGANLP(Baseline):
    """Petzka et al., 2018: the one-sided penalty, which some retellings take for that of WGAN-GP."""

    penalty: float = 10.0
    n_critic: int = 5
    lr: float | tuple[float, float] = 1e-4
    betas: tuple[float, float] = (0.0, 0.9)

    paper = "Petzka et al., On the Regularization of Wasserstein GANs, 2018. arXiv:1709.08894"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.penalty > 0, "penalty", "positive")

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": normal(self.latent), "eps": uniform(*[1] * len(space.shape))}

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        fake = G(b.z)
        between = b.eps * b.x + (1 - b.eps) * fake
        slope = vector_norm(gradient(D, between), dim=1)
        return (D(fake) - D(b.x) + self.penalty * relu(slope - 1).square()).mean()

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return -D(G(b.z)).mean()

    def monitor(self, G: Player, D: Player, b: Batch) -> Tensor:
        """Return the critic's estimate of the Wasserstein distance, without the penalty."""
        return D(b.x).mean() - D(G(b.z)).mean()
