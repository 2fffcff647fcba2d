"""Sums of a kernel over pairs of rows, in total or for many subsets at once, in one pass over the distances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ganbench.metrics.compiled import loop_for
from ganbench.metrics.distances import Block, Rows, exact_squares, products

Kernel = Callable[[Block], Tensor]  # values for every pair of a block, zero for a row with itself

NEAR = 2.0**-8  # below this share of the norms a rounded distance has lost too many digits for a square root
MANY = 2.0**-6  # share of near pairs in a block from which the whole block is better done in float64


class Forms:
    """A study of sum_ij a_ic k(x_i, y_j) b_jc for each column c of weights; within a cloud both orders count.

    ``left`` (n, C) and ``right`` (m, C) are weights, None for ones. Finds (C,) sums in float64.
    """

    def __init__(self, kernel: Kernel, left: Tensor | None = None, right: Tensor | None = None) -> None:
        self.kernel, self.left, self.right = kernel, left, right
        self.sums: Tensor | float = 0.0

    def visit(self, block: Block) -> None:
        values = self.kernel(block)
        twice = 2 if block.within and not block.on_diagonal else 1
        if self.left is None or self.right is None:
            self.sums = self.sums + twice * total(values)[None]
            return
        weighted = values @ self.right[block.columns].to(values.dtype)
        self.sums = self.sums + twice * (self.left[block.rows] * weighted.double()).sum(0)

    def finish(self) -> Tensor:
        return torch.as_tensor(self.sums)


@dataclass(frozen=True)
class Gaussian:
    """Mean over bandwidths of exp(-|x - y|^2 / (2 bandwidth^2)), less one.

    The one cancels in every MMD; without it, kernels near one keep their digits.
    """

    bandwidths: tuple[float, ...]

    def __call__(self, block: Block) -> Tensor:
        squares = block.squares.clamp(min=0)
        if block.on_diagonal:
            squares.fill_diagonal_(0)
        total = torch.zeros_like(squares)
        for bandwidth in self.bandwidths:
            total += (squares * (-0.5 / bandwidth**2)).expm1_()
        return total.div_(len(self.bandwidths))


@dataclass(frozen=True)
class Distance:
    """-|x - y|, the kernel of the energy distance."""

    def __call__(self, block: Block) -> Tensor:
        squares = refined(block).clamp(min=0)
        if block.on_diagonal:
            squares.fill_diagonal_(0)
        return squares.sqrt_().neg_()


def total(values: Tensor) -> Tensor:
    """Return the sum of a block in float64."""
    loop = loop_for(values, _total_loop)
    if loop is None:
        return values.sum(0, dtype=torch.float64).sum()
    sums = torch.zeros(values.shape[1], dtype=torch.float64)
    loop(values.numpy(), sums.numpy())
    return sums.sum()


def _total_loop(values: Any, sums: Any) -> None:
    """Add the rows to ``sums``."""
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            sums[j] += values[i, j]


def refined(block: Block) -> Tensor:
    """Return the squares with close pairs measured again, for rounding is largest beside a small distance."""
    left, right = block.left, block.right
    norms = left.norms[block.rows].max() + right.norms[block.columns].max()
    near = block.squares < NEAR * norms
    if block.squares.dtype == torch.float64 or not bool(near.any()):
        return block.squares
    if float(near.double().mean()) > MANY:
        parts = [
            Rows(rows.original[here], rows.original[here].double() - rows.centre, rows.centre)
            for rows, here in ((left, block.rows), (right, block.columns))
        ]
        return products(parts[0], parts[1], slice(None), slice(None))
    row, column = near.nonzero(as_tuple=True)
    again = exact_squares(left.original, right.original, row + block.top, column + block.first)
    squares = block.squares.clone()
    squares[row, column] = again.to(squares.dtype)
    return squares
