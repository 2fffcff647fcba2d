"""Statistics in pickles, as EDM and EDM2 keep them: dictionaries of numbers and numpy arrays, read without running any.

A pickle is a program. Here its calls build nothing but arrays of plain numbers: each of the five names that numpy's
arrays need stands for a function of this module, any other name ends the reading.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganbench.errors import BadInput

PICKLE = ".pkl"
LARGEST = 1 << 30  # bytes of a file
CONVERT = "np.savez('stats.npz', mu=d['mu'], sigma=d['sigma']) after d = pickle.load(...) of a file that you trust"
DEEPEST, MOST = 8, 1000  # dictionaries in dictionaries; entries of all


class PlainType:
    """What a pickle says of an array's type."""

    def __init__(self, code: Any = "", *_rest: Any) -> None:
        self.code, self.order = str(code), "<"

    def __setstate__(self, state: Any) -> None:
        self.order = str(state[1])

    def dtype(self) -> np.dtype[Any]:
        """Return the type; raises ValueError unless it is one of real numbers."""
        kind = np.dtype(self.code if self.order == "|" else self.order.replace("=", "<") + self.code.lstrip("<>|="))
        if kind.kind not in "buif":
            raise ValueError(f"an array of {kind}")
        return kind


class PlainArray:
    """An array that a pickle describes: its shape, type, order and bytes."""

    values: NDArray[Any] | None = None

    def __setstate__(self, state: Any) -> None:
        _version, shape, kind, is_fortran, content = state
        self.values = from_bytes(content, kind, shape, "F" if is_fortran else "C")


def from_bytes(content: Any, kind: Any, shape: Any, order: str) -> NDArray[Any]:
    """Return an array; raises ValueError where its bytes are not those of the shape."""
    if not isinstance(content, bytes | bytearray) or not isinstance(kind, PlainType):
        raise ValueError("an array of Python objects")
    dtype, sides = kind.dtype(), tuple(int(side) for side in shape)
    if min(sides, default=0) < 0 or prod(sides) * dtype.itemsize != len(content):
        raise ValueError(f"an array of shape {sides} in {len(content)} bytes")
    return np.frombuffer(content, dtype).reshape(sides, order="F" if order == "F" else "C")


def from_buffer(content: Any, kind: Any, shape: Any, order: Any) -> PlainArray:
    """Stand for numpy's function of that purpose."""
    array = PlainArray()
    array.values = from_bytes(bytes(content), kind, shape, str(order))
    return array


def empty(*_arguments: Any) -> PlainArray:
    """Stand for the function that makes the array which a state then fills."""
    return PlainArray()


def scalar(kind: Any, content: Any) -> Any:
    """Stand for numpy's scalars."""
    return from_bytes(content, kind, (1,), "C")[0].item()


def encoded(text: str, code: str = "latin1") -> bytes:
    """Stand for the function by which old pickles write bytes."""
    return text.encode("latin1" if code != "utf-8" else code)


def uncalled(*_arguments: Any) -> None:
    """Stand for a class that is named but not called."""
    raise ValueError("a call of ndarray")


class Stand:
    """A function under a name of numpy's; a pickle can call it and do nothing else to it."""

    __slots__ = ("function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments)

    def __setstate__(self, _state: Any) -> None:
        raise ValueError("a state for a function")


ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): uncalled,
    ("numpy", "dtype"): PlainType,
    ("_codecs", "encode"): encoded,
    **{
        (f"numpy.{core}.{module}", name): function
        for core in ("core", "_core")
        for module, name, function in (
            ("multiarray", "_reconstruct", empty),
            ("multiarray", "scalar", scalar),
            ("numeric", "_frombuffer", from_buffer),
        )
    },
}


class Reader(pickle.Unpickler):
    """Reads numbers, text, containers and arrays of numbers; refuses whatever else a pickle names."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for a name; raises UnpicklingError for any that no array needs."""
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return Stand(ALLOWED[module, name])

    def persistent_load(self, _pid: Any) -> Any:
        """Refuse objects that lie elsewhere."""
        raise pickle.UnpicklingError("it names objects that lie elsewhere")


def arrays_in_pickle(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of nested dictionaries by their names with dots between; raises BadInput for anything else."""
    size = path.stat().st_size
    if size > LARGEST:
        raise BadInput(f"{path.name}: {size} bytes; a pickle of statistics has at most {LARGEST}")
    try:
        with path.open("rb") as file:
            named = flat(Reader(file).load())
    except OSError:
        raise
    except Exception as error:  # a hostile pickle can make the reader raise anything
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise BadInput(
            f"{path.name}: expected a pickle of dictionaries, numbers and arrays alone ({reason}); nothing of it was "
            f"run; convert it where you trust it: {CONVERT}"
        ) from error
    if not named:
        raise BadInput(f"{path.name}: expected a pickle of dictionaries with arrays such as mu and sigma")
    return named


def flat(content: Any) -> dict[str, NDArray[Any]]:
    """Return the arrays in nested dictionaries; raises ValueError for more of them than any tool writes."""
    arrays: dict[str, NDArray[Any]] = {}
    for place, (name, value) in enumerate(entries(content, "", 0)):
        if place > MOST:
            raise ValueError(f"more than {MOST} entries")
        if isinstance(value, PlainArray) and value.values is not None:
            arrays[name] = value.values
    return arrays


def entries(content: Any, prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    """Yield what nested dictionaries hold, dictionaries included, by names with dots between."""
    yield prefix, content
    if isinstance(content, Mapping) and depth < DEEPEST:
        for key, value in content.items():
            yield from entries(value, f"{prefix}.{key}" if prefix else str(key), depth + 1)
