"""What metrics are given of one set of samples: features, posteriors, labels, images, points, made when asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import fields, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ganbench.dataset import Space
from ganbench.errors import BadInput
from ganbench.features.base import Extracted, Extractor
from ganbench.features.extraction import reordered, with_channels
from ganbench.features.feature_set import Facts, FeatureSet, content_order, digest_of, digest_rows
from ganbench.io.decode import quietly
from ganbench.io.source import Picture, Source, natural
from ganbench.metrics.feature_vectors import Features

MOST_IMAGE_BYTES = 1 << 30  # of images held at once, for metrics that compare images as images


class MetricInputs(ABC):
    """One set of samples as metrics see it. Every part is made when it is first asked for.

    Attributes
    ----------
    role : str
        ``"real"``, ``"fake"`` or ``"train"``: what error messages call the set.
    name : str
        What reports and records call the set.
    n : int or None
        How many samples there are; None where only their mean and covariance are known.
    is_image : bool
        Whether the samples are images; otherwise they are points or features.
    has_posteriors : bool
        Whether the extractor knows classes.
    classes : tuple of str
        The classes that labels are positions in; empty without labels.
    features_name : str
        The extractor, for error messages.
    unused_labels : str
        Why labels that are there cannot be used; empty where there is nothing to say.
    """

    role: str
    name: str
    n: int | None
    is_image: bool
    has_posteriors: bool
    classes: tuple[str, ...]
    features_name: str
    unused_labels: str = ""

    @cached_property
    @abstractmethod
    def extracted(self) -> Extracted:
        """Features (n, d), and posteriors (n, K) where the extractor knows classes."""

    @cached_property
    @abstractmethod
    def images(self) -> Tensor:
        """All images (n, c, h, w) in [-1, 1]."""

    @property
    @abstractmethod
    def points(self) -> Tensor:
        """All points (n, d)."""

    @property
    @abstractmethod
    def labels(self) -> Tensor | None:
        """Labels (n,) int64, or None."""

    @cached_property
    def features(self) -> Features:
        """Features (n, d) with the statistics that metrics share."""
        return Features(self.extracted.values, self.role)

    @property
    def posteriors(self) -> Tensor:
        """Class probabilities (n, K)."""
        posteriors = self.extracted.posteriors
        if posteriors is None:
            raise BadInput(f"features {self.features_name} know no classes")
        return posteriors


class ExampleInputs(MetricInputs):
    """Examples in memory, such as the samples of a run; ``draw`` returns them (n, *shape) with their labels (n,).

    They are scored in the order of their content, as files are, unless ``by_content`` is false.
    """

    def __init__(
        self,
        role: str,
        name: str,
        n: int,
        draw: Callable[[], tuple[Tensor, Tensor | None]],
        space: Space,
        extractor: Extractor,
        *,
        has_posteriors: bool,
        has_labels: bool,
        by_content: bool = True,
    ) -> None:
        self.role, self.name, self.n, self.draw, self.space = role, name, n, draw, space
        self.extractor, self.features_name = extractor, extractor.name
        self.is_image, self.has_posteriors = space.is_image, has_posteriors
        self.classes = tuple(map(str, range(space.classes))) if has_labels else ()
        self.by_content = by_content

    @cached_property
    def examples(self) -> tuple[Tensor, Tensor | None]:
        """The examples and their labels; images are rounded to the 256 levels of a file, so that files score alike."""
        x, y = self.draw()
        x = in_levels(x, self.space) if self.is_image else x
        if not self.by_content:
            return x, y
        order = content_order(digests(x, self.space), y if self.classes else None)
        return x[order], None if y is None else y[order]

    @cached_property
    def extracted(self) -> Extracted:
        return self.extractor(self.examples[0])

    @cached_property
    def images(self) -> Tensor:
        return self.examples[0]

    @property
    def points(self) -> Tensor:
        return self.examples[0]

    @property
    def labels(self) -> Tensor | None:
        return self.examples[1] if self.classes else None


class FileInputs(MetricInputs):
    """A source of samples, such as a folder or an array, and the features that were taken of it."""

    def __init__(self, source: Source, feature_set: FeatureSet, role: str, features_name: str = "given") -> None:
        self.source, self.feature_set, self.role, self.name = source, feature_set, role, source.name
        self.n = None if source.kind == "moments" else len(feature_set)
        self.is_image = bool(feature_set.channels) and source.taken is None
        self.has_posteriors = feature_set.posteriors is not None
        self.classes, self.features_name = feature_set.classes, features_name
        self.unused_labels = source.unused_labels
        self.part_of: tuple[FileInputs, Tensor] | None = None  # a larger set, and the positions in it

    @cached_property
    def extracted(self) -> Extracted:
        return Extracted(self.feature_set.values, self.feature_set.posteriors)

    @cached_property
    def images(self) -> Tensor:
        """All images, read again; raises BadInput where they are too many or differ in size."""
        if self.part_of:
            whole, keep = self.part_of
            return whole.images[keep]
        sizes, channels = self.feature_set.sizes, self.feature_set.channels
        if channels == 0 or len(sizes) != 1:
            raise BadInput(f"{self.role}: expected images of one size")
        (height, width), n = next(iter(sizes.items()))
        if 4 * n * channels * height * width > MOST_IMAGE_BYTES:
            raise BadInput(f"{self.role}: {n} images of {width} by {height} are more than this metric holds at once")
        with quietly():
            pictures = [each for each in self.source.scan() if isinstance(each, Picture)]
        pictures.sort(key=lambda each: natural(each.name))
        pixels = np.stack([with_channels(each.pixels, channels) for each in pictures])
        return torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)

    @property
    def points(self) -> Tensor:
        return self.feature_set.values

    @property
    def labels(self) -> Tensor | None:
        return self.feature_set.labels

    def by_content(self) -> FileInputs:
        """Return the samples in the order in which they are scored, whatever order they came in."""
        return self.part(content_order(self.feature_set.facts.digest, self.feature_set.labels))

    def part(self, keep: Tensor) -> FileInputs:
        """Return some of the samples, as positions."""
        whole = self.feature_set
        some = replace(
            whole,
            values=reordered(whole.values, keep),
            posteriors=None if whole.posteriors is None else whole.posteriors[keep],
            labels=None if whole.labels is None else whole.labels[keep],
            names=tuple(whole.names[i] for i in keep.tolist()),
            facts=Facts(*(getattr(whole.facts, each.name)[keep] for each in fields(Facts))),
        )
        inputs = FileInputs(self.source, some, self.role, self.features_name)
        inputs.part_of = self, keep
        return inputs


def in_levels(x: Tensor, space: Space) -> Tensor:
    """Round images to the nearest of 256 levels from the lowest to the highest value."""
    step = 255 / (space.high - space.low)
    return ((x - space.low) * step).round().clamp(0, 255) / step + space.low


def digests(x: Tensor, space: Space) -> Tensor:
    """Return the digests (n, 2) of examples: those that the same samples have in files."""
    if space.is_image:
        step = 255 / (space.high - space.low)
        x = ((x - space.low) * step).round().to(torch.uint8).permute(0, 2, 3, 1)
    return digest_rows([digest_of(each) for each in x.cpu().numpy()])
