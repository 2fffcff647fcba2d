"""A set of samples with what metrics derive from it: features, posteriors, the images themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ganbench.cloud import Cloud
from ganbench.errors import BadInput
from ganbench.external.pieces import coloured
from ganbench.metrics.features import Features
from ganbench.sources.base import Picture, Source, natural
from ganbench.sources.decode import quietly

MOST_IMAGE_BYTES = 1 << 30  # of images held at once, for metrics that compare images as images


@dataclass(frozen=True)
class Side:
    """A cloud with its source, and what metrics derive from it."""

    source: Source
    cloud: Cloud
    role: str

    @property
    def n(self) -> int | None:
        """How many samples there are; None where only their mean and covariance are known."""
        return None if self.source.kind == "moments" else len(self.cloud)

    @cached_property
    def features(self) -> Features:
        return Features(self.cloud.values, self.role)

    @property
    def posteriors(self) -> Tensor:
        if self.cloud.posteriors is None:
            raise BadInput("these features know no classes")
        return self.cloud.posteriors

    @cached_property
    def images(self) -> Tensor:
        """All images (n, c, h, w) in [-1, 1], read again; raises BadInput where they are too many or differ in size."""
        sizes = self.cloud.sizes
        if self.cloud.channels == 0 or len(sizes) != 1:
            raise BadInput(f"{self.role}: expected images of one size")
        (height, width), n = next(iter(sizes.items()))
        if 4 * n * self.cloud.channels * height * width > MOST_IMAGE_BYTES:
            raise BadInput(f"{self.role}: {n} images of {width} by {height} are more than this metric holds at once")
        with quietly():
            found = [each for each in self.source.scan() if isinstance(each, Picture)]
        found.sort(key=lambda each: natural(each.name))
        pixels = np.stack([coloured(each.pixels, self.cloud.channels) for each in found])
        return torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)

    def part(self, keep: Tensor) -> Side:
        """Return some of the samples, as positions."""
        cloud = self.cloud
        chosen = replace(
            cloud,
            values=cloud.values[keep],
            posteriors=None if cloud.posteriors is None else cloud.posteriors[keep],
            labels=None if cloud.labels is None else cloud.labels[keep],
        )
        side = Side(self.source, chosen, self.role)
        if "images" in self.__dict__:
            side.__dict__["images"] = self.images[keep]
        return side
