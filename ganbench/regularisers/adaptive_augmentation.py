"""ADA: images are augmented with a probability that follows how sure the discriminator is of real ones."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi
from typing import ClassVar

import torch
from torch import Tensor

from ganbench._util.names import check_names
from ganbench.baseline import Baseline, Batch, Net
from ganbench.dataset import Space, Tensors
from ganbench.regularisers import images
from ganbench.regularisers.augmentation import Augmenting
from ganbench.regularisers.regulariser import Answers, Around, Loss

SMALLEST = 2.0**-24  # of a uniform draw that becomes a normal one
FIRST = {"blit": 0, "color": 7}  # of the draws of each part
MOST = 0.125  # share of a side by which an image is moved
SPREADS = {
    "brightness": 0.2,
    "contrast": 0.5,
    "saturation": 1.0,
}  # standard deviations, of logarithms to base 2 but one


@dataclass(frozen=True)
class ADA(Augmenting):
    """Real and generated images are changed before the discriminator sees them, each change with probability p.

    p rises while the mean sign of the discriminator's answers about real images is above ``target``, which is a sign of
    overfitting, and falls otherwise, never below 0. The generator's gradient runs through the changes.

    Of the paper's pipeline there are pixel blitting (mirrors, quarter turns of squares, whole shifts by up to an eighth
    with mirrored edges) and colour (brightness, contrast, inverted luma, hue, saturation; of grey images the first
    three), with its distributions and in its order. Left out are general geometry, filters and corruptions, which
    resample images. The signs are those of the generator's batch, once a training step, where the authors' code takes
    the discriminator's.

    Parameters
    ----------
    target
        Mean sign of the answers about real images that p steers to.
    kimg
        Thousands of real images in which p can rise from 0 to 1.
    interval
        Training steps between two changes of p.
    policy
        Of ``blit`` and ``color``, with commas between.
    start
        Where p begins.

    References
    ----------
    Karras et al., Training Generative Adversarial Networks with Limited Data, 2020, sections 2 and 3 and appendix B.
    arXiv:2006.06676

    Examples
    --------
    >>> reg, b = ADA(policy="blit"), Batch({"ada_p": torch.tensor(0.5)})
    >>> draws = torch.tensor([[0.4, 0.9, 0.9, 0.1, 0.0, 0.0, 0.0]])
    >>> reg.augmented(torch.tensor([[[[1.0, 2.0]]]]), draws, b).flatten().tolist()
    [2.0, 1.0]
    """

    target: float = 0.6
    kimg: float = 500.0
    interval: int = 4
    policy: str = "blit,color"
    start: float = 0.0

    name: ClassVar[str] = "ada"
    paper: ClassVar[str] = (
        "Karras et al., Training Generative Adversarial Networks with Limited Data, 2020. arXiv:2006.06676"
    )
    claim: ClassVar[str] = "Augmentation with an adaptive probability stops overfitting and does not leak into samples."
    numbers: ClassVar[int] = 17
    reads: ClassVar[tuple[str, ...]] = ("real",)

    def __post_init__(self) -> None:
        parts = self.policy.split(",")
        check_names(f"part of {self.name}_policy", parts, FIRST)
        self.require(len(set(parts)) == len(parts), "policy", "different parts")
        self.require(-1 <= self.target <= 1, "target", "in [-1, 1]")
        self.require(self.kimg > 0, "kimg", "positive")
        self.require(self.interval >= 1, "interval", "at least 1")
        self.require(0 <= self.start <= 1, "start", "in [0, 1]")

    def augmented(self, x: Tensor, draws: Tensor, b: Batch) -> Tensor:
        parts = {"blit": blitted, "color": coloured}
        for part in self.policy.split(","):
            x = parts[part](x, draws[:, FIRST[part] :], b.ada_p)
        return x

    def initial_state(self, G: Net, D: Net) -> Tensors:
        nothing = next(iter(D.weights.values())).new_zeros(())
        return {"ada_p": nothing + self.start, "ada_signs": nothing, "ada_seen": nothing}

    def next_state(self, loss: Loss, G: Net, D: Net, b: Batch) -> Tensors:
        real = Answers(loss, G, Around(D, self.augmenting(b)), b).of("real").output
        signs, seen = b.ada_signs + real.sign().sum() / len(real), b.ada_seen + 1
        direction = (signs / self.interval - self.target).sign()
        p = (b.ada_p + direction * (self.interval * len(real)) / (1000 * self.kimg)).clamp(min=0)
        due, nothing = seen >= self.interval, torch.zeros_like(signs)
        return {
            "ada_p": torch.where(due, p, b.ada_p),
            "ada_signs": torch.where(due, nothing, signs),
            "ada_seen": torch.where(due, nothing, seen),
        }

    def unsupported(self, baseline: Baseline, space: Space, batch: int) -> str | None:
        if reason := super().unsupported(baseline, space, batch):
            return reason
        channels = space.shape[0]
        return None if channels in (1, 3) else f"{self.name} needs grey or colour images, got {channels} channels"


def blitted(x: Tensor, draws: Tensor, p: Tensor) -> Tensor:
    """Mirror, turn and move images, each with probability ``p``; seven draws."""
    doing = draws[:, :3] < p
    x = images.chosen(doing[:, 0] & (draws[:, 3] < 0.5), x.flip(-1), x)
    if x.shape[2] == x.shape[3]:
        x = images.turned(x, images.whole(draws[:, 4], 0, 3) * doing[:, 1])
    shifts = [
        ((2 * u - 1) * MOST * size).round() * doing[:, 2]
        for u, size in zip(draws[:, 5:7].unbind(1), x.shape[2:], strict=True)
    ]
    return images.moved_in_mirrors(x, *(shift.long() for shift in shifts))


def coloured(x: Tensor, draws: Tensor, p: Tensor) -> Tensor:
    """Change brightness, contrast, luma, hue and saturation, each with probability ``p``; ten draws."""
    doing, normal = draws[:, :5] < p, torch.special.ndtri(draws.clamp(min=SMALLEST))
    nothing = torch.zeros_like(draws[:, 0])
    brightness = torch.where(doing[:, 0], SPREADS["brightness"] * normal[:, 5], nothing)
    contrast = torch.where(doing[:, 1], SPREADS["contrast"] * normal[:, 6], nothing)
    x = (x + images.column(brightness)) * images.column(contrast.exp2())
    x = images.chosen(doing[:, 2] & (draws[:, 7] < 0.5), x - 2 * images.luma(x), x)
    if x.shape[1] == 1:
        return x
    angle = torch.where(doing[:, 3], (2 * draws[:, 8] - 1) * pi, nothing)
    saturation = torch.where(doing[:, 4], SPREADS["saturation"] * normal[:, 9], nothing)
    x = images.hued(x, angle)
    return images.luma(x) + (x - images.luma(x)) * images.column(saturation.exp2())
