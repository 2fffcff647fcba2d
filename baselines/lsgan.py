"""LSGAN: the critic regresses labels, and the generator is drawn towards a label instead of a boundary."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ganbench.game import Baseline, Batch, Player


@dataclass(frozen=True)
class LSGAN(Baseline):
    """Mao et al., 2017, equation 2 with labels 0, 1, 1 (equation 9); -1, 1, 0 make it a Pearson divergence."""

    a: float = 0.0  # what the critic should say of fakes
    b: float = 1.0  # of real examples
    c: float = 1.0  # what the generator wants it to say of fakes
    lr: float | tuple[float, float] = 1e-3

    paper = "Mao et al., Least Squares Generative Adversarial Networks, 2017. arXiv:1611.04076"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.b != self.a, "b", "different from a")

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return ((D(b.x) - self.b).square() + (D(G(b.z)) - self.a).square()).mean() / 2

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return (D(G(b.z)) - self.c).square().mean() / 2
