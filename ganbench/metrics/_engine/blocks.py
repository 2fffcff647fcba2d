"""One pass over squared distances in blocks: fast products with a proven error bound, and exact values."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import torch
from scipy.linalg.blas import dsyrk, ssyrk
from torch import Tensor

from ganbench.metrics._engine.compiled import compiled

BLOCK = 1024  # rows and columns of a block: 4 MiB in float32, large enough for the product to run at full speed
PAIRS = 1 << 15  # pairs whose differences are held in memory at once
HALVED = 128  # rows from which half of the products costs less than all of them
MANY = 2.0**-6  # share of a block's pairs from which all in float64 beat measuring these one by one
TIE = 1 + 2.0**-40  # squared distances that agree to 12 digits are equal
PIECE = 1 << 16  # numbers that are held in float64 at once: they stay in the cache, and allocating them costs nothing


@dataclass(frozen=True)
class CentredRows:
    """One sample moved by ``-centre`` and rounded to the working type; ``norms`` are its squared lengths."""

    original: Tensor
    centred: Tensor
    centre: Tensor

    def __len__(self) -> int:
        return len(self.centred)

    @cached_property
    def norms(self) -> Tensor:
        norms = self.centre.new_empty(len(self))
        for place, part in zip(norms.split(piece_of(self.centred)), pieces(self.centred), strict=True):
            place.copy_(part.double().square().sum(1))
        return norms.to(self.centred.dtype)

    @cached_property
    def exact(self) -> tuple[Tensor, Tensor]:
        """Inner products with the centre, and squared lengths, of the original rows less the centre, in float64."""
        along, lengths = self.centre.new_empty(2, len(self))
        size = piece_of(self.original)
        parts = zip(along.split(size), lengths.split(size), differences(self.original, self.centre), strict=True)
        for place, length, part in parts:
            place.copy_(part @ self.centre)
            length.copy_(part.square_().sum(1))
        return along, lengths

    def part(self, rows: Tensor) -> CentredRows:
        """Return some rows, by their numbers."""
        return CentredRows(self.original[rows], self.centred[rows], self.centre)

    @property
    def slack(self) -> float:
        """Squared distances from products err by at most ``slack * (norm + norm)``."""
        return self.slack_of(self.centred.dtype)

    def slack_of(self, dtype: torch.dtype) -> float:
        """Return the slack of products in some type.

        Rounding both rows costs 4 units, d products in any order d, norms and their sum at most 8 (Higham, 2002,
        section 3.1); four more absorb terms of second order.
        """
        return (self.centred.shape[1] + 16) * torch.finfo(dtype).eps / 2


@dataclass(frozen=True)
class Block:
    """Squared distances between some rows of one sample and some of another."""

    left: CentredRows
    right: CentredRows
    top: int
    first: int
    squares: Tensor
    within: bool  # both samples are one, and only blocks on or above the diagonal are visited
    kept: dict[str, Tensor] = field(default_factory=dict)  # what several reductions share

    @property
    def on_diagonal(self) -> bool:
        return self.within and self.top == self.first

    @property
    def rows(self) -> slice:
        return slice(self.top, self.top + self.squares.shape[0])

    @property
    def columns(self) -> slice:
        return slice(self.first, self.first + self.squares.shape[1])


class Reduction(Protocol):
    """What is computed from every block once; it must not change a block."""

    def visit(self, block: Block) -> None: ...

    def finish(self) -> Any: ...


@dataclass(frozen=True)
class WithoutBlocks:
    """A reduction whose result does not take the blocks."""

    compute: Callable[[], Any]

    def visit(self, block: Block) -> None:
        """Take nothing from it."""

    def finish(self) -> Any:
        return self.compute()


MakeReduction = Callable[[CentredRows, CentredRows], Reduction]


def piece_of(values: Tensor) -> int:
    """Return how many rows are a piece."""
    return max(PIECE // values.shape[1], 1)


def pieces(values: Tensor) -> tuple[Tensor, ...]:
    """Cut the rows into pieces that are cheap to hold in float64.

    What is computed of a piece belongs into a tensor for all of them: small results that are kept between pieces would
    keep the heap from using a piece's memory again, and it would grow by as much as all pieces take.
    """
    return values.split(piece_of(values))


def differences(values: Tensor, centre: Tensor) -> Iterator[Tensor]:
    """Yield the rows less ``centre`` in float64, a piece at a time, each in the memory of the one before."""
    space = centre.new_empty(len(pieces(values)[0]), values.shape[1], dtype=torch.float64)
    for part in pieces(values):
        yield space[: len(part)].copy_(part).sub_(centre)


def centred_rows(values: Tensor, centre: Tensor, dtype: torch.dtype) -> CentredRows:
    """Centre in float64, then round to ``dtype``."""
    centred = torch.empty_like(values, dtype=dtype)
    for place, part in zip(pieces(centred), differences(values, centre), strict=True):
        place.copy_(part)
    return CentredRows(values, centred, centre)


def in_full_precision(device: torch.device) -> torch.autocast:
    """Return a context in which a caller's autocast rounds no product."""
    return torch.autocast(device.type, enabled=False)


