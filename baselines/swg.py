"""Sliced Wasserstein generator: no discriminator; samples match the data on lines in random directions."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from torch import Tensor, nn
from torch.nn.functional import normalize

from ganbench.baseline import Baseline, Batch, Draw, Net, normal
from ganbench.dataset import Space
from ganbench.nets import generator


@dataclass(frozen=True)
class SlicedWassersteinGenerator(Baseline):
    """Deshpande et al., 2018, section 3.1: on each line both batches are sorted, and the squared differences averaged.

    ``projections`` is the number of directions for each example of a batch, drawn anew in every step; the paper takes
    10 000 in all. This is its form on the data themselves; the other, on a discriminator's features, is left out.
    """

    projections: int = 4
    d_steps: int = 0
    lr: float | tuple[float, float] = 1e-3

    paper = (
        "Deshpande, Zhang & Schwing, Generative Modeling using the Sliced Wasserstein Distance, 2018. arXiv:1803.11188"
    )
    claim = "Sorting along random lines needs no adversary: training is stable and robust to its parameters."

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.projections >= 1, "projections", "at least 1")
        self.require(self.d_steps == 0, "d_steps", "0: there is no discriminator")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        return generator(self.latent, space), nn.Identity()

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": normal(self.latent), "directions": normal(self.projections, prod(space.shape))}

    def sampling_noise(self, space: Space) -> dict[str, Draw]:
        return {"z": normal(self.latent)}

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return the squared sliced 2-Wasserstein distance between two batches."""
        directions = normalize(b.directions.flatten(0, 1)).T
        real, fake = ((x.flatten(1) @ directions).sort(0).values for x in (b.x, G(b.z)))
        return (real - fake).square().mean()
