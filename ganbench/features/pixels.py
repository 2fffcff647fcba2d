"""The examples themselves as features: coordinates of points, or raw pixels."""

from __future__ import annotations

from torch import Tensor

from ganbench.dataset import Space
from ganbench.features.base import Extracted, checked


class Flattened:
    """The values of an example in one row; for points or for images, so that a name says which was compared."""

    def __init__(self, name: str, images: bool) -> None:
        self.name, self.images = name, images
        self.identity = {"name": name, "values": "flattened, unscaled"}

    def accepts(self, space: Space) -> bool:
        """Points or images, whichever this extractor is for."""
        return space.is_image == self.images

    def __call__(self, x: Tensor) -> Extracted:
        """Return ``x`` (n, *shape) as (n, d); raises BadInput for values that are not finite."""
        return Extracted(checked(x, None, self.name).flatten(1))


def identity() -> Flattened:
    """Return the extractor for points."""
    return Flattened("identity", images=False)


def pixels() -> Flattened:
    """Return the extractor of raw pixels."""
    return Flattened("pixels", images=True)
