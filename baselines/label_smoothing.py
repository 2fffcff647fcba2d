"""One-sided label smoothing: the discriminator's label of real examples is a little less than one."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus

from ganbench.baseline import Baseline, Batch, Net
from ganbench.losses import non_saturating


@dataclass(frozen=True)
class LabelSmoothing(Baseline):
    """Salimans et al., 2016, section 3.4: real examples are labelled ``target`` instead of 1, fakes stay 0."""

    target: float = 0.9

    paper = "Salimans et al., Improved Techniques for Training GANs, 2016. arXiv:1606.03498"
    claim = "Targets of 0.9 in place of 1 for real examples keep the discriminator from being overconfident."

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(0 < self.target <= 1, "target", "in (0, 1]")

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        real = D(b.x)
        return (softplus(real) - self.target * real + softplus(D(G(b.z)))).mean()

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return non_saturating(D(G(b.z)))
