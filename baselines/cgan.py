"""CGAN: both networks are told the class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from torch import Tensor, nn

from ganbench import nets
from ganbench.baseline import Batch, Net
from ganbench.dataset import Space
from ganbench.families import Conditional
from ganbench.losses import logistic, non_saturating
from ganbench.nets import joint

Fusion = Literal["concat", "hadamard"]


@dataclass(frozen=True)
class CGAN(Conditional):
    """Mirza & Osindero, 2014, equation 2, with the generator loss that does not saturate.

    The discriminator classifies pairs (x, y) as real or fake; it does not predict the class. Fakes get the labels of
    the batch's real examples, so both kinds of pairs have the data's class frequencies. ``fusion`` is how the generator
    is told: indicators beside z (the paper), or z times a learnt vector for each class (later code). A product with z,
    whose mean is zero, tells classes apart by their scales alone: where none is set, its z has at least 16 numbers.
    """

    fusion: Fusion = "concat"

    paper = "Mirza & Osindero, Conditional Generative Adversarial Nets, 2014. arXiv:1411.1784"
    claim = "Labels given to both networks let one model make samples of a class that is asked for."
    version = 2
    members = ("fusion", ("concat", "hadamard"))

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.fusion in get_args(Fusion), "fusion", f"one of {', '.join(get_args(Fusion))}")

    def latent_for(self, usual: int) -> int:
        return max(usual, 16) if self.fusion == "hadamard" else usual

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        D = joint.Labelled(joint.discriminator(space, space.classes), space.classes)
        if self.fusion == "hadamard":
            return joint.Scaled(nets.generator(self.latent, space), space.classes, self.latent), D
        return joint.labelled_generator(self.latent, space), D

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return logistic(D(b.x, b.y), D(G(b.z, b.y), b.y))

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return non_saturating(D(G(b.z, b.y), b.y))
