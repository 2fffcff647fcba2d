"""Unrolled GAN: the generator's loss is that of the discriminator after some further updates."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ganbench.baseline import Baseline, Batch, Net
from ganbench.losses import logistic, non_saturating


@dataclass(frozen=True)
class UnrolledGAN(Baseline):
    """Metz et al., 2016, equations 7-10: the generator's gradient runs through ``unroll`` updates of the discriminator.

    They are updates as the discriminator itself makes them, as in the authors' code: by Adam, which goes on from where
    it is, at the discriminator's learning rate or ``inner_lr``, on the generator's batch. The discriminator is the
    shared one, leaky and piecewise linear, where the authors' demonstration has tanh: rows differ in losses alone.
    """

    unroll: int = 5
    inner_lr: float | None = None  # of the updates looked ahead; None: the discriminator's
    non_saturating: bool = False  # False: the generator maximises the discriminator's loss, as the paper has it
    lr: float | tuple[float, float] = (1e-3, 1e-4)

    paper = "Metz et al., Unrolled Generative Adversarial Networks, 2016. arXiv:1611.02163"
    claim = "Differentiating through the discriminator's next steps stops the generator from hopping between modes."
    version = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.unroll >= 0, "unroll", "0 or more")
        self.require(self.inner_lr is None or self.inner_lr >= 0, "inner_lr", "0 or more")

    def unused_fields(self) -> dict[str, str]:
        return super().unused_fields() | ({} if self.unroll else {"inner_lr": "no step is unrolled"})

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return logistic(D(b.x), D(G(b.z)))

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        for _ in range(self.unroll):
            D = self.further(G, D, b)
        return non_saturating(D(G(b.z))) if self.non_saturating else -self.discriminator_loss(G, D, b)

    def further(self, G: Net, D: Net, b: Batch) -> Net:
        """Return the discriminator after one more of its updates."""
        rate = 1.0 if self.inner_lr is None else self.inner_lr / self.lr_pair[1]
        return D.stepped(lambda D: self.discriminator_loss(G, D, b), rate)
