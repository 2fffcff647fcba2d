"""The small steps between pictures and a cloud."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganbench.cloud import Cloud, Facts
from ganbench.external.gathered import Gathered
from ganbench.features.base import Extracted
from ganbench.sources.base import Bytes, LeftOut, Picture, Source

WINDOW, WINDOW_BYTES = 512, 1 << 25  # pictures that are looked at together, at most
SPREAD_VALUES = 4096  # of a picture, from which its spread is measured


def given(source: Source) -> Cloud:
    """Return the cloud of features that were made by somebody else."""
    gathered, digests = Gathered(), []
    for block in source.rows():
        digests += [digest_of(row) for row in block]
        gathered.add(torch.from_numpy(block))
    n = len(gathered)
    values = np.frombuffer(b"".join(digests), np.int64).reshape(-1, 2)
    facts = Facts(torch.from_numpy(values.copy()), torch.ones(n), torch.zeros(n, 2, dtype=torch.int32))
    labels = None if source.labels is None else torch.from_numpy(source.labels)
    return Cloud(gathered.whole(), None, *compact(labels), tuple(map(str, range(n))), facts, 0, {"array": n})


def digest_of(values: NDArray[Any]) -> bytes:
    """Return 128 bits of the digest of an array's values, the shape included."""
    return blake2b(
        np.ascontiguousarray(values).tobytes(), digest_size=16, salt=str(values.shape).encode()[:16]
    ).digest()


def compact(labels: Tensor | None) -> tuple[Tensor | None, tuple[str, ...]]:
    """Return labels as positions among those that occur, and these as text."""
    if labels is None:
        return None, ()
    found, places = labels.unique(return_inverse=True)
    return places, tuple(map(str, found.tolist()))


def windows(items: Iterator[Picture | LeftOut]) -> Iterator[list[Picture | LeftOut]]:
    """Cut a pass into lists that fit the memory: WINDOW items, or as many as hold WINDOW_BYTES of pixels."""
    window: list[Picture | LeftOut] = []
    held = 0
    for each in items:
        window.append(each)
        held += each.pixels.size if isinstance(each, Picture) else 0
        if len(window) >= WINDOW or held >= WINDOW_BYTES:
            yield window
            window, held = [], 0
    if window:
        yield window


def joined(parts: Sequence[Extracted], order: Tensor) -> Extracted:
    """Return the rows of all parts in some order."""
    posteriors = [each.posteriors for each in parts if each.posteriors is not None]
    return Extracted(
        torch.cat([each.values for each in parts])[order], torch.cat(posteriors)[order] if posteriors else None
    )


def coloured(pixels: Bytes, channels: int) -> Bytes:
    """Return pixels with that many channels: grey may become colour."""
    return pixels if pixels.shape[2] == channels else np.repeat(pixels, 3, 2)


def spread(pixels: Bytes) -> float:
    """Return the standard deviation of evenly spaced values of a picture, in grey levels."""
    values = pixels.reshape(-1)
    return float(values[:: max(1, len(values) // SPREAD_VALUES)].std())
