"""Augmentation of whatever the discriminator is asked about: the data and the samples, for both losses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from ganbench._util.names import check_names
from ganbench.baseline import Batch, Draw, Net, uniform
from ganbench.dataset import Space
from ganbench.regularisers import images
from ganbench.regularisers.regulariser import Around, Loss, Regulariser

CALLS = 4  # of the discriminator within one loss that have draws of their own; further ones share them in turn


@dataclass(frozen=True)
class Augmenting(Regulariser):
    """The discriminator sees images through a random transformation, which the generator's gradient runs through."""

    images: ClassVar[bool] = True
    transforms: ClassVar[bool] = True
    numbers: ClassVar[int] = 0  # that are drawn for each image

    def noise(self, space: Space) -> dict[str, Draw]:
        return {f"{self.name}_draws": uniform(CALLS, self.numbers)}

    def discriminator_loss(self, loss: Loss, G: Net, D: Net, b: Batch) -> Tensor:
        return loss(G, Around(D, self.augmenting(b)), b)

    def generator_loss(self, loss: Loss, G: Net, D: Net, b: Batch) -> Tensor:
        return loss(G, Around(D, self.augmenting(b)), b)

    def augmenting(self, b: Batch) -> Callable[..., Tensor]:
        """Return a call of the discriminator on augmented images, with the next draws each time."""
        draws, made = getattr(b, f"{self.name}_draws"), 0

        def call(net: Net, x: Tensor, *others: Tensor) -> Tensor:
            nonlocal made
            chosen = draws[: len(x), made % CALLS]
            made += 1
            return net(self.augmented(x, chosen.to(x.dtype), b), *others)

        return call

    def augmented(self, x: Tensor, draws: Tensor, b: Batch) -> Tensor:
        """Return transformed images from ``numbers`` uniform draws for each."""
        raise NotImplementedError(f"{type(self).__name__} has no augmented")


@dataclass(frozen=True)
class DiffAugment(Augmenting):
    """Real and generated images are transformed alike before the discriminator sees them, in both losses.

    Each call of the discriminator within a loss has its own draws. Zeros come in where an image is moved or cut out:
    mid-grey, as in the authors' code. Numbers are the authors': brightness by up to 0.5, saturation by 0 to 2,
    contrast by 0.5 to 1.5, translation by up to an eighth (rounded, as in their code since 2020), and a hole of half
    of each side, around any pixel. Nothing differs from their code but where the draws come from.

    Parameters
    ----------
    policy
        Of ``color``, ``translation`` and ``cutout``, with commas between, in the order in which they are applied.

    References
    ----------
    Zhao et al., Differentiable Augmentation for Data-Efficient GAN Training, 2020, equations 4 and 5 and section 3.3.
    arXiv:2006.10738

    Examples
    --------
    >>> import torch
    >>> x, draws = torch.zeros(1, 1, 4, 4), torch.tensor([[0.75, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]])
    >>> DiffAugment("color").augmented(x, draws, Batch({})).unique().tolist()
    [0.25]
    """

    policy: str = "color,translation,cutout"

    name: ClassVar[str] = "diffaug"
    paper: ClassVar[str] = (
        "Zhao et al., Differentiable Augmentation for Data-Efficient GAN Training, 2020. arXiv:2006.10738"
    )
    claim: ClassVar[str] = "Augmenting real and generated images in both losses keeps training stable with few data."
    numbers: ClassVar[int] = 7

    def __post_init__(self) -> None:
        parts = self.policy.split(",")
        check_names(f"part of {self.name}_policy", parts, PARTS)
        self.require(len(set(parts)) == len(parts), "policy", "different parts")

    def augmented(self, x: Tensor, draws: Tensor, b: Batch) -> Tensor:
        for part in self.policy.split(","):
            x = PARTS[part](x, draws)
        return x


def coloured(x: Tensor, draws: Tensor) -> Tensor:
    """Change brightness, saturation and contrast, in this order."""
    x = images.saturated(images.brighter(x, draws[:, 0]), draws[:, 1])
    return images.contrasted(x, draws[:, 2])


PARTS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "color": coloured,
    "translation": lambda x, draws: images.translated(x, draws[:, 3], draws[:, 4]),
    "cutout": lambda x, draws: images.cut_out(x, draws[:, 5], draws[:, 6]),
}
