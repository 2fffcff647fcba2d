"""Optimisers of any baseline, named like regularisers: ``ns_gan+lookahead``; they keep the baseline's own within."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ganbench.baseline import Baseline, Update
from ganbench.dataset import Space
from ganbench.optim import LookaheadSteps, OptimisticSteps, Optimizer
from ganbench.regularisers.regulariser import Regulariser


@dataclass(frozen=True)
class Optimising(Regulariser):
    """Something around the optimisers of both networks; losses are as ever."""

    def unsupported(self, baseline: Baseline, space: Space, batch: int) -> str | None:
        return None if baseline.updates(0) else f"{self.name} needs a baseline that is trained"


@dataclass(frozen=True)
class Optimistic(Optimising):
    """Each step of the baseline's optimiser is made twice, less the step before: optimistic Adam, where that is Adam.

    References
    ----------
    Daskalakis et al., Training GANs with Optimism, 2018, Algorithm 1. arXiv:1711.00141
    """

    name: ClassVar[str] = "optimistic"
    paper: ClassVar[str] = "Daskalakis et al., Training GANs with Optimism, 2018. arXiv:1711.00141"
    claim: ClassVar[str] = "Steps that expect the opponent's next one converge where descent and ascent circle."

    def optimizer(self, base: Optimizer, updates: int) -> Optimizer:
        return OptimisticSteps(base)


@dataclass(frozen=True)
class Lookahead(Optimising):
    """After every ``every`` training steps both networks go back to a share of the way that they made.

    A discriminator that has several updates a step goes back after as many times more of them. Each network goes back
    within its own last update of these; in the paper both do after it, which is the same where both are updated at
    once (``order = "simultaneous"``).

    Parameters
    ----------
    every
        Training steps from one such point to the next; the paper's value.
    alpha
        Share of the way that is kept; the paper's value.

    References
    ----------
    Chavdarova et al., Taming GANs with Lookahead-Minmax, 2021, Algorithm 1. arXiv:2006.14567
    """

    every: int = 5
    alpha: float = 0.5

    name: ClassVar[str] = "lookahead"
    paper: ClassVar[str] = "Chavdarova et al., Taming GANs with Lookahead-Minmax, 2021. arXiv:2006.14567"
    claim: ClassVar[str] = "Going back part of the way ends the rotation of both networks, with any optimiser within."

    def __post_init__(self) -> None:
        self.require(self.every >= 1, "every", "at least 1")
        self.require(0 < self.alpha <= 1, "alpha", "in (0, 1]")

    def optimizer(self, base: Optimizer, updates: int) -> Optimizer:
        return LookaheadSteps(base, self.every * updates, self.alpha)


@dataclass(frozen=True)
class Extragradient(Regulariser):
    """Both networks step at once, by the gradients where a step of the baseline's optimisers would lead them both.

    Both gradients are of the same batch, and of Adam's moments only the second gradient becomes part; the paper's
    Algorithm 4 draws another batch and counts both. A training step is one such step, whatever ``d_steps`` and
    ``order`` say.

    References
    ----------
    Gidel et al., A Variational Inequality Perspective on Generative Adversarial Networks, 2019, on
    extrapolation. arXiv:1802.10551
    """

    name: ClassVar[str] = "extragradient"
    paper: ClassVar[str] = (
        "Gidel et al., A Variational Inequality Perspective on Generative Adversarial Networks, 2019. arXiv:1802.10551"
    )
    claim: ClassVar[str] = "Gradients taken after a trial step converge where those taken before it circle."
    extrapolates: ClassVar[bool] = True


USUAL = 1001  # a training step without a warm-up


def updates_in_a_step(baseline: Baseline, networks: dict[Update, str], name: str) -> int:
    """Return how often a network, "G" or "D", is updated in a usual step; once where it never is."""
    return sum(name in networks[kind] for kind in baseline.updates(USUAL)) or 1
