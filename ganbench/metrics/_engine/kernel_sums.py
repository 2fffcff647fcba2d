"""Sums of a kernel over pairs of rows, in total or for many subsets at once, in one pass over the distances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganbench.metrics._engine.blocks import MANY, Block, CentredRows, exact_squares, in_float64
from ganbench.metrics._engine.compiled import loop_for
from ganbench.metrics.feature_vectors import Features

Kernel = Callable[[Block], Tensor]  # values for every pair of a block, zero for a row with itself

NEAR = 2.0**-8  # below this share of the norms a rounded distance has lost too many digits for a square root


class WeightedSums:
    """A reduction of sum_ij a_ic k(x_i, y_j) b_jc for each column c of weights; within a sample both orders count.

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
        return in_float64(block)
    row, column = near.nonzero(as_tuple=True)
    again = exact_squares(left.original, right.original, row + block.top, column + block.first)
    squares = block.squares.clone()
    squares[row, column] = again.to(squares.dtype)
    return squares


CHUNK = 256  # rows that are summed at once: enough for the product, few enough for the cache


@dataclass(frozen=True)
class Members:
    """Which rows of a sample belong to which of C subsets, 0/1 in float64 (n, C), and the sums of those rows."""

    sample: Features
    chosen: Tensor

    @cached_property
    def sums(self) -> Tensor:
        """Sum of each subset's rows, less the sample's mean, (C, d) in float64."""
        total = self.chosen.new_zeros(self.chosen.shape[1], self.sample.dim)
        space = self.chosen.new_empty(CHUNK, self.sample.dim)
        for weight, part in zip(self.chosen.split(CHUNK), self.sample.values.split(CHUNK), strict=True):
            centred = space[: len(part)].copy_(part).sub_(self.sample.mean)
            total.addmm_(weight.T, centred)
        return total

    def about(self, centre: Tensor) -> Tensor:
        """Return the sum of each subset's rows less ``centre``, (C, d)."""
        return self.sums + self.chosen.sum(0)[:, None] * (self.sample.mean - centre)


@dataclass(frozen=True)
class CubicSums:
    """Sums (C,) over the pairs of C subsets: how many, of t, t^2 and t^3, and of the rest of the kernel.

    The kernel is (s + t + e)^3 with s = 1 + |centre|^2 / d; the rest is what remains of it besides (s + t)^3.
    """

    moments: tuple[Tensor, Tensor, Tensor, Tensor]
    rest: Tensor

    def total(self, base: float, offset: float) -> Tensor:
        """Return the sums of the kernel less base^3, where 1 + |centre|^2 / d = base + offset."""
        t0, t1, t2, t3 = self.moments
        first = t1 + offset * t0
        second = t2 + 2 * offset * t1 + offset**2 * t0
        third = t3 + 3 * offset * t2 + 3 * offset**2 * t1 + offset**3 * t0
        return 3 * base**2 * first + 3 * base * second + third + self.rest


class CubicReduction:
    """A reduction of the kernel's sums over the pairs of many subsets, without a row's pair with itself.

    With centred rows x = c + u and y = c + v, the kernel is (s + t + e)^3: s = 1 + |c|^2 / d may be huge, t = (c.u +
    c.v) / d is the same for a whole row or column, and e = u.v / d is what differs. Besides (s + t)^3 it is
    3 s^2 e + 3 (t (2 s + t) + (s + t) e + e^2 / 3) e, whose first term has a closed sum in float64; only the second,
    small beside it for a huge s, needs the pairs. So neither a large mean nor a small scale costs digits.
    """

    def __init__(self, left: CentredRows, right: CentredRows, a: Members, b: Members) -> None:
        self.left, self.right, self.a, self.b = left, right, a, b
        self.d = left.centred.shape[1]
        self.s = 1 + float(left.centre @ left.centre) / self.d
        self.p, self.q = left.exact[0] / self.d, right.exact[0] / self.d
        largest = max(*(float(norms.max()) / self.d for norms in (left.norms, right.norms)), self.s)
        self.unit = max(largest, float(self.p.abs().max()), float(self.q.abs().max()))  # no cube overflows in it
        whole = a.chosen.shape[1] == 1 and bool(a.chosen.all()) and bool(b.chosen.all())
        self.weighted = WeightedSums(self.remainder, None if whole else a.chosen, None if whole else b.chosen)

    def visit(self, block: Block) -> None:
        self.weighted.visit(block)

    def remainder(self, block: Block) -> Tensor:
        """Return (t (2 s + t) + (s + t) e + e^2 / 3) e in the unit's cube, zero on the diagonal."""
        if "cubic" not in block.kept:
            block.kept["cubic"] = self._remainder(block)
        return block.kept["cubic"]

    def _remainder(self, block: Block) -> Tensor:
        squares, scale, s = block.squares, 0.5 / (self.d * self.unit), self.s / self.unit
        x, y = self.left.norms[block.rows].double(), self.right.norms[block.columns].double()
        p, q = self.p[block.rows] / self.unit, self.q[block.columns] / self.unit
        loop = loop_for(squares, _remainder_loop)
        if loop is None:
            e = (x[:, None] - squares.double() + y) * scale
            t = p[:, None] + q
            rest = (((s + t + e / 3) * e + t * (2 * s + t)) * e).to(squares.dtype)
        else:
            rest = torch.empty_like(squares)
            loop(*(each.numpy() for each in (squares, x, y, p, q)), s, scale, rest.numpy())
        return rest.fill_diagonal_(0) if block.on_diagonal else rest

    def finish(self) -> CubicSums:
        u, v = self.a.about(self.left.centre), self.b.about(self.right.centre)
        level = 3 * self.s**2 * (u * v).sum(1) / self.d
        moments, rest = self._moments(), 3 * self.unit**3 * self.weighted.finish() + level
        del self.weighted  # it refers to this reduction, and both to copies as large as the samples
        if self.left is not self.right:
            return CubicSums(moments, rest)
        own = [self.a.chosen.T @ power for power in powers(self.p + self.q)]
        t0, t1, t2, t3 = (whole - part for whole, part in zip(moments, own, strict=True))
        return CubicSums((t0, t1, t2, t3), rest - 3 * self.s**2 * (self.a.chosen.T @ self.left.exact[1]) / self.d)

    def _moments(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Sum powers of t = p + q over all pairs of each subset."""
        p, q = (
            [members.chosen.T @ power for power in powers(value)]
            for members, value in ((self.a, self.p), (self.b, self.q))
        )
        second = p[2] * q[0] + 2 * p[1] * q[1] + p[0] * q[2]
        third = p[3] * q[0] + 3 * p[2] * q[1] + 3 * p[1] * q[2] + p[0] * q[3]
        return p[0] * q[0], p[1] * q[0] + p[0] * q[1], second, third


def powers(value: Tensor) -> list[Tensor]:
    """Return value^0 to value^3."""
    return [torch.ones_like(value), value, value**2, value**3]


def _remainder_loop(squares: Any, x: Any, y: Any, p: Any, q: Any, s: Any, scale: Any, rest: Any) -> None:
    """Fill ``rest``; in float64, for a rounded t would err alike in a whole row."""
    for i in range(squares.shape[0]):
        for j in range(squares.shape[1]):
            e = (x[i] - np.float64(squares[i, j]) + y[j]) * scale
            t = p[i] + q[j]
            rest[i, j] = ((s + t + e / 3) * e + t * (2 * s + t)) * e
