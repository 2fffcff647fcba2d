"""Loops over pairs in the memory of the CPU, compiled at their first use and kept on disk where that is possible."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from torch import Tensor

FEWEST = 1 << 16  # pairs from which a compiled loop is worth loading the compiler


@cache
def compiled(loop: Callable[..., None]) -> Callable[..., None] | None:
    """Return the loop, compiled, or None where there is no compiler."""
    try:
        import numba  # noqa: PLC0415 - importing it costs more than everything else here
    except ImportError:
        return None
    try:
        return numba.njit(cache=True)(loop)
    except RuntimeError:  # nowhere to keep compiled code
        return numba.njit()(loop)


def loop_for(squares: Tensor, loop: Callable[..., None]) -> Callable[..., None] | None:
    """Return the compiled loop where it serves a block of ``squares``; torch gives the same values elsewhere."""
    return compiled(loop) if squares.is_cpu and squares.numel() >= FEWEST else None
