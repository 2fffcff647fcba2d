"""What a data set is: a space, sources of examples that never overlap, and the modes where they are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Space:
    """Where examples live: ``shape`` of one example, number of ``classes`` (0: unlabelled), value range."""

    shape: tuple[int, ...]
    classes: int
    low: float
    high: float

    @property
    def is_image(self) -> bool:
        """Whether an example is a (channels, height, width) image rather than a point."""
        return len(self.shape) == 3


@dataclass(frozen=True)
class Modes:
    """The components of a mixture whose law is known: ``centres`` (K, d) and one standard deviation."""

    centres: Tensor
    sd: float


class Source(Protocol):
    """Something that examples can be drawn from.

    Drawing happens in two moves, so that a seed's draws are made on the CPU by its own stream
    while the examples are made on the device, inside the traced step: tickets say which, examples are what.
    """

    size: int | None  # None: streamed, every draw is new

    def tickets(self, n: int, stream: torch.Generator) -> Tensors:
        """``n`` random choices as small CPU tensors, each with leading axis ``n``."""

    def distinct(self, n: int, stream: torch.Generator) -> Tensors:
        """``n`` tickets of different examples in random order; raises BadInput where a finite source has fewer."""

    def examples(self, tickets: Tensors) -> tuple[Tensor, Tensor]:
        """``(x, y)`` for tickets with any leading axes: x (..., *shape) float32, y (...) int64."""

    def to(self, device: torch.device) -> Source:
        """Return the same source with its constants on ``device``."""


@dataclass(frozen=True)
class Dataset:
    """A named source of labelled examples, split by a fixed rule.

    ``train`` is what players see; ``held_out`` is the reference that samples are scored against;
    ``control`` is real data in neither, for the row that shows what a perfect generator would score.
    """

    name: str
    space: Space
    train: Source
    held_out: Source
    control: Source
    split: str  # the rule, in words; recorded with every score
    features: str  # the extractor that looks at it unless another is asked for
    latent: int = 2  # a sensible size of the noise vector for a generator of such data
    modes: Modes | None = None


Factory = Callable[[], Dataset]
