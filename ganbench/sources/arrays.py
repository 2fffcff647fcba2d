"""Arrays of images or of features: in memory, or in npy, npz, safetensors and IDX files, read block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganbench.errors import BadInput
from ganbench.sources.base import Kind, Picture, Reading, Source
from ganbench.sources.decode import is_grey

CHANNELS = (1, 3, 4)
Array = NDArray[Any]
Span = tuple[float, float]


@dataclass(frozen=True)
class Stored:
    """An array somewhere: its shape and type, and a pass over it in blocks of rows."""

    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    blocks: Callable[[], Iterator[Array]]


def array_source(
    name: str, stored: Stored, digest: Callable[[], str], reading: Reading, labels: Array | None, identity: str = ""
) -> Source:
    """Return an array as a source: (n, d) are features, (n, h, w) grey images, four axes images.

    Raises BadInput for other shapes and types, for values that are not finite and for a range that does not say itself.
    """
    if stored.dtype.kind not in "buif":
        raise BadInput(f"{name}: expected numbers, got an array of {stored.dtype}")
    if 0 in stored.shape or len(stored.shape) not in (2, 3, 4):
        raise BadInput(
            f"{name}: expected features (n, d) or images (n, h, w), (n, h, w, c) or (n, c, h, w), got {stored.shape}"
        )
    kind: Kind = "features" if len(stored.shape) == 2 else "images"
    known = checked_labels(name, labels, stored.shape[0])
    whole = lambda: f"{digest()} {reading} {labels_digest(known)}"  # noqa: E731
    if kind == "features":
        return Source(
            name, kind, whole, rows=partial(rows, name, stored), labels=known, identity=identity, count=stored.shape[0]
        )
    is_last = channels_last(name, stored.shape, reading)
    span = None if stored.dtype == np.uint8 else span_of(name, stored, reading)
    scan = partial(pictures, stored, is_last, span)
    return Source(name, kind, whole, scan, labels=known, count=stored.shape[0])


def labels_digest(labels: NDArray[np.int64] | None) -> str:
    """Return the digest of labels, which may lie in another file than the samples."""
    return "" if labels is None else blake2b(labels.tobytes(), digest_size=16).hexdigest()


def checked_labels(name: str, labels: Array | None, n: int) -> NDArray[np.int64] | None:
    """Return labels as whole numbers; raises BadInput for others, or for another number of them."""
    if labels is None:
        return None
    if labels.dtype.kind not in "ui" or labels.shape != (n,):
        raise BadInput(f"{name}: expected {n} whole numbers as labels, got {labels.dtype} of shape {labels.shape}")
    return labels.astype(np.int64)


def channels_last(name: str, shape: tuple[int, ...], reading: Reading) -> bool:
    """Whether channels are the last axis; raises BadInput where the shape fits neither or both and nothing is said."""
    if len(shape) == 3:
        return True
    fits = {"NHWC": shape[3] in CHANNELS, "NCHW": shape[1] in CHANNELS}
    if reading.layout and fits[reading.layout]:
        return reading.layout == "NHWC"
    if reading.layout or not any(fits.values()):
        raise BadInput(f"{name}: expected 1, 3 or 4 channels as {reading.layout or 'NHWC or NCHW'}, got shape {shape}")
    if all(fits.values()):
        raise BadInput(f"{name}: shape {shape} can be read as NHWC or NCHW; say which with --layout")
    return fits["NHWC"]


def span_of(name: str, stored: Stored, reading: Reading) -> Span:
    """Return the values of black and white: those given, those of the type, or for floats the range that is filled.

    The ranges are [0, 1], [-1, 1] and [0, 255]; raises BadInput for values outside of all of them.
    """
    if reading.span:
        return reading.span
    if stored.dtype.kind == "b":
        return 0.0, 1.0
    if stored.dtype == np.uint16:
        return 0.0, 65535.0
    low, high = extremes(name, stored)
    if low >= 0 and high <= 1 and stored.dtype.kind == "f":
        return 0.0, 1.0
    if low >= -1 and high <= 1 and stored.dtype.kind == "f":
        return -1.0, 1.0
    if low >= 0 and high <= 255:
        return 0.0, 255.0
    raise BadInput(
        f"{name}: values from {low:g} to {high:g} fill none of [0, 1], [-1, 1], [0, 255]; name the range with --span"
    )


def extremes(name: str, stored: Stored) -> Span:
    """Return the smallest and largest value; raises BadInput where one is not finite."""
    found = [(float(block.min()), float(block.max())) for block in stored.blocks()]
    low, high = min(each for each, _ in found), max(each for _, each in found)
    if not np.isfinite([low, high]).all():  # NaN and infinity both reach an extreme of their block
        raise BadInput(f"{name}: holds values that are not finite")
    return low, high


def rows(name: str, stored: Stored) -> Iterator[NDArray[np.floating]]:
    """Yield blocks of features; raises BadInput where one is not finite."""
    start = 0
    for block in stored.blocks():
        values = block.astype(block.dtype if block.dtype in (np.float32, np.float64) else np.float64)
        bad = np.flatnonzero(~np.isfinite(values).all(1))
        if len(bad):
            raise BadInput(f"{name}: row {start + bad[0]} is not finite")
        start += len(block)
        yield values


def pictures(stored: Stored, is_last: bool, span: Span | None) -> Iterator[Picture]:
    """Yield images as uint8 (h, w, 1 or 3)."""
    index = 0
    for block in stored.blocks():
        for image in block:
            yield picture(str(index), image, is_last, span)
            index += 1


def picture(name: str, image: Array, is_last: bool, span: Span | None) -> Picture:
    """Return one image: ``round(255 (v - black) / (white - black))``, clipped; alpha is put on white."""
    shaped = image[..., None] if image.ndim == 2 else image if is_last else np.moveaxis(image, 0, -1)
    notes: list[str] = []
    if span:
        shaped, notes = quantised(name, shaped, span)
    if shaped.shape[2] == 4:
        alpha = shaped[..., 3:].astype(np.uint32)
        shaped = ((shaped[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
        notes.append("transparency put on white")
    if shaped.shape[2] == 3 and is_grey(shaped):
        shaped = shaped[..., :1]
        notes.append("equal channels read as grey")
    return Picture(name, np.ascontiguousarray(shaped), "array", tuple(notes))


def quantised(name: str, values: Array, span: Span) -> tuple[NDArray[np.uint8], list[str]]:
    """Return values between black and white as uint8, and whether any was clipped; raises BadInput if not finite.

    Single precision stays so: then a value halfway between two levels falls as it does inside a run.
    """
    low, high = span
    kept: NDArray[np.floating] = values.astype(np.float32 if values.dtype == np.float32 else np.float64)
    levels = (kept - float(low)) * float(255 / (high - low))
    if not np.isfinite(levels).all():
        raise BadInput(f"image {name} holds values that are not finite")
    notes = [f"[{low:g}, {high:g}] to 0-255, rounded"]
    if levels.min() < -0.5 or levels.max() > 255.5:
        notes.append(CLIPPED)
    return levels.round().clip(0, 255).astype(np.uint8), notes


CLIPPED = "values outside the range clipped"
