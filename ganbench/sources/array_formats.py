"""The formats of arrays: headers are read when a file is opened, rows block by block; no pickle is ever loaded."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from math import prod
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from safetensors import safe_open

from ganbench.errors import BadInput
from ganbench.sources.archives import grown
from ganbench.sources.arrays import Array, Stored

BLOCK = 1 << 24  # bytes of a block
LONGEST_HEADER = 10_000
IDX_TYPE = 0x08
Open = Callable[[], IO[bytes]]


def npy(open_file: Open, path: Path) -> Stored:
    """Return the array of an npy file or of a member of an npz; raises BadInput for Python objects."""
    with open_file() as file:
        shape, is_fortran, dtype = header(file)
    if dtype.hasobject:
        raise BadInput(f"{path.name}: holds Python objects, which would have to be run; expected numbers")
    grown(prod(shape) * dtype.itemsize, path)

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
    size = max(1, prod(shape[1:]) * dtype.itemsize)
    step = max(1, BLOCK // size)
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
    with zipfile.ZipFile(path) as file:
        members = [info for info in file.infolist() if info.filename.endswith(".npy")]
        grown(sum(info.file_size for info in members), path)
    arrays = {info.filename[:-4]: npy(partial(member, path, info.filename), path) for info in members}
    identity = arrays.get("identity")
    said = "" if identity is None or identity.dtype.kind != "U" or identity.shape != () else text(path)
    return arrays, said


def text(path: Path) -> str:
    with np.load(path, allow_pickle=False) as file:
        return str(file["identity"])


def member(path: Path, name: str) -> IO[bytes]:
    """Open a member of a zip file; closing it closes the archive's file too."""
    archive = zipfile.ZipFile(path)
    opened = archive.open(name)
    archive.close()  # the member keeps the file open as long as it needs it
    return opened


def safetensors(path: Path) -> tuple[dict[str, Stored], str]:
    """Return the tensors of a safetensors file, and its metadata under ``features``."""
    with safe_open(path, "np") as file:
        shapes = {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
        identity = (file.metadata() or {}).get("features", "")
        kinds = {key: file.get_slice(key)[:0].dtype if shape else np.dtype(float) for key, shape in shapes.items()}
    return {
        key: Stored(shape, kinds[key], partial(slices, path, key, shape, kinds[key])) for key, shape in shapes.items()
    }, identity


def slices(path: Path, key: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Iterator[Array]:
    """Yield a tensor's rows."""
    step = max(1, BLOCK // max(1, prod(shape[1:]) * dtype.itemsize))
    with safe_open(path, "np") as file:
        found = file.get_slice(key)
        for start in range(0, shape[0], step):
            yield found[start : min(start + step, shape[0])]


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
    grown(prod(shape), path)

    def blocks() -> Iterator[Array]:
        with open_file() as file:
            exactly(file, start)
            yield from in_blocks(file, shape, np.dtype(np.uint8))

    return Stored(shape, np.dtype(np.uint8), blocks)
