"""ALI: as BiGAN, with an encoder that draws its codes, and both players moving at once."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.linalg import vector_norm
from torch.nn.functional import softplus

from ganbench import nets
from ganbench.dataset import Space
from ganbench.game import Baseline, Batch, Draw, Order, Player, normal
from ganbench.nets import joint
from ganbench.nets.autoencoder import encoder


@dataclass(frozen=True)
class ALI(Baseline):
    """Dumoulin et al., 2016, Algorithm 1: the encoder's law is a diagonal Gaussian, drawn by reparametrisation."""

    lr: float | tuple[float, float] = 1e-4
    order: Order = "simultaneous"

    paper = "Dumoulin et al., Adversarially Learned Inference, 2016. arXiv:1606.00704"

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        side = {"decode": nets.generator(self.latent, space), "encode": encoder(space, 2 * self.latent)}
        return nn.ModuleDict(side), joint.critic(space, self.latent)

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": normal(self.latent), "eps": normal(self.latent)}

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return (softplus(-D(b.x, self.codes(G, b))) + softplus(D(G.decode(b.z), b.z))).mean()

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return (softplus(D(b.x, self.codes(G, b))) + softplus(-D(G.decode(b.z), b.z))).mean()

    def codes(self, G: Player, b: Batch) -> Tensor:
        """Draw a code for each real example."""
        mean, log_variance = G.encode(b.x).chunk(2, dim=1)
        return mean + (log_variance / 2).exp() * b.eps

    def generate(self, G: Player, b: Batch) -> Tensor:
        return G.decode(b.z)

    def monitor(self, G: Player, D: Player, b: Batch) -> Tensor:
        """Return the reconstruction error from the mean code, which nobody trains on."""
        mean, _ = G.encode(b.x).chunk(2, dim=1)
        return vector_norm((b.x - G.decode(mean)).flatten(1), dim=1).mean()
