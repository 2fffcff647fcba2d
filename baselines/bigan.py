"""BiGAN: an encoder plays on the generator's side, and the critic judges pairs of example and code."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.linalg import vector_norm
from torch.nn.functional import softplus

from ganbench import nets
from ganbench.dataset import Space
from ganbench.game import Baseline, Batch, Draw, Player, uniform
from ganbench.nets import joint
from ganbench.nets.autoencoder import encoder


@dataclass(frozen=True)
class BiGAN(Baseline):
    """Donahue et al., 2016, equation 3, with losses that do not saturate; the encoder is deterministic."""

    paper = "Donahue, Krähenbühl & Darrell, Adversarial Feature Learning, 2016. arXiv:1605.09782"

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        side = {"decode": nets.generator(self.latent, space), "encode": encoder(space, self.latent)}
        return nn.ModuleDict(side), joint.critic(space, self.latent)

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": uniform(self.latent, low=-1.0)}

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return (softplus(-D(b.x, G.encode(b.x))) + softplus(D(G.decode(b.z), b.z))).mean()

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return (softplus(D(b.x, G.encode(b.x))) + softplus(-D(G.decode(b.z), b.z))).mean()

    def generate(self, G: Player, b: Batch) -> Tensor:
        return G.decode(b.z)

    def monitor(self, G: Player, D: Player, b: Batch) -> Tensor:
        """Return the reconstruction error, which nobody trains on."""
        return vector_norm((b.x - G.decode(G.encode(b.x))).flatten(1), dim=1).mean()
