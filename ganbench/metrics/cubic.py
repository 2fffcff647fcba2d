"""Sums of the cubic kernel (x.y / d + 1)^3 over pairs, accurate whatever the mean and the scale of the clouds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ganbench.metrics.distances import BLOCK, Block, Rows
from ganbench.metrics.forms import Forms


@dataclass(frozen=True)
class CubicSums:
    """Sums (C,) over the pairs of C subsets: how many, of t, t^2 and t^3, and of the rest of the kernel.

    The kernel is (s + e)^3 with s = 1 + |centre|^2 / d + t; the rest is what remains of it besides s^3.
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

    With centred rows x = c + u and y = c + v, s = 1 + (|c|^2 + c.u + c.v) / d may be huge or constant and e = u.v / d
    is what differs. Of s^3 + 3 s^2 e + (3 s + e) e^2 the first two have closed sums in float64; only the last needs
    the pairs. So neither a large mean nor a small scale costs digits. Weights are 0/1 memberships (n, C), (m, C).
    """

    def __init__(self, left: Rows, right: Rows, a: Tensor, b: Tensor) -> None:
        self.left, self.right, self.a, self.b = left, right, a, b
        self.d = left.centred.shape[1]
        self.s = 1 + left.centre @ left.centre / self.d
        self.p, self.q = along(left), along(right)
        whole = a.shape[1] == 1 and bool(a.all()) and bool(b.all())
        self.forms = Forms(self.remainder, None if whole else a, None if whole else b)

    def visit(self, block: Block) -> None:
        self.forms.visit(block)

    def remainder(self, block: Block) -> Tensor:
        """Return (3 s + e) e^2, zero on the diagonal."""
        kind, norms = block.squares.dtype, (self.left.norms[block.rows], self.right.norms[block.columns])
        e = torch.sub(norms[0][:, None], block.squares).add_(norms[1]).div_(2 * self.d)
        rest = e + 3 * self.q[block.columns].to(kind)
        rest.add_((3 * (self.s + self.p[block.rows])).to(kind)[:, None]).mul_(e.square_())
        return rest.fill_diagonal_(0) if block.on_diagonal else rest

    def finish(self) -> CubicSums:
        moments, rest = self._moments(), self.forms.finish() + self._slopes()
        if self.left is not self.right:
            return CubicSums(moments, rest)
        t = self.p + self.q
        own = [self.a.T @ power for power in powers(t)]
        e = torch.cat([part.square().sum(1) for part in differences(self.left)]) / self.d
        t0, t1, t2, t3 = (whole - part for whole, part in zip(moments, own, strict=True))
        return CubicSums((t0, t1, t2, t3), rest - self.a.T @ (3 * (self.s + t) ** 2 * e))

    def _moments(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Sum powers of t = p + q over all pairs of each subset."""
        p, q = ([weight.T @ power for power in powers(value)] for weight, value in ((self.a, self.p), (self.b, self.q)))
        second = p[2] * q[0] + 2 * p[1] * q[1] + p[0] * q[2]
        third = p[3] * q[0] + 3 * p[2] * q[1] + 3 * p[1] * q[2] + p[0] * q[3]
        return p[0] * q[0], p[1] * q[0] + p[0] * q[1], second, third

    def _slopes(self) -> Tensor:
        """Sum 3 s^2 e = 3 ((s + p) + q)^2 u.v / d over all pairs of each subset."""
        u = weighted(self.left, self.a, powers(self.s + self.p)[:3])
        v = weighted(self.right, self.b, powers(self.q)[:3])
        return 3 * ((u[2] * v[0]).sum(1) + 2 * (u[1] * v[1]).sum(1) + (u[0] * v[2]).sum(1)) / self.d


def differences(rows: Rows) -> Iterator[Tensor]:
    """Yield the rows less their centre in float64, some at a time: their rounded copies are not good enough here."""
    for part in rows.original.split(BLOCK):
        yield part.double() - rows.centre


def along(rows: Rows) -> Tensor:
    """Return c.u / d of each row in float64."""
    return torch.cat([part @ rows.centre for part in differences(rows)]) / len(rows.centre)


def powers(value: Tensor) -> list[Tensor]:
    """Return value^0 to value^3."""
    return [torch.ones_like(value), value, value**2, value**3]


def weighted(rows: Rows, weight: Tensor, powers: list[Tensor]) -> list[Tensor]:
    """Return sum_i weight_ic power_i u_i, (C, d) for each power, in float64."""
    shape = weight.shape[1], len(rows.centre)
    sums = [torch.zeros(shape, dtype=torch.float64, device=weight.device) for _ in powers]
    for first, part in zip(range(0, len(rows), BLOCK), differences(rows), strict=True):
        here = slice(first, first + BLOCK)
        for order, power in enumerate(powers):
            sums[order] += (weight[here] * power[here, None]).T @ part
    return sums
