"""GAN: the original game, in which the generator minimises exactly what the critic maximises."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

from torch import Tensor
from torch.nn.functional import softplus

from ganbench.game import Baseline, Batch, Player


@dataclass(frozen=True)
class GAN(Baseline):
    """Goodfellow et al., 2014, equation 1 and Algorithm 1, whose k is ``n_critic``.

    The critic's k steps come before the generator's, each with data and noise of its own.
    """

    paper = "Goodfellow et al., Generative Adversarial Nets, 2014. arXiv:1406.2661"

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return (softplus(-D(b.x)) + softplus(D(G(b.z)))).mean()

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return -softplus(D(G(b.z))).mean()

    def monitor(self, G: Player, D: Player, b: Batch) -> Tensor:
        """Return the Jensen-Shannon divergence as this critic sees it, a lower bound up to sampling (theorem 1)."""
        return log(2) - self.critic_loss(G, D, b) / 2
