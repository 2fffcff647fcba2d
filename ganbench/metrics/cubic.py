"""Sums of the cubic kernel (x.y / d + 1)^3 over pairs, accurate whatever the mean and the scale of the clouds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganbench.metrics.compiled import loop_for
from ganbench.metrics.distances import Block, Rows
from ganbench.metrics.features import Features
from ganbench.metrics.forms import Forms

CHUNK = 256  # rows that are summed at once: enough for the product, few enough for the cache


@dataclass(frozen=True)
class Members:
    """Which rows of a cloud belong to which of C subsets, 0/1 in float64 (n, C), and the sums of those rows."""

    cloud: Features
    chosen: Tensor

    @cached_property
    def sums(self) -> Tensor:
        """Sum of each subset's rows, less the cloud's mean, (C, d) in float64."""
        total = self.chosen.new_zeros(self.chosen.shape[1], self.cloud.dim)
        space = self.chosen.new_empty(CHUNK, self.cloud.dim)
        for weight, part in zip(self.chosen.split(CHUNK), self.cloud.values.split(CHUNK), strict=True):
            centred = space[: len(part)].copy_(part).sub_(self.cloud.mean)
            total.addmm_(weight.T, centred)
        return total

    def about(self, centre: Tensor) -> Tensor:
        """Return the sum of each subset's rows less ``centre``, (C, d)."""
        return self.sums + self.chosen.sum(0)[:, None] * (self.cloud.mean - centre)


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


class CubicForms:
    """A study of the kernel's sums over the pairs of many subsets, without a row's pair with itself.

    With centred rows x = c + u and y = c + v, the kernel is (s + t + e)^3: s = 1 + |c|^2 / d may be huge, t = (c.u +
    c.v) / d is the same for a whole row or column, and e = u.v / d is what differs. Besides (s + t)^3 it is
    3 s^2 e + 3 (t (2 s + t) + (s + t) e + e^2 / 3) e, whose first term has a closed sum in float64; only the second,
    small beside it for a huge s, needs the pairs. So neither a large mean nor a small scale costs digits.
    """

    def __init__(self, left: Rows, right: Rows, a: Members, b: Members) -> None:
        self.left, self.right, self.a, self.b = left, right, a, b
        self.d = left.centred.shape[1]
        self.s = 1 + float(left.centre @ left.centre) / self.d
        self.p, self.q = left.exact[0] / self.d, right.exact[0] / self.d
        largest = max(*(float(norms.max()) / self.d for norms in (left.norms, right.norms)), self.s)
        self.unit = max(largest, float(self.p.abs().max()), float(self.q.abs().max()))  # no cube overflows in it
        whole = a.chosen.shape[1] == 1 and bool(a.chosen.all()) and bool(b.chosen.all())
        self.forms = Forms(self.remainder, None if whole else a.chosen, None if whole else b.chosen)

    def visit(self, block: Block) -> None:
        self.forms.visit(block)

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
        moments, rest = self._moments(), 3 * self.unit**3 * self.forms.finish() + level
        if self.left is not self.right:
            return CubicSums(moments, rest)
        own = [self.a.chosen.T @ power for power in powers(self.p + self.q)]
        t0, t1, t2, t3 = (whole - part for whole, part in zip(moments, own, strict=True))
        return CubicSums((t0, t1, t2, t3), rest - 3 * self.s**2 * (self.a.chosen.T @ self.left.exact[1]) / self.d)

    def _moments(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Sum powers of t = p + q over all pairs of each subset."""
        p, q = (
            [side.chosen.T @ power for power in powers(value)] for side, value in ((self.a, self.p), (self.b, self.q))
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
