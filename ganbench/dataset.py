"""What a data set is: a space, sources of examples that never overlap, and the modes where they are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from ganbench.errors import BadInput

Tensors = dict[str, Tensor]
NetworkKind = Literal["auto", "mlp", "maxout", "dcgan", "resnet", "r3gan"]


@dataclass(frozen=True)
class Architecture:
    """Which shared networks are made for a space, where the baseline has none of its own.

    Parameters
    ----------
    kind
        "mlp", "maxout", "dcgan", "resnet" or "r3gan"; "auto": perceptrons for points and images of up to 16 pixels a
        side, otherwise convolutions.
    width
        Units of a hidden layer, or channels next to the image; 0: the kind's own.
    depth
        Hidden layers, or how often an image is halved; 0: the kind's own.
    """

    kind: NetworkKind = "auto"
    width: int = 0
    depth: int = 0


@dataclass(frozen=True)
class Space:
    """Where examples live.

    Parameters
    ----------
    shape
        Of one example: (d,) for points, (channels, height, width) for images.
    classes
        Number of labels; 0 where examples have none.
    low, high
        Range of the values.
    networks
        Which shared networks are made for such examples; a baseline's settings choose them.

    Examples
    --------
    >>> Space(shape=(1, 8, 8), classes=10, low=-1.0, high=1.0).is_image
    True
    """

    shape: tuple[int, ...]
    classes: int
    low: float
    high: float
    networks: Architecture = Architecture()

    @property
    def is_image(self) -> bool:
        """Whether an example is a (channels, height, width) image rather than a point."""
        return len(self.shape) == 3


@dataclass(frozen=True)
class Modes:
    """The components of a mixture whose distribution is known: ``centres`` (K, d) and one standard deviation."""

    centres: Tensor
    sd: float


class Source(Protocol):
    """Something that examples can be drawn from.

    Drawing has two steps: indices say which examples, drawn on the CPU by a seed's own stream; the examples are then
    made on the device, inside the traced update.
    """

    @property
    def size(self) -> int | None:
        """How many examples there are; None: streamed, every draw is new."""

    def indices(self, n: int, stream: torch.Generator) -> Tensors:
        """``n`` random choices as small CPU tensors, each with leading axis ``n``."""

    def distinct(self, n: int, stream: torch.Generator) -> Tensors:
        """Indices of ``n`` different examples in random order; raises BadInput where a finite source has fewer."""

    def examples(self, indices: Tensors) -> tuple[Tensor, Tensor]:
        """``(x, y)`` for indices with any leading axes: x (..., *shape) float32, y (...) int64."""

    def to(self, device: torch.device) -> Source:
        """Return the same source with its constants on ``device``."""


@dataclass(frozen=True)
class Dataset:
    """A named source of labelled examples, split by a fixed rule.

    Parameters
    ----------
    name
        As in records and tables.
    space
        Shape, classes and range of an example.
    train
        What baselines are trained on.
    held_out
        The reference that samples are scored against.
    control
        Real data in neither, which show what a perfect generator would score.
    split
        The rule of the split, in words; recorded with every score.
    features
        Name of the extractor that is used unless another is asked for.
    latent
        A sensible length of the noise vector for a generator of such data.
    modes
        The components of a mixture whose distribution is known.
    version
        Raised when an example or the split changes; part of a record's key.
    reference
        Name of the random stream that chooses the reference among the held-out examples.
    """

    name: str
    space: Space
    train: Source
    held_out: Source
    control: Source
    split: str
    features: str
    latent: int = 2
    modes: Modes | None = None
    version: int = 1
    reference: str = "reference"

    def __post_init__(self) -> None:
        for part in ("train", "held_out", "control"):
            check_labels(f"{self.name}, {part}", getattr(getattr(self, part), "y", None), self.space.classes)


def check_labels(where: str, labels: object, classes: int) -> None:
    """Raise BadInput for a label that is none of the classes; without classes there are no labels to check."""
    if not isinstance(labels, Tensor) or not classes:
        return
    bad = ((labels < 0) | (labels >= classes)).nonzero()[:1].flatten().tolist()
    if bad:
        raise BadInput(f"{where}: example {bad[0]} has the label {int(labels[bad[0]])}; expected 0 to {classes - 1}")


Factory = Callable[[], Dataset]
