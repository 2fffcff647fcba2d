"""Decoded examples in a file of the cache, which is mapped into memory instead of read.

Images go into the file one by one, and come out of it page by page as they are drawn: neither takes more memory than
there is, however many there are.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ganbench._util.files import cache_folder, written_whole

FORMAT = 2  # of the files; goes up whenever the same examples are written otherwise
PARTS = ("train", "held_out", "control")


@dataclass(frozen=True)
class Decoded:
    """All examples of a source: ``x`` uint8 images (n, c, h, w) or float32 vectors (n, d), part after part."""

    x: Tensor
    sizes: tuple[int, ...]  # of the parts
    y: Tensor  # (n,) int64; zeros where there are no classes
    classes: int
    digest: str
    skipped: int = 0

    def parts(self) -> Iterator[tuple[str, Tensor, Tensor]]:
        """Yield the name, the examples and the classes of each part: views, which copy nothing."""
        start = 0
        for name, size in zip(PARTS, self.sizes, strict=True):
            yield name, self.x[start : start + size], self.y[start : start + size]
            start += size


@lru_cache(maxsize=2)
def remembered(name: str, digest: str) -> Decoded | None:
    """Return what was decoded before under a digest; nothing where there is no whole file of it."""
    try:
        path = cache_file(digest)
        with safe_open(path, "pt") as file:  # which checks that the file is whole
            classes, skipped, *sizes = file.get_tensor("facts").tolist()
            y, shape = file.get_tensor("y"), file.get_slice("x").get_shape()
        return Decoded(mapped(path, shape), tuple(sizes), y, classes, digest, skipped)
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError):
        return None


def mapped(path: Path, shape: Sequence[int]) -> Tensor:
    """Return the examples ``x`` of a file, of which a page is read when it is first used; nothing writes to them."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        start = 8 + length + json.loads(file.read(length))["x"]["data_offsets"][0]
    dtype = torch.uint8 if len(shape) == 4 else torch.float32
    whole = torch.from_file(str(path), shared=False, size=path.stat().st_size, dtype=torch.uint8)
    count = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    return whole[start : start + count].view(dtype).reshape(list(shape))


def cache_file(digest: str) -> Path:
    """Return the file of the cache that holds what was decoded under a digest."""
    return cache_folder().parent / "datasets" / f"{digest}.{FORMAT}.safetensors"


def by_part(parts: Sequence[int]) -> tuple[NDArray[np.int64], tuple[int, ...]]:
    """Return the order of examples part by part, as they came within each, and the sizes of the parts."""
    array = np.asarray(parts, np.int64)
    return np.argsort(array, kind="stable"), tuple(np.bincount(array, minlength=len(PARTS)).tolist())


def facts_of(classes: int, skipped: int, sizes: Sequence[int]) -> Tensor:
    """Return what a file says beside its examples."""
    return torch.tensor([classes, skipped, *sizes])


def keep_rows(rows: NDArray[np.float32], parts: Sequence[int], y: Tensor, classes: int, digest: str) -> Decoded:
    """Return vectors in the order of their parts; they are kept where they can be."""
    order, sizes = by_part(parts)
    known = Decoded(torch.from_numpy(rows[order]), sizes, y[torch.from_numpy(order)], classes, digest)
    try:
        with written_whole(cache_file(digest)) as path:
            save_file({"x": known.x, "y": known.y, "facts": facts_of(classes, 0, sizes)}, path)
    except OSError:  # a full or read-only place: decoding again is only slower
        pass
    remembered.cache_clear()
    return known


class Images:
    """Images while they are decoded: each part goes into a file of its own, and all into one at the end.

    Parameters
    ----------
    files
        One for each part, open for reading and writing.
    """

    def __init__(self, files: Sequence[IO[bytes]]) -> None:
        self.files, self.parts = files, list[int]()
        self.shape: tuple[int, ...] = ()  # of an image (h, w, c)

    def add(self, pixels: NDArray[np.uint8], part: int) -> None:
        """Add an image (h, w, c) to a part."""
        self.shape = pixels.shape
        self.files[part].write(np.ascontiguousarray(pixels.transpose(2, 0, 1)).tobytes())
        self.parts.append(part)

    def keep(self, y: Tensor, classes: int, digest: str, skipped: int) -> Decoded:
        """Write all images into the cache and return them as they lie there; raises OSError where that cannot be."""
        order, sizes = by_part(self.parts)
        height, width, channels = self.shape
        shape = [len(self.parts), channels, height, width]
        small = {"y": y[torch.from_numpy(order)], "facts": facts_of(classes, skipped, sizes)}
        with written_whole(cache_file(digest)) as path, path.open("wb") as file:
            file.write(header(small, shape))
            for tensor in small.values():
                file.write(tensor.numpy().tobytes())
            for part in self.files:
                part.seek(0)
                shutil.copyfileobj(part, file, 1 << 20)
        remembered.cache_clear()
        if known := remembered("", digest):
            return known
        raise OSError("what was written into the cache cannot be read")

    def in_memory(self, y: Tensor, classes: int, digest: str, skipped: int) -> Decoded:
        """Return all images, which are nowhere but in memory."""
        order, sizes = by_part(self.parts)
        height, width, channels = self.shape
        content = bytearray()
        for part in self.files:
            part.seek(0)
            content += part.read()
        x = torch.frombuffer(content, dtype=torch.uint8).reshape(-1, channels, height, width)
        return Decoded(x, sizes, y[torch.from_numpy(order)], classes, digest, skipped)


def header(small: dict[str, Tensor], images: Sequence[int]) -> bytes:
    """Return the beginning of a file of safetensors: whole numbers of 64 bits, then images ``x`` of that shape."""
    table: dict[str, Any] = {}
    place = 0
    for name, tensor in small.items():
        table[name] = {"dtype": "I64", "shape": list(tensor.shape), "data_offsets": [place, place + tensor.nbytes]}
        place += tensor.nbytes
    count = int(np.prod(images, dtype=np.int64))
    table["x"] = {"dtype": "U8", "shape": list(images), "data_offsets": [place, place + count]}
    text = json.dumps(table).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


@contextmanager
def images_on_disk() -> Iterator[Images]:
    """Yield images whose files lie in the cache until they are kept; raises OSError where they cannot."""
    place = cache_file("").parent
    place.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".decoding-", dir=place) as folder, ExitStack() as files:
        yield Images([files.enter_context((Path(folder) / part).open("w+b")) for part in PARTS])


def images_in_memory() -> Images:
    """Return images for which there is no disk."""
    return Images([BytesIO() for _ in PARTS])
