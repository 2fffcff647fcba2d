"""WGAN: the critic estimates a Wasserstein distance, kept Lipschitz by clipping its weights."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from ganbench.dataset import Tensors
from ganbench.game import Baseline, Batch, Move, Player
from ganbench.optim import Optimizer, RMSProp


@dataclass(frozen=True)
class WGAN(Baseline):
    """Arjovsky et al., 2017, Algorithm 1: every weight, none of the gradients, is clipped after each critic step."""

    clip: float = 0.01
    n_critic: int = 5
    warm_up: int = 0  # critic steps in each of the first 25 game steps and in every 500th; the authors' code has 100
    lr: float | tuple[float, float] = 5e-5

    paper = "Arjovsky et al., Wasserstein GAN, 2017. arXiv:1701.07875"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.clip > 0, "clip", "positive")
        self.require(self.warm_up >= 0, "warm_up", "0 (none) or more")

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return (D(G(b.z)) - D(b.x)).mean()

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return -D(G(b.z)).mean()

    def monitor(self, G: Player, D: Player, b: Batch) -> Tensor:
        """Return the critic's estimate of the Wasserstein distance, times its unknown Lipschitz constant."""
        return -self.critic_loss(G, D, b)

    def project(self, critic: Tensors) -> Tensors:
        return {name: weight.clamp(-self.clip, self.clip) for name, weight in critic.items()}

    def optimizers(self, progress: float) -> tuple[Optimizer, Optimizer]:
        return RMSProp(self.lr_pair[0]), RMSProp(self.lr_pair[1])

    def moves(self, step: int) -> tuple[Move, ...]:
        if self.warm_up and (step < 25 or step % 500 == 0):
            return replace(self, n_critic=self.warm_up, warm_up=0).moves(step)
        return super().moves(step)