def distance_pass(
    left: CentredRows, right: CentredRows, reductions: Mapping[Hashable, MakeReduction]
) -> dict[Hashable, Any]:
    """Show every block of squared distances to all ``reductions`` and return their results.

    Of a sample with itself, only blocks on and above the diagonal are visited; none where no reduction needs them.
    """
    started, within = {key: start(left, right) for key, start in reductions.items()}, left is right
    in_blocks = [reduction for reduction in started.values() if not isinstance(reduction, WithoutBlocks)]
    with in_full_precision(left.centred.device):
        for top in range(0, len(left), BLOCK) if in_blocks else ():
            for first in range(top if within else 0, len(right), BLOCK):
                squares = rounded_squares(left, right, slice(top, top + BLOCK), slice(first, first + BLOCK))
                for reduction in in_blocks:
                    reduction.visit(Block(left, right, top, first, squares, within))
        return {key: reduction.finish() for key, reduction in started.items()}


def rounded_squares(left: CentredRows, right: CentredRows, i: slice | Tensor, j: slice | Tensor) -> Tensor:
    """Return |x|^2 + |y|^2 - 2 x.y, within the slack; rounding may make it slightly negative."""
    if left is right and isinstance(i, slice) and i == j:
        return doubled_gram(left.centred[i]).add_(left.norms[i]).add_(left.norms[i, None])
    squares = torch.addmm(right.norms[j], left.centred[i], right.centred[j].T, alpha=-2)
    return squares.add_(left.norms[i, None])


def in_float64(block: Block) -> Tensor:
    """Return the squares of a block from products in float64."""
    parts = [
        CentredRows(rows.original[here], rows.original[here].double() - rows.centre, rows.centre)
        for rows, here in ((block.left, block.rows), (block.right, block.columns))
    ]
    return rounded_squares(parts[0], parts[1], slice(None), slice(None))


def doubled_gram(x: Tensor) -> Tensor:
    """Return -2 x.y for all rows of one sample; on a CPU by half of the products."""
    if not x.is_cpu or len(x) < HALVED:
        return torch.mm(x, x.T).mul_(-2)
    syrk = ssyrk if x.dtype == torch.float32 else dsyrk
    half = torch.from_numpy(syrk(-2.0, x.numpy().T, trans=1, lower=1).T)  # as the rows of C lie, the upper half
    return half.add_(half.triu(1).T)


def exact_squares(x: Tensor, y: Tensor, i: Tensor, j: Tensor) -> Tensor:
    """Return the squared distances between ``x[i]`` and ``y[j]`` from differences in float64."""
    loop = compiled(_pair_loop) if x.is_cpu and y.is_cpu else None
    if loop is not None:
        out = torch.empty(len(i), dtype=torch.float64)
        loop(x.contiguous().numpy(), y.contiguous().numpy(), i.numpy(), j.numpy(), out.numpy())
        return out
    parts = zip(i.split(PAIRS), j.split(PAIRS), strict=True)
    squares = [(x[a].double() - y[b].double()).square().sum(1) for a, b in parts]
    return torch.cat(squares) if squares else x.new_zeros(0, dtype=torch.float64)


def _pair_loop(x: Any, y: Any, i: Any, j: Any, out: Any) -> None:
    """Fill ``out`` with squared distances; four sums at once, since one would wait for its own additions."""
    full = x.shape[1] // 4 * 4
    for pair in range(i.shape[0]):
        a, b = x[i[pair]], y[j[pair]]
        s0 = s1 = s2 = s3 = 0.0
        for t in range(0, full, 4):
            d0 = np.float64(a[t]) - np.float64(b[t])
            d1 = np.float64(a[t + 1]) - np.float64(b[t + 1])
            d2 = np.float64(a[t + 2]) - np.float64(b[t + 2])
            d3 = np.float64(a[t + 3]) - np.float64(b[t + 3])
            s0, s1, s2, s3 = s0 + d0 * d0, s1 + d1 * d1, s2 + d2 * d2, s3 + d3 * d3
        for t in range(full, x.shape[1]):
            d0 = np.float64(a[t]) - np.float64(b[t])
            s0 += d0 * d0
        out[pair] = (s0 + s1) + (s2 + s3)


def working_type(left: Tensor, right: Tensor, centre: Tensor) -> torch.dtype:
    """Return float32 where that is much faster and safe, float64 otherwise."""
    work = len(left) * len(right) * left.shape[1]
    if work <= 1 << 30 or left.shape[1] <= 32:
        return torch.float64
    if left.is_cuda and torch.get_float32_matmul_precision() != "highest":
        return torch.float64  # ten-bit products would break the error bound
    samples = (left,) if left is right else (left, right)
    return torch.float32 if moderate(samples, centre) else torch.float64


def moderate(samples: tuple[Tensor, ...], centre: Tensor) -> bool:
    """Whether the largest distance of a coordinate from ``centre`` suits float32, by cheap bounds where they tell."""
    lowest, highest = (torch.stack(ends) for ends in zip(*(sample.aminmax() for sample in samples), strict=True))
    if float(highest.max() - lowest.min()) < 1e12 and float((samples[0][0] - centre).abs().max()) > 1e-12:
        return True
    ends = torch.stack([end for sample in samples for end in sample.aminmax(dim=0)])
    return 1e-12 < float((ends - centre).abs().max()) < 1e12
