"""BiGAN: an encoder is trained with the generator, and the discriminator classifies pairs of example and code."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.linalg import vector_norm

from ganbench import nets
from ganbench.baseline import Baseline, Batch, Draw, Net, uniform
from ganbench.dataset import Space
from ganbench.losses import logistic
from ganbench.nets import joint
from ganbench.nets.autoencoder import encoder


@dataclass(frozen=True)
class BiGAN(Baseline):
    """Donahue et al., 2016, equation 3, with losses that do not saturate; the encoder is deterministic."""

    paper = "Donahue, Krähenbühl & Darrell, Adversarial Feature Learning, 2016. arXiv:1605.09782"
    claim = "An encoder trained with the discriminator inverts the generator without being told to reconstruct."

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        parts = {"decode": nets.generator(self.latent, space), "encode": encoder(space, self.latent)}
        return nn.ModuleDict(parts), joint.discriminator(space, self.latent)

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": uniform(self.latent, low=-1.0)}

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return logistic(D(b.x, G.encode(b.x)), D(G.decode(b.z), b.z))

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        real, fake = D(b.x, G.encode(b.x)), D(G.decode(b.z), b.z)
        return logistic(real=fake, fake=real)

    def generate(self, G: Net, b: Batch) -> Tensor:
        return G.decode(b.z)

    def monitor(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return the reconstruction error, which no loss contains."""
        return vector_norm((b.x - G.decode(G.encode(b.x))).flatten(1), dim=1).mean()

    def realness(self, D: Net, x: Tensor, y: Tensor) -> Tensor | None:
        return None
