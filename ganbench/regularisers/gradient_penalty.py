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
class ZeroCentred(Regulariser):
    """A penalty on the gradient at one kind of example."""

    gamma: float = 10.0

    paper: ClassVar[str] = PAPER
    kind: ClassVar[str] = ""  # of examples

    def __post_init__(self) -> None:
        self.require(self.gamma >= 0, "gamma", "0 or more")

    def discriminator_loss(self, loss: Loss, G: Net, D: Net, b: Batch) -> Tensor:
        answers = Answers(loss, G, D, b)
        answer = answers.of(self.kind)
        return answers.value + self.gamma / 2 * zero_centred_penalty(function_of(D, answer), answer.x).mean()


@dataclass(frozen=True)
class R1(ZeroCentred):
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
    >>> R1(gamma=2.0).discriminator_loss(lambda G, D, b: D(b.x).mean() + D(G(b.z)).mean(), *nets, b).item()
    9.0
    """

    name: ClassVar[str] = "r1"
    claim: ClassVar[str] = "A gradient penalty at real data alone converges locally, also where data lie on a manifold."
    kind: ClassVar[str] = "real"
    reads: ClassVar[tuple[str, ...]] = ("real",)


@dataclass(frozen=True)
class R2(ZeroCentred):
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
