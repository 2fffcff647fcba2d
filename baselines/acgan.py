"""ACGAN: the critic also names the class, and both players want it named right."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.functional import cross_entropy, softplus

from ganbench import nets
from ganbench.dataset import Space
from ganbench.game import Baseline, Batch, Draw, Player, integers, normal
from ganbench.nets import joint
from ganbench.nets.autoencoder import encoder


@dataclass(frozen=True)
class ACGAN(Baseline):
    """Odena et al., 2016, equations 2-3, with the generator loss that does not saturate.

    The critic returns (n, 1 + classes): real or fake, then class logits. ``weight`` is that of the class terms,
    which have the same sign for both players. Fakes are trained on classes drawn uniformly; samples follow the labels
    asked for.
    """

    weight: float = 1.0

    paper = "Odena, Olah & Shlens, Conditional Image Synthesis with Auxiliary Classifier GANs, 2016. arXiv:1610.09585"
    conditional = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.weight >= 0, "weight", "0 or more")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        beside = joint.Joint(nets.generator(self.latent + space.classes, space))
        return joint.Labelled(beside, space.classes), encoder(space, 1 + space.classes)

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": normal(self.latent), "y_fake": integers(max(space.classes, 1))}

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        real, fake = D(b.x), D(G(b.z, b.y_fake))
        named = cross_entropy(real[:, 1:], b.y) + cross_entropy(fake[:, 1:], b.y_fake)
        return (softplus(-real[:, 0]) + softplus(fake[:, 0])).mean() + self.weight * named

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        fake = D(G(b.z, b.y_fake))
        return softplus(-fake[:, 0]).mean() + self.weight * cross_entropy(fake[:, 1:], b.y_fake)

    def generate(self, G: Player, b: Batch) -> Tensor:
        return G(b.z, b.y)

    def monitor(self, G: Player, D: Player, b: Batch) -> Tensor:
        """Return the share of fakes whose class the critic names right."""
        return (D(G(b.z, b.y_fake))[:, 1:].argmax(1) == b.y_fake).double().mean()

    def refuses(self, space: Space, batch: int) -> str | None:
        return "it needs labelled data" if space.classes == 0 else None
