"""ACGAN: the discriminator also names the class, and both networks are trained to have it named right."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ganbench.baseline import Batch, Draw, Net, integers, normal
from ganbench.dataset import Space
from ganbench.families import Conditional
from ganbench.losses import logistic, non_saturating
from ganbench.nets import joint
from ganbench.nets.autoencoder import encoder


@dataclass(frozen=True)
class ACGAN(Conditional):
    """Odena et al., 2016, equations 2-3, with the generator loss that does not saturate.

    The discriminator returns (n, 1 + classes): real or fake, then class logits. ``weight`` is that of the class terms,
    which have the same sign in both losses. Fakes are trained on classes drawn uniformly; samples follow the labels
    asked for.
    """

    weight: float = 1.0

    paper = "Odena, Olah & Shlens, Conditional Image Synthesis with Auxiliary Classifier GANs, 2016. arXiv:1610.09585"
    claim = "A discriminator that also names the class gives samples that are more recognisable at high resolution."

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.weight >= 0, "weight", "0 or more")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        return joint.labelled_generator(self.latent, space), encoder(space, 1 + space.classes)

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": normal(self.latent), "y_fake": integers(max(space.classes, 1))}

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        real, fake = D(b.x), D(G(b.z, b.y_fake))
        classes = cross_entropy(real[:, 1:], b.y) + cross_entropy(fake[:, 1:], b.y_fake)
        return logistic(real[:, 0], fake[:, 0]) + self.weight * classes

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        fake = D(G(b.z, b.y_fake))
        return non_saturating(fake[:, 0]) + self.weight * cross_entropy(fake[:, 1:], b.y_fake)

    def monitor(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return the share of fakes whose class the discriminator names right."""
        return (D(G(b.z, b.y_fake))[:, 1:].argmax(1) == b.y_fake).double().mean()

    def realness(self, D: Net, x: Tensor, y: Tensor) -> Tensor | None:
        return D(x)[:, 0]
