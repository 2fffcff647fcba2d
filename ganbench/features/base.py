"""What an extractor is: it turns examples into feature vectors, and class posteriors where it knows classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from ganbench.dataset import Space
from ganbench.errors import BadInput

BATCH = 256


@dataclass(frozen=True)
class Extracted:
    """``values`` (n, d) float32; ``posteriors`` (n, K) float64 whose rows sum to one, or None."""

    values: Tensor
    posteriors: Tensor | None = None


class Extractor(Protocol):
    """From examples to features; ``identity`` is all that its numbers depend on, for a score's identity."""

    name: str
    identity: dict[str, str]

    def accepts(self, space: Space) -> bool:
        """Whether examples of this space can be used."""

    def __call__(self, x: Tensor) -> Extracted:
        """Extract from examples (n, *shape) on any device; raises BadInput for another shape or values not finite."""


def in_batches(function: Callable[[Tensor], Tensor], x: Tensor, size: int = BATCH) -> Tensor:
    """Apply ``function`` to batches of exactly ``size`` rows, the last one padded with zeros, and join the results.

    Every call does the same arithmetic whatever ``n`` is: a kernel may round differently for another batch size. A
    caller's autocast rounds nothing here.
    """
    with torch.inference_mode(), torch.autocast(x.device.type, enabled=False):
        results = [function(padded(batch, size))[: len(batch)] for batch in torch.split(x, size)]
    return torch.cat(results)


def padded(batch: Tensor, size: int) -> Tensor:
    """Return ``batch`` with rows of zeros below, ``size`` rows in all."""
    missing = size - len(batch)
    return F.pad(batch, (0, 0) * (batch.ndim - 1) + (0, missing)) if missing else batch


def checked(x: Tensor, shape: tuple[int, ...] | None, name: str) -> Tensor:
    """Return ``x`` as float32 unless its rows are not finite examples of ``shape`` (None: any); raises BadInput."""
    if x.ndim < 2 or len(x) == 0 or (shape is not None and tuple(x.shape[1:]) != shape):
        expected = "one or more examples" if shape is None else f"examples of shape {shape}"
        raise BadInput(f"features {name}: expected {expected}, got an array of shape {tuple(x.shape)}")
    bad = (~x.flatten(1).isfinite()).any(1).nonzero().flatten().tolist()
    if bad:
        raise BadInput(f"features {name}: {len(bad)} of {len(x)} examples are not finite (first: {bad[0]})")
    return x.detach().float()
