"""ALI: as BiGAN, with an encoder that draws its codes, and both networks updated at once."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.linalg import vector_norm

from ganbench import nets
from ganbench.baseline import Baseline, Batch, Draw, Net, Order, normal
from ganbench.dataset import Space
from ganbench.losses import logistic, reparametrised
from ganbench.nets import joint
from ganbench.nets.autoencoder import encoder


@dataclass(frozen=True)
class ALI(Baseline):
    """Dumoulin et al., 2016, Algorithm 1: codes are drawn from a diagonal Gaussian by reparametrisation."""

    lr: float | tuple[float, float] = 1e-4
    order: Order = "simultaneous"

    paper = "Dumoulin et al., Adversarially Learned Inference, 2016. arXiv:1606.00704"
    claim = "Learning inference together with generation covers the modes of a grid that a GAN alone loses."

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        parts = {"decode": nets.generator(self.latent, space), "encode": encoder(space, 2 * self.latent)}
        return nn.ModuleDict(parts), joint.discriminator(space, self.latent)

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": normal(self.latent), "eps": normal(self.latent)}

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return logistic(D(b.x, self.codes(G, b)), D(G.decode(b.z), b.z))

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        real, fake = D(b.x, self.codes(G, b)), D(G.decode(b.z), b.z)
        return logistic(real=fake, fake=real)

    def codes(self, G: Net, b: Batch) -> Tensor:
        """Draw a code for each real example."""
        mean, log_variance = G.encode(b.x).chunk(2, dim=1)
        return reparametrised(mean, log_variance, b.eps)

    def generate(self, G: Net, b: Batch) -> Tensor:
        return G.decode(b.z)

    def monitor(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return the reconstruction error from the mean code, which no loss contains."""
        mean, _ = G.encode(b.x).chunk(2, dim=1)
        return vector_norm((b.x - G.decode(mean)).flatten(1), dim=1).mean()

    def realness(self, D: Net, x: Tensor, y: Tensor) -> Tensor | None:
        return None
