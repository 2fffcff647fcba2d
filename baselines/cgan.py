"""CGAN: both players are told the class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from torch import Tensor, nn
from torch.nn.functional import softplus

from ganbench import nets
from ganbench.dataset import Space
from ganbench.game import Baseline, Batch, Player
from ganbench.nets import joint

Fusion = Literal["concat", "hadamard"]


@dataclass(frozen=True)
class CGAN(Baseline):
    """Mirza & Osindero, 2014, equation 2, with the generator loss that does not saturate.

    The critic judges pairs (x, y) as real or fake; it does not predict the class. Fakes get the labels of the batch's
    real examples, so both kinds of pairs have the data's class frequencies. ``fusion`` is how the generator
    is told: indicators beside z (the paper), or z times a learnt vector for each class (later code).
    """

    fusion: Fusion = "concat"

    paper = "Mirza & Osindero, Conditional Generative Adversarial Nets, 2014. arXiv:1411.1784"
    conditional = True
    members = ("fusion", ("concat", "hadamard"))

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.fusion in get_args(Fusion), "fusion", f"one of {', '.join(get_args(Fusion))}")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        D = joint.Labelled(joint.critic(space, space.classes), space.classes)
        if self.fusion == "hadamard":
            return joint.Scaled(nets.generator(self.latent, space), space.classes, self.latent), D
        beside = joint.Joint(nets.generator(self.latent + space.classes, space))
        return joint.Labelled(beside, space.classes), D

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return (softplus(-D(b.x, b.y)) + softplus(D(G(b.z, b.y), b.y))).mean()

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return softplus(-D(G(b.z, b.y), b.y)).mean()

    def generate(self, G: Player, b: Batch) -> Tensor:
        return G(b.z, b.y)

    def refuses(self, space: Space, batch: int) -> str | None:
        return "it needs labelled data" if space.classes == 0 else None
