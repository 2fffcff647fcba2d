"""DCGAN: the non-saturating GAN on convolutional networks that train."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from ganbench.baseline import Baseline, Batch, Draw, Net, uniform
from ganbench.dataset import Space
from ganbench.losses import non_saturating
from ganbench.nets import dcgan


@dataclass(frozen=True)
class DCGAN(Baseline):
    """Radford et al., 2015, section 3: strides instead of pooling, BatchNorm in both networks, no dense hidden layer.

    Against some retellings: the discriminator has no pooling, and both networks keep one dense layer, at the noise and
    at the discriminator's output.
    """

    latent: int = 100
    width: int = 32  # channels next to the image; the paper's generator has 128

    paper = "Radford et al., Unsupervised Representation Learning with DCGAN, 2015. arXiv:1511.06434"
    claim = "A handful of constraints on convolutional networks makes training stable in most settings."

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.width >= 1, "width", "at least 1")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        G, D = dcgan.generator(self.latent, space, self.width), dcgan.discriminator(space, self.width)
        return dcgan.normal_start(G), dcgan.normal_start(D)

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": uniform(self.latent, low=-1.0)}

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return non_saturating(D(b.x)) + non_saturating(-D(G(b.z)))  # a mean for each kind, as in two batches

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return non_saturating(D(G(b.z)))

    def realness(self, D: Net, x: Tensor, y: Tensor) -> Tensor | None:
        return None  # BatchNorm: an answer depends on the whole batch

    def unsupported(self, space: Space, batch: int) -> str | None:
        return f"it needs {need}" if (need := dcgan.unfit(space)) else None
