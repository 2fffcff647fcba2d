"""Anybody's samples: folders, archives and files of images or features, or what is in memory, opened by one call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ganbench.errors import BadInput, Missing
from ganbench.io.archive import TAR, ZIP, open_archive
from ganbench.io.arrays import open_array_file
from ganbench.io.decode import SUFFIXES
from ganbench.io.folder import open_folder
from ganbench.io.memory import from_memory
from ganbench.io.pickled import PICKLE
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
    path, name = Path(samples), printable(str(samples))
    try:
        is_folder, is_there = path.is_dir(), path.exists()
    except (OSError, ValueError) as error:
        raise Missing(f"{name!r}: cannot be opened ({error})") from error
    if is_folder:
        return open_folder(path, name, reading.span)
    if not is_there:
        raise Missing(f"{name}: no such file or folder")
    if not path.is_file():
        raise BadInput(f"{name}: neither a folder nor a regular file")
    if path.name.lower().endswith((*ZIP, *TAR)):
        return open_archive(path, name, reading.span)
    if is_array_file(path):
        return open_array_file(path, name, reading)
    if path.suffix.lower() in SUFFIXES:
        raise BadInput(f"{name}: one image; expected a folder or an archive of many")
    raise BadInput(
        f"{name}: expected a folder of images, an archive ({', '.join((*ZIP, *TAR))}), or an array "
        f"({', '.join(ARRAYS)}, IDX)"
    )


def is_array_file(path: Path) -> bool:
    """Whether a file is one of arrays, by its name."""
    name = path.name.lower().removesuffix(".gz")
    return path.name.lower().endswith(ARRAYS) or "-idx" in name or ".idx" in name
