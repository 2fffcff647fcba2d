"""One-sided label smoothing: the critic is asked not to be too sure of real examples."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus

from ganbench.game import Baseline, Batch, Player


@dataclass(frozen=True)
class LabelSmoothing(Baseline):
    """Salimans et al., 2016, section 3.4: real examples are labelled ``target`` instead of 1, fakes stay 0."""

    target: float = 0.9

    paper = "Salimans et al., Improved Techniques for Training GANs, 2016. arXiv:1606.03498"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(0 < self.target <= 1, "target", "in (0, 1]")

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        real = D(b.x)
        return (softplus(real) - self.target * real + softplus(D(G(b.z)))).mean()

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return softplus(-D(G(b.z))).mean()
