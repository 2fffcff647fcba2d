"""Samples that are in memory already: arrays, tensors, Pillow's images, and lists and torch Datasets of these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from hashlib import blake2b
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.io.array_files import Array, Stored
from ganbench.io.arrays import CHANNELS, array_source
from ganbench.io.decode import from_pillow, quietly
from ganbench.io.grey_levels import FULL
from ganbench.io.labels import Labelled, labels_digest, labels_of
from ganbench.io.source import LeftOut, Picture, Reading, Scan, Source, Span
from ganbench.io.tensors import as_numpy, fault_of

ROWS = 1024
NO_LABELS: Labelled = (None, "")


def from_memory(values: Any, reading: Reading) -> Source:
    """Return an array, a tensor or a sized collection of images as a source; raises BadInput for anything else.

    Items of a collection are images, or (image, label): arrays and tensors as in files, or Pillow's images.
    """
    if isinstance(values, Source):
        return values
    if not isinstance(values, Image.Image) and (isinstance(values, Tensor) or hasattr(values, "__array__")):
        return from_array("an array in memory", plain(values, "an array in memory"), reading, None)
    if not hasattr(values, "__getitem__") or not hasattr(values, "__len__") or isinstance(values, dict | bytes):
        raise BadInput(f"expected a path, an array, a tensor or a torch Dataset, got {type(values).__name__}")
    return collection(values, reading)


def is_one_set(values: Sequence[Any]) -> bool:
    """Whether a list holds the samples of one set: images, vectors, or pairs of these with a label.

    A list of arrays of more samples, of paths or of lists is one of sets. An array of three axes is an image where its
    first or its last one is of channels; rows of grey images do not look so but where they are square.
    """
    return bool(values) and all(is_sample(each, len(values) > 1) for each in values)


def is_sample(value: Any, is_among_others: bool) -> bool:
    """Whether a value is a single image or vector, with its label or without."""
    if isinstance(value, tuple):
        return len(value) > 0 and is_sample(value[0], is_among_others)
    if isinstance(value, Image.Image):
        return True
    shape = getattr(value, "shape", None)
    if not isinstance(shape, tuple) or isinstance(value, str):
        return False
    if len(shape) == 2:
        return str(value.dtype).removeprefix("torch.") in ("uint8", "bool")  # else rows of features
    if len(shape) != 3:
        return len(shape) == 1
    is_last = shape[2] in CHANNELS and shape[1] != shape[2]
    return is_last or (is_among_others and shape[0] in CHANNELS)


def plain(values: Any, name: str) -> Array:
    """Return an array or a tensor of any device as one of numpy's; raises BadInput for what numpy cannot hold."""
    if isinstance(values, Tensor):
        if fault := fault_of(values):
            raise BadInput(f"{name} {fault}")
        return as_numpy(values)
    array = np.asarray(values)
    return array.astype(np.float32) if array.dtype.name in ("float16", "bfloat16") else array


def from_array(name: str, values: Array, reading: Reading, labels: Any) -> Source:
    """Return an array as a source, with labels in any of the usual forms or None."""
    labelled = NO_LABELS if labels is None else labels_of(labels, len(values) if values.ndim else 0)
    return labelled_array(name, values, reading, labelled)


def labelled_array(name: str, values: Array, reading: Reading, labelled: Labelled) -> Source:
    """Return an array and its labels, or why it has none, as a source."""

    def blocks() -> Iterator[Array]:
        for start in range(0, len(values), ROWS):
            yield values[start : start + ROWS]

    def digest() -> str:
        whole = blake2b(f"{values.shape} {values.dtype.str}".encode(), digest_size=16)
        for block in blocks():
            whole.update(np.ascontiguousarray(block).tobytes())
        return whole.hexdigest()

    return array_source(name, Stored(values.shape, values.dtype, blocks), digest, reading, labelled)


