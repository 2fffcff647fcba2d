"""LSGAN: the discriminator regresses labels, and the generator is drawn towards a label instead of a boundary."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ganbench.baseline import Baseline, Batch, Net
from ganbench.losses import least_squares, least_squares_generator


@dataclass(frozen=True)
class LSGAN(Baseline):
    """Mao et al., 2017, equation 2 with labels 0, 1, 1 (equation 9); -1, 1, 0 make it a Pearson divergence."""

    a: float = 0.0  # the discriminator's label of fakes
    b: float = 1.0  # of real examples
    c: float = 1.0  # the generator's label of fakes
    lr: float | tuple[float, float] = 1e-3

    paper = "Mao et al., Least Squares Generative Adversarial Networks, 2017. arXiv:1611.04076"
    claim = "Squared errors do not saturate: training is more stable and samples are better."

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.b != self.a, "b", "different from a")

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return least_squares(D(b.x), D(G(b.z)), self.a, self.b)

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return least_squares_generator(D(G(b.z)), self.c)
