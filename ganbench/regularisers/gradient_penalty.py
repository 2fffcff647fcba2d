"""R1 and R2: the discriminator pays for its gradient at real or at generated examples, whatever its loss is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from ganbench.baseline import Batch, Net
from ganbench.losses import zero_centred_penalty
from ganbench.regularisers.regulariser import Answers, Loss, Regulariser, function_of

PAPER = "Mescheder et al., Which Training Methods for GANs do actually Converge?, 2018. arXiv:1801.04406"


@dataclass(frozen=True)
class ZeroCentredPenalty(Regulariser):
    """A penalty on the gradient at one kind of example."""

    gamma: float = 10.0

    paper: ClassVar[str] = PAPER
    kind: ClassVar[str] = ""  # of examples

    def __post_init__(self) -> None:
        self.require(self.gamma >= 0, "gamma", "0 or more")

    @property
    def weight(self) -> float:
        """What the mean squared gradient is multiplied by."""
        return self.gamma / 2

    def discriminator_loss(self, loss: Loss, G: Net, D: Net, b: Batch) -> Tensor:
        answers = Answers(loss, G, D, b)
        answer = answers.of(self.kind)
        return answers.value + self.weight * zero_centred_penalty(function_of(D, answer), answer.x).mean()


@dataclass(frozen=True)
class R1Penalty(ZeroCentredPenalty):
    """Adds ``gamma / 2 * E[|grad D(x)|^2]`` at real examples to the discriminator's loss.

    The baseline ``r1`` is this around the non-saturating loss, with its authors' optimiser; this goes around any.

    Parameters
    ----------
    gamma
        Weight of the penalty, half of which counts, as in the paper's equation.

    References
    ----------
    Mescheder et al., Which Training Methods for GANs do actually Converge?, 2018, equation 9. arXiv:1801.04406

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> D = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Flatten(0))
    >>> nets = Net.of(nn.Identity()), Net(D, {"0.weight": torch.tensor([[3.0]])}, {})
    >>> b = Batch({"x": torch.zeros(2, 1), "z": torch.zeros(2, 1)})
    >>> R1Penalty(gamma=2.0).discriminator_loss(lambda G, D, b: D(b.x).mean() + D(G(b.z)).mean(), *nets, b).item()
    9.0
    """

    name: ClassVar[str] = "r1"
    claim: ClassVar[str] = "A gradient penalty at real data alone converges locally, also where data lie on a manifold."
    kind: ClassVar[str] = "real"
    reads: ClassVar[tuple[str, ...]] = ("real",)


@dataclass(frozen=True)
class R2Penalty(ZeroCentredPenalty):
    """Adds ``gamma / 2 * E[|grad D(G(z))|^2]`` at generated examples to the discriminator's loss.

    Parameters
    ----------
    gamma
        Weight of the penalty, half of which counts, as in the paper's equation.

    References
    ----------
    Mescheder et al., Which Training Methods for GANs do actually Converge?, 2018, equation 9. arXiv:1801.04406
    """

    name: ClassVar[str] = "r2"
    claim: ClassVar[str] = "A gradient penalty at generated samples alone converges locally as the one at data does."
    kind: ClassVar[str] = "fake"
    reads: ClassVar[tuple[str, ...]] = ("fake",)


LAZY = "Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2020. arXiv:1912.04958"


@dataclass(frozen=True)
class Lazy(ZeroCentredPenalty):
    """A penalty in every so many updates of the discriminator, as many times as large there; the others cost nothing.

    The authors make a step of its own of the penalty, and weaken Adam by ``every / (every + 1)`` for that; here it is
    part of the loss of that update, and the optimiser is as ever.
    """

    every: int = 16

    paper: ClassVar[str] = LAZY

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.every >= 1, "every", "at least 1")

    @property
    def weight(self) -> float:
        return self.every * self.gamma / 2

    def takes_part(self, update: int) -> bool:
        return update % self.every == 0


@dataclass(frozen=True)
class LazyR1Penalty(Lazy):
    """Adds ``every * gamma / 2 * E[|grad D(x)|^2]`` at real examples to every 16th loss of the discriminator.

    Parameters
    ----------
    gamma
        Weight of the penalty, half of which counts, on the average over updates.
    every
        Updates of the discriminator from one penalty to the next; the first has one.

    References
    ----------
    Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2020, section 3.1 and appendix B.
    arXiv:1912.04958
    """

    name: ClassVar[str] = "lazy_r1"
    claim: ClassVar[str] = "A gradient penalty in every 16th update does as well as one in each, at less cost."
    kind: ClassVar[str] = "real"
    reads: ClassVar[tuple[str, ...]] = ("real",)


@dataclass(frozen=True)
class LazyR2Penalty(Lazy):
    """Adds ``every * gamma / 2 * E[|grad D(G(z))|^2]`` at generated examples to every 16th loss of the discriminator.

    Fields are those of ``LazyR1Penalty``.

    References
    ----------
    Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2020, section 3.1, there of R1.
    arXiv:1912.04958
    """

    name: ClassVar[str] = "lazy_r2"
    claim: ClassVar[str] = "A gradient penalty in every 16th update does as well as one in each, at less cost."
    kind: ClassVar[str] = "fake"
    reads: ClassVar[tuple[str, ...]] = ("fake",)
