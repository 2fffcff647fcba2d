"""What metrics look at: examples, what an extractor makes of them, and which examples are taken."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from ganbench.dataset import Source, Space
from ganbench.errors import BadInput
from ganbench.features.base import Extracted, Extractor
from ganbench.metrics.features import Features
from ganbench.streams import stream


@dataclass(frozen=True)
class Look:
    """Examples and what an extractor makes of them when it is first asked."""

    name: str
    x: Tensor
    y: Tensor | None  # None: not asked to be of a class
    extractor: Extractor

    @cached_property
    def extracted(self) -> Extracted:
        return self.extractor(self.x)

    @cached_property
    def features(self) -> Features:
        return Features(self.extracted.values, self.name)

    @property
    def posteriors(self) -> Tensor:
        if self.extracted.posteriors is None:
            raise BadInput(f"features {self.extractor.name} know no classes, so there are no posteriors")
        return self.extracted.posteriors


def asked_for(fake: Look) -> Tensor:
    """Return the classes that samples were asked to be of."""
    if fake.y is None:
        raise BadInput("undefined: these samples were not asked to be of a class")
    return fake.y


def in_levels(x: Tensor, space: Space) -> Tensor:
    """Round images to the nearest of 256 levels from the lowest to the highest value."""
    step = 255 / (space.high - space.low)
    return ((x - space.low) * step).round().clamp(0, 255) / step + space.low


def drawn(source: Source, n: int, name: str) -> tuple[Tensor, Tensor]:
    """Return ``n`` different examples, or all where there are no more, in the same order on every machine."""
    count = n if source.size is None else min(n, source.size)
    return source.examples(source.distinct(count, stream(0, name)))
