"""Rows that come part by part: held in memory, or in a file of their own that is mapped where they are many."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterable
from typing import IO

import numpy as np
import torch
from torch import Tensor

BOUND = 1 << 29  # bytes of rows that are held in memory: 50 000 of 2048 features in float32 are
ROWS = 4096  # that are put into order at once


class Gathered:
    """Rows (n, d) of one type, in the order in which they came until they are put into another."""

    def __init__(self) -> None:
        self.parts: list[Tensor] = []
        self.shape: tuple[int, int] = (0, 0)
        self.dtype = torch.float32
        self.held = 0  # bytes
        self.file: IO[bytes] | None = None

    def __len__(self) -> int:
        return self.shape[0]

    def add(self, rows: Tensor) -> None:
        """Take rows (m, d)."""
        self.parts.append(rows)
        self.shape = (self.shape[0] + len(rows), rows.shape[1])
        self.dtype = rows.dtype
        self.held += rows.nbytes
        if self.held > BOUND:
            self.put_away()

    def put_away(self) -> None:
        """Move what is held into the file."""
        if self.file is None:
            self.file = tempfile.TemporaryFile()  # noqa: SIM115 (it is open as long as rows come)
            weakref.finalize(self, self.file.close)
        write(self.file, self.parts)
        self.parts, self.held = [], 0

    def whole(self, order: Tensor | None = None) -> Tensor:
        """Return all rows, in some order."""
        if order is not None and bool((order[1:] > order[:-1]).all()):
            order = None
        if self.file is None:
            rows = torch.cat(self.parts)
            return rows if order is None else rows[order]
        self.put_away()
        rows = mapped(self.file, self.shape, self.dtype)
        if order is None:
            return rows
        with tempfile.TemporaryFile() as again:
            write(again, (rows[places] for places in order.split(ROWS)))
            return mapped(again, self.shape, self.dtype)


def write(file: IO[bytes], parts: Iterable[Tensor]) -> None:
    """Append rows to a file."""
    for part in parts:
        file.write(part.contiguous().numpy().data)
    file.flush()


def mapped(file: IO[bytes], shape: tuple[int, int], dtype: torch.dtype) -> Tensor:
    """Return a file's rows as a tensor whose pages are read when they are looked at; it outlives the file's name."""
    known = torch.empty(0, dtype=dtype).numpy().dtype
    return torch.from_numpy(np.memmap(file, known, "c", shape=shape))
