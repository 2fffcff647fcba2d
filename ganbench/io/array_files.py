"""Arrays in files of numpy and of MNIST, read block by block: headers when a file is opened, rows when a pass is made.

No pickle is ever loaded.
"""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from ganbench.errors import BadInput
from ganbench.io.archive import refuse_bomb

BLOCK = 1 << 24  # bytes of a block
LONGEST_HEADER = 10_000
IDX_TYPE = 0x08
OBJECTS = "holds Python objects, which would have to be run; expected numbers"
Open = Callable[[], IO[bytes]]
Array = NDArray[Any]


@dataclass(frozen=True)
class Stored:
    """An array somewhere: its shape and type, a pass over it in blocks of rows, and why it cannot be read, if so."""

    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    blocks: Callable[[], Iterator[Array]]
    fault: str = ""

    def whole(self) -> Array:
        """Return a small array at once."""
        return np.concatenate([np.atleast_1d(block) for block in self.blocks()])


def rows_of_a_block(shape: tuple[int, ...], size: int) -> int:
    """Return how many rows a block takes, of values of that many bytes."""
    return max(1, BLOCK // max(1, prod(shape[1:]) * size))


def npy(open_file: Open, path: Path) -> Stored:
    """Return the array of an npy file or of a member of an npz."""
    with open_file() as file:
        shape, is_fortran, dtype = header(file)
    if dtype.hasobject:
        return Stored(shape, dtype, lambda: iter(()), OBJECTS)
    refuse_bomb(prod(shape) * dtype.itemsize, path)

    def blocks() -> Iterator[Array]:
        with open_file() as file:
            header(file)
            if is_fortran:  # its rows lie apart
                yield np.frombuffer(exactly(file, prod(shape) * dtype.itemsize), dtype).reshape(shape, order="F")
                return
            yield from in_blocks(file, shape, dtype)

    return Stored(shape, dtype, blocks)


def header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read an npy header: shape, whether columns come first, type."""
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise ValueError(f"npy format {version}")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(file, max_header_size=LONGEST_HEADER)


def in_blocks(file: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Iterator[Array]:
    """Yield an array's rows from where the file stands."""
    size, step = max(1, prod(shape[1:]) * dtype.itemsize), rows_of_a_block(shape, dtype.itemsize)
    for start in range(0, shape[0] if shape else 0, step):
        count = min(step, shape[0] - start)
        yield np.frombuffer(exactly(file, count * size), dtype).reshape(count, *shape[1:])


def exactly(file: IO[bytes], size: int) -> bytes:
    """Read that many bytes, or raise EOFError."""
    content = file.read(size)
    if len(content) != size:
        raise EOFError(f"{size - len(content)} bytes are missing")
    return content


def npz(path: Path) -> tuple[dict[str, Stored], str]:
    """Return the arrays of an npz file and the text under ``identity``."""
    with path.open("rb") as raw, zipfile.ZipFile(raw) as file:
        members = [info for info in file.infolist() if info.filename.endswith(".npy")]
        refuse_bomb(sum(info.file_size for info in members), path)
    arrays = {info.filename[:-4]: npy(partial(npz_member, path, info.filename), path) for info in members}
    identity = arrays.get("identity")
    said = "" if identity is None or identity.dtype.kind != "U" or identity.shape != () else npz_identity(path)
    return arrays, said


def npz_identity(path: Path) -> str:
    with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
        return str(file["identity"])


def npz_member(path: Path, name: str) -> IO[bytes]:
    """Open a member of a zip file; closing it closes the archive's file too."""
    archive = zipfile.ZipFile(path if isinstance(path, Path) else path.open("rb"))  # of a path it closes the file too
    opened = archive.open(name)
    archive.close()  # the member keeps the file open as long as it needs it
    return opened


def idx(path: Path) -> Stored:
    """Return the bytes of an IDX file, packed or not, as MNIST comes; raises BadInput for another type."""

    def open_file() -> IO[bytes]:
        return cast("IO[bytes]", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")

    with open_file() as file:
        head = exactly(file, 4)
        if head[:2] != b"\0\0" or head[2] != IDX_TYPE or not 1 <= head[3] <= 4:
            raise BadInput(f"{path.name}: expected an IDX file of bytes")
        start = 4 + 4 * head[3]
        shape = tuple(int(side) for side in np.frombuffer(exactly(file, start - 4), ">u4"))
    refuse_bomb(prod(shape), path)

    def blocks() -> Iterator[Array]:
        with open_file() as file:
            exactly(file, start)
            yield from in_blocks(file, shape, np.dtype(np.uint8))

    return Stored(shape, np.dtype(np.uint8), blocks)
