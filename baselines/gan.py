"""GAN: the original one, in which the generator minimises exactly what the discriminator maximises."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

from torch import Tensor

from ganbench.baseline import Baseline, Batch, Net
from ganbench.losses import logistic, minimax


@dataclass(frozen=True)
class GAN(Baseline):
    """Goodfellow et al., 2014, equation 1 and Algorithm 1, whose k is ``d_steps``.

    The discriminator's k steps come before the generator's, each with data and noise of its own.
    """

    paper = "Goodfellow et al., Generative Adversarial Nets, 2014. arXiv:1406.2661"
    claim = "With enough capacity and time the generator recovers the distribution of the data."

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return logistic(D(b.x), D(G(b.z)))

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return minimax(D(G(b.z)))

    def monitor(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return a lower bound on the Jensen-Shannon divergence, up to sampling (theorem 1)."""
        return log(2) - self.discriminator_loss(G, D, b) / 2
