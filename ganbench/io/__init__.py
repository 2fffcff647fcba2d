"""Anybody's samples: folders, archives and files of images or features, or what is in memory, opened by one call."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from ganbench.errors import BadInput, Missing
from ganbench.io.archive import TAR, ZIP, open_archive
from ganbench.io.arrays import open_array_file
from ganbench.io.decode import SUFFIXES
from ganbench.io.folder import open_folder
from ganbench.io.memory import from_memory
from ganbench.io.parquet import open_parquet
from ganbench.io.pickled import PICKLE
from ganbench.io.remote import known_by, located, open_remote_folder, remote_file, scheme_of
from ganbench.io.shards import PARQUET, expanded, open_shards, shards_in
from ganbench.io.source import Reading, Source, printable
from ganbench.io.tensors import TORCH

ARRAYS = (".npy", ".npz", ".safetensors", *TORCH, PICKLE)

__all__ = ["ARRAYS", "Reading", "Source", "is_array_file", "open_source"]


def open_source(samples: Any, reading: Reading | None = None) -> Source:
    """Return a source of the samples that a path, an array, a tensor or a torch Dataset stands for.

    Raises Missing for what is not there or cannot be read, BadInput for what holds no samples.
    """
    reading = reading or Reading()
    if not isinstance(samples, str | Path):
        return from_memory(samples, reading)
    if isinstance(samples, str) and (paths := expanded(samples)):
        return open_shards(paths, printable(samples), reading, open_source)
    if isinstance(samples, str) and scheme_of(samples):
        return open_elsewhere(samples, reading)
    path, name = Path(samples), printable(str(samples))
    try:
        is_folder, is_there = path.is_dir(), path.exists()
    except (OSError, ValueError) as error:
        raise Missing(f"{name!r}: cannot be opened ({error})") from error
    if not is_there:
        raise Missing(f"{name}: no such file or folder")
    shards = shards_in(path) if is_folder else []
    if shards:
        return open_shards(shards, name, reading, open_source)
    return open_folder(path, name, reading.span) if is_folder else open_file(path, name, reading)


def open_file(path: Path, name: str, reading: Reading) -> Source:
    """Return what a file holds as a source, by its name."""
    if not path.is_file():
        raise BadInput(f"{name}: neither a folder nor a regular file")
    if path.name.lower().endswith((*ZIP, *TAR)):
        return open_archive(path, name, reading.span)
    if path.name.lower().endswith(PARQUET):
        return open_parquet(path, name, reading)
    if is_array_file(path):
        return open_array_file(path, name, reading)
    if path.suffix.lower() in SUFFIXES:
        raise BadInput(f"{name}: one image; expected a folder or an archive of many")
    raise BadInput(
        f"{name}: expected a folder of images, an archive ({', '.join((*ZIP, *TAR))}), or an array "
        f"({', '.join(ARRAYS)}, IDX)"
    )


def open_elsewhere(url: str, reading: Reading) -> Source:
    """Return what lies at an address such as ``s3://bucket/folder`` as a source, streamed; nothing is unpacked."""
    name = printable(url)
    store, place, is_folder = located(url, name)
    if is_folder:
        return open_remote_folder(store, place, name, reading.span)
    file = remote_file(store, place)
    path, lower = cast("Path", file), file.name.lower()  # as far as these readers need one
    if lower.endswith((*ZIP, *TAR)):
        source = open_archive(path, name, reading.span)
    elif lower.endswith(PARQUET):
        source = open_parquet(file, name, reading)
    elif lower.endswith((".npy", ".npz")):
        source = open_array_file(path, name, reading)
    else:
        expected = ", ".join((*ZIP, *TAR, PARQUET, ".npy", ".npz"))
        raise BadInput(f"{name}: expected a folder of images, or a file that ends in {expected}; copy others here")
    return known_by(source, store, place, reading)


def is_array_file(path: Path) -> bool:
    """Whether a file is one of arrays, by its name."""
    name = path.name.lower().removesuffix(".gz")
    return path.name.lower().endswith(ARRAYS) or "-idx" in name or ".idx" in name
