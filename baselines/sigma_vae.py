"""Sigma-VAE: a variational autoencoder whose likelihood has the standard deviation of its own errors."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, pi

from torch import Tensor, nn

from ganbench.baseline import Batch, Draw, Net, normal
from ganbench.dataset import Space
from ganbench.families import WithoutDiscriminator
from ganbench.losses import gaussian_divergence, reparametrised
from ganbench.nets.autoencoder import decoder, encoder

FLOOR = exp(-12.0)  # of the variance: the authors keep the logarithm of its root above -6


@dataclass(frozen=True)
class SigmaVAE(WithoutDiscriminator):
    """Rybkin et al., 2021, section 4.2: the optimal variance is the batch's mean squared error, in closed form.

    With it the negative log-likelihood of an example of d numbers is d / 2 (log(2 pi error) + 1): nothing is left to
    tune between reconstruction and prior. A sample is the decoder's mean. In the plane an error that starts large
    makes two numbers worth less than their codes cost: on ring8 the codes go unused (no mode in 4000 steps).
    """

    paper = "Rybkin et al., Simple and Effective VAE Training with Calibrated Decoders, 2021. arXiv:2006.13202"
    claim = "A variance that is computed, not chosen, balances a VAE's two terms and gives better samples."

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        parts = {"encode": encoder(space, 2 * self.latent), "decode": decoder(self.latent, space)}
        return nn.ModuleDict(parts), nn.Identity()

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": normal(self.latent), "eps": normal(self.latent)}

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return the negative bound at the best variance, in nats per example."""
        mean, log_variance = G.encode(b.x).chunk(2, dim=1)
        decoded = G.decode(reparametrised(mean, log_variance, b.eps))
        error = (b.x - decoded).square().mean().clamp(min=FLOOR)
        numbers = b.x[0].numel()
        return numbers / 2 * ((2 * pi * error).log() + 1) + gaussian_divergence(mean, log_variance).mean()

    def monitor(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return the standard deviation of the likelihood, before its floor."""
        mean, log_variance = G.encode(b.x).chunk(2, dim=1)
        decoded = G.decode(reparametrised(mean, log_variance, b.eps))
        return (b.x - decoded).square().mean().sqrt()

    def generate(self, G: Net, b: Batch) -> Tensor:
        return G.decode(b.z)
