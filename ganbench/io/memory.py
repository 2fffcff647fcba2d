"""Samples that are in memory already: arrays, tensors, and torch Datasets of images with or without labels."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.io.arrays import Array, Stored, array_source
from ganbench.io.source import Reading, Source

ROWS = 1024


def from_memory(values: Any, reading: Reading) -> Source:
    """Return an array, a tensor or a sized collection of images as a source; raises BadInput for anything else.

    Items of a collection are images, or (image, label): arrays and tensors as in files, or Pillow's images.
    """
    if isinstance(values, Source):
        return values
    if isinstance(values, Tensor):
        values = values.detach().cpu()
        values = (values.float() if values.is_floating_point() and values.element_size() < 4 else values).numpy()
    if isinstance(values, np.ndarray):
        return from_array("an array in memory", values, reading, None)
    if not hasattr(values, "__getitem__") or not hasattr(values, "__len__") or isinstance(values, dict | bytes):
        raise BadInput(f"expected a path, an array, a tensor or a torch Dataset, got {type(values).__name__}")
    images, labels = gathered(values)
    return from_array(f"a {type(values).__name__}", images, reading, labels)


def from_array(name: str, values: Array, reading: Reading, labels: Array | None) -> Source:
    """Return an array as a source."""

    def blocks() -> Iterator[Array]:
        for start in range(0, len(values), ROWS):
            yield values[start : start + ROWS]

    def digest() -> str:
        whole = blake2b(f"{values.shape} {values.dtype.str}".encode(), digest_size=16)
        for block in blocks():
            whole.update(np.ascontiguousarray(block).tobytes())
        return whole.hexdigest()

    return array_source(name, Stored(values.shape, values.dtype, blocks), digest, reading, labels)


def gathered(items: Any) -> tuple[Array, Array | None]:
    """Return the images of a collection as one array, and their labels where every item has one."""
    images: list[Array] = []
    labels: list[int] = []
    for index in range(len(items)):
        item = items[index]
        if isinstance(item, tuple | list) and len(item) == 2 and np.ndim(item[1]) == 0:
            item, label = item
            labels.append(int(label))
        images.append(as_array(item, index))
    if not images or len({(image.shape, image.dtype) for image in images}) > 1:
        kinds = sorted({f"{image.shape} {image.dtype}" for image in images})
        raise BadInput(f"expected one or more images of one shape and type, got {', '.join(kinds[:4]) or 'none'}")
    return np.stack(images), np.array(labels) if len(labels) == len(images) else None


def as_array(item: Any, index: int) -> Array:
    """Return one image as an array."""
    if isinstance(item, Image.Image):
        return np.asarray(item if item.mode in ("L", "RGB", "RGBA") else item.convert("RGB"))
    if isinstance(item, Tensor):
        return item.detach().cpu().numpy()
    if isinstance(item, np.ndarray):
        return item
    raise BadInput(f"item {index}: expected an image, got {type(item).__name__}")
