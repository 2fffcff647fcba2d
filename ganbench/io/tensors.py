"""Tensors in safetensors files and in those that ``torch.save`` wrote: nothing in them is run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from torch import Tensor

from ganbench.io.archive import refuse_bomb
from ganbench.io.array_files import Stored, rows_of_a_block
from ganbench.io.decode import quietly

TORCH = (".pt", ".pth")
FLOATS = {"F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32, "F64": torch.float64}
WHOLE = {
    "BOOL": torch.bool,
    "U8": torch.uint8,
    "I8": torch.int8,
    "U16": torch.uint16,
    "I16": torch.int16,
    "U32": torch.uint32,
    "I32": torch.int32,
    "U64": torch.uint64,
    "I64": torch.int64,
}
TYPES = FLOATS | WHOLE


def safetensors(path: Path) -> tuple[dict[str, Stored], str]:
    """Return the tensors of a safetensors file, and its metadata under ``features``."""
    with safe_open(path, "pt") as file:
        identity = (file.metadata() or {}).get("features", "")
        heads = {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118
        arrays = {
            key: stored_slices(path, key, tuple(head.get_shape()), head.get_dtype()) for key, head in heads.items()
        }
    return arrays, identity


def text_of(path: Path) -> dict[str, str]:
    """Return what a safetensors file says of itself."""
    with safe_open(path, "pt") as file:
        return dict(file.metadata() or {})


def content_of(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return a safetensors file's tensors, mapped, and what it says of itself."""
    with safe_open(path, "pt") as file:
        return {key: file.get_tensor(key) for key in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118


def stored_slices(path: Path, key: str, shape: tuple[int, ...], kind: str) -> Stored:
    """Return a tensor of a safetensors file, whose type may be one that cannot be used."""
    if kind not in TYPES:
        return Stored(shape, np.dtype("V1"), lambda: iter(()), unfit_type(kind))
    return Stored(shape, numpy_type(TYPES[kind]), partial(slices, path, key, shape))


def slices(path: Path, key: str, shape: tuple[int, ...]) -> Iterator[NDArray[Any]]:
    """Yield a tensor's rows."""
    with safe_open(path, "pt") as file:
        if not shape:
            yield as_numpy(file.get_tensor(key))
            return
        tensor = file.get_slice(key)
        step = rows_of_a_block(shape, 8)
        for start in range(0, shape[0], step):
            yield as_numpy(tensor[start : min(start + step, shape[0])])


def saved_by_torch(path: Path) -> dict[str, Stored]:
    """Return the tensors of a file of ``torch.save``: one, a dictionary of them, or samples with their labels.

    Raises whatever torch raises for a damaged file, or for one that holds more than tensors and containers.
    """
    with quietly():
        try:
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        except RuntimeError as error:
            if "mmap" not in str(error):
                raise
            content = torch.load(path, map_location="cpu", weights_only=True)  # as written before torch 1.6
    if isinstance(content, Tensor):
        content = {"array": content}
    elif isinstance(content, tuple | list) and len(content) == 2:
        content = {"x": content[0], "y": content[1]}
    named = content if isinstance(content, Mapping) else {}
    return {str(key): stored_tensor(path, each) for key, each in named.items() if isinstance(each, Tensor)}


def stored_tensor(path: Path, tensor: Tensor) -> Stored:
    """Return a tensor in memory, or mapped, as an array that is read by blocks."""
    shape = tuple(tensor.shape)
    if fault := fault_of(tensor):
        return Stored(shape, np.dtype("V1"), lambda: iter(()), fault)
    refuse_bomb(prod(shape) * tensor.element_size(), path)

    def blocks() -> Iterator[NDArray[Any]]:
        if not shape:
            yield as_numpy(tensor)
            return
        step = rows_of_a_block(shape, tensor.element_size())
        for start in range(0, shape[0], step):
            yield as_numpy(tensor[start : start + step])

    return Stored(shape, numpy_type(tensor.dtype), blocks)


def fault_of(tensor: Tensor) -> str:
    """Return why a tensor cannot be read as numbers, or nothing."""
    if tensor.layout != torch.strided:
        return f"is sparse ({str(tensor.layout).removeprefix('torch.')}); expected a dense tensor, as to_dense() makes"
    if tensor.is_meta:
        return "is on the device meta, where tensors have no values"
    return "" if tensor.dtype in TYPES.values() else unfit_type(str(tensor.dtype).removeprefix("torch."))


def unfit_type(kind: str) -> str:
    """Return why a type cannot be used."""
    return f"is of type {kind}; expected float16, bfloat16, float32, float64 or whole numbers"


def numpy_type(kind: torch.dtype) -> np.dtype[Any]:
    """Return the type in which numpy is given a tensor: half precisions in single."""
    return as_numpy(torch.empty(0, dtype=kind)).dtype


def as_numpy(tensor: Tensor) -> NDArray[Any]:
    """Return a tensor as an array; numpy knows no bfloat16, and metrics compute in single precision or in double."""
    plain = tensor.detach().cpu().resolve_conj().resolve_neg()
    array: NDArray[Any] = (plain.float() if plain.dtype in (torch.float16, torch.bfloat16) else plain).numpy()
    return array
