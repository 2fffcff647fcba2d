"""Unrolled GAN: the generator plays against the critic that its move would provoke."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus

from ganbench.game import Baseline, Batch, Player


@dataclass(frozen=True)
class UnrolledGAN(Baseline):
    """Metz et al., 2016, equations 7-10: the generator's slope runs through ``unroll`` steps of the critic.

    The steps looked ahead are plain gradient descent, a simplification: the authors unroll Adam with its state.
    """

    unroll: int = 5
    inner_lr: float = 0.1
    non_saturating: bool = False  # False: the generator maximises the critic's loss, as the paper has it
    lr: float | tuple[float, float] = (1e-3, 1e-4)

    paper = "Metz et al., Unrolled Generative Adversarial Networks, 2016. arXiv:1611.02163"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.unroll >= 0, "unroll", "0 or more")
        self.require(self.inner_lr >= 0, "inner_lr", "0 or more")

    def idle(self) -> dict[str, str]:
        return super().idle() | ({} if self.unroll else {"inner_lr": "no step is unrolled"})

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return (softplus(-D(b.x)) + softplus(D(G(b.z)))).mean()

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        for _ in range(self.unroll):
            D = D.descend(lambda D: self.critic_loss(G, D, b), self.inner_lr)
        return softplus(-D(G(b.z))).mean() if self.non_saturating else -self.critic_loss(G, D, b)