def collection(items: Any, reading: Reading) -> Source:
    """Return a collection of images, or of pairs of one with its label, as a source."""
    name = f"a {type(items).__name__}"
    samples, labels = parted(items)
    labelled = NO_LABELS
    if labels and len(labels) == len(samples) and all(label is not None for label in labels):
        labelled = labels_together(labels)
        check_classes(name, items, labelled)
    if all(isinstance(each, Image.Image) for each in samples) and samples:
        return of_pictures(name, samples, reading, labelled)
    arrays = [as_array(each, index) for index, each in enumerate(samples)]
    if not arrays or len({(array.shape, array.dtype) for array in arrays}) > 1:
        kinds = sorted({f"{array.shape} {array.dtype}" for array in arrays})
        raise BadInput(f"expected one or more images of one shape and type, got {', '.join(kinds[:4]) or 'none'}")
    return labelled_array(name, np.stack(arrays), reading, labelled)


def parted(items: Any) -> tuple[list[Any], list[Any]]:
    """Return the samples of a collection, and their labels where they have any."""
    samples, labels = [], []
    for index in range(len(items)):
        item = items[index]
        if isinstance(item, tuple | list) and item and not isinstance(item[0], int | float):
            labels += [item[1]] if len(item) > 1 else []
            item = item[0]
        samples.append(item)
    return samples, labels


def labels_together(labels: list[Any]) -> Labelled:
    """Return the labels of single samples as those of all."""
    try:
        arrays = [np.asarray(label.detach().cpu() if isinstance(label, Tensor) else label) for label in labels]
    except ValueError:
        return None, f"expected {len(labels)} whole numbers or one-hot rows, got lists of unequal length"
    if len({array.shape for array in arrays}) > 1:
        return None, f"expected {len(labels)} labels of one shape, got {arrays[0].shape} and others"
    return labels_of(np.stack(arrays), len(labels))


def check_classes(name: str, items: Any, labelled: Labelled) -> None:
    """Raise BadInput where a Dataset that lists its classes has labels that are none of them."""
    classes, labels = getattr(items, "classes", None), labelled[0]
    if labels is None or not isinstance(classes, list | tuple) or not classes:
        return
    for index in np.flatnonzero((labels < 0) | (labels >= len(classes)))[:1].tolist():
        given = f"item {index} has the label {labels[index]}"
        raise BadInput(f"{name}: {given}; expected 0 to {len(classes) - 1}, as it has {len(classes)} classes")


def of_pictures(name: str, images: Sequence[Image.Image], reading: Reading, labelled: Labelled) -> Source:
    """Return Pillow's images as a source, by the rule for files; each is decoded once, and held with its own size."""

    def decoded(white: float = FULL) -> list[Picture | LeftOut]:
        with quietly():
            return [one_picture(str(index), image, reading.span, white) for index, image in enumerate(images)]

    def again(span: Span) -> Scan:
        return partial(iter, decoded(span[1]))

    pictures = decoded()

    def digest() -> str:
        whole = blake2b(labels_digest(labelled[0]).encode(), digest_size=16)
        for each in pictures:
            if isinstance(each, Picture):
                whole.update(f"{each.pixels.shape} {each.span}".encode() + each.pixels.tobytes())
            else:
                whole.update(each.reason.encode())
        return whole.hexdigest()

    return Source(
        name,
        "images",
        digest,
        partial(iter, pictures),
        labels=labelled[0],
        unused_labels=labelled[1],
        span=reading.span,
        respan=None if reading.span else again,
        count=len(pictures),
    )


def one_picture(name: str, image: Image.Image, span: Span | None, white: float) -> Picture | LeftOut:
    """Return an image as a picture, or why it is none."""
    try:
        return from_pillow(name, image, span, white)
    except BadInput as error:
        return LeftOut(name, str(error).partition(": ")[2] or str(error), broken=True)


def as_array(item: Any, index: int) -> Array:
    """Return one image, or one vector, as an array."""
    if isinstance(item, Image.Image):
        raise BadInput(f"item {index}: expected an array like the others, got one of Pillow's images")
    if isinstance(item, Tensor) or hasattr(item, "__array__"):
        return plain(item, f"item {index}")
    raise BadInput(f"item {index}: expected an image, got {type(item).__name__}")
