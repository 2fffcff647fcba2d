"""Which rows of one sample lie in the nearest-neighbour balls of the other, and how near they come, decided exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from ganbench.metrics._engine.blocks import MANY, TIE, Block, CentredRows, exact_squares, in_float64
from ganbench.metrics._engine.compiled import loop_for
from ganbench.metrics._engine.pairs import Pair, Reductions, Requirement
from ganbench.metrics.cost import Cost
from ganbench.metrics.feature_vectors import at_least


@dataclass(frozen=True)
class Balls:
    """What the balls of one sample's rows hold of the other sample; a ball holds its border, up to ``TIE``.

    ``holders`` (m,) counts the balls around each row of the other sample, ``smallest`` (m,) is the squared radius
    of the smallest of them (inf where there is none), ``used`` (n,) tells which balls hold anything.
    """

    holders: Tensor
    smallest: Tensor
    used: Tensor


class CountBalls:
    """A reduction that counts who lies in whose ball; ``radii`` map k to the squared radii of left and right rows."""

    def __init__(self, left: CentredRows, right: CentredRows, radii: Mapping[int, tuple[Tensor, Tensor]]) -> None:
        self.left, self.right, self.radii = left, right, radii
        n, m = len(left), len(right)
        self.of_left = {k: _empty(n, m, left.original) for k in radii}
        self.of_right = {k: _empty(m, n, left.original) for k in radii}
        largest = max(radii)
        self.reach = radii[largest][0] * TIE, radii[largest][1] * TIE

    def visit(self, block: Block) -> None:
        """Find the few pairs that may touch, settle the doubtful ones exactly, and count."""
        i, j, squares = self._settled(block)
        for k, (left, right) in self.radii.items():
            _count(self.of_left[k], i, j, left[i], squares)
            _count(self.of_right[k], j, i, right[j], squares)

    def _settled(self, block: Block) -> tuple[Tensor, Tensor, Tensor]:
        """Return the pairs near or in a ball and squared distances that are right wherever it matters."""
        slack, kind = self.left.slack, block.squares.dtype
        norms = self.left.norms[block.rows].double(), self.right.norms[block.columns].double()
        reach_left = self.reach[0][block.rows] + slack * (norms[0] + norms[1].max())
        reach_right = self.reach[1][block.columns] + slack * (norms[0].max() + norms[1])
        grown = 1 + torch.finfo(kind).eps  # rounding the bound must not shrink it
        row, column = within_reach(block.squares, (reach_left * grown).to(kind), (reach_right * grown).to(kind))
        squares, doubt = block.squares[row, column].double(), slack * (norms[0][row] + norms[1][column])
        i, j = row + block.top, column + block.first
        unsure = torch.zeros_like(row, dtype=torch.bool)
        for left, right in self.radii.values():
            for radius in (left[i], right[j]):
                unsure |= (squares - radius).abs() <= doubt + radius * (TIE - 1)
        squares[unsure] = exact_squares(self.left.original, self.right.original, i[unsure], j[unsure])
        return i, j, squares

    def finish(self) -> dict[int, tuple[Balls, Balls]]:
        """Return, by k, the balls of the left rows and those of the right rows."""
        return {k: (self.of_left[k], self.of_right[k]) for k in self.radii}


def within_reach(squares: Tensor, of_row: Tensor, of_column: Tensor) -> tuple[Tensor, ...]:
    """Return the rows and the columns of the pairs within the reach of one of their two rows."""
    loop = loop_for(squares, _reach_loop)
    if loop is None:
        return ((squares <= of_row[:, None]) | (squares <= of_column)).nonzero(as_tuple=True)
    near = torch.empty_like(squares, dtype=torch.bool)
    some = torch.zeros(len(squares), dtype=torch.bool)
    loop(*(each.numpy() for each in (squares, of_row, of_column, near, some)))
    rows = some.nonzero().flatten()
    row, column = near[rows].nonzero(as_tuple=True)
    return rows[row], column


def _reach_loop(squares: Any, of_row: Any, of_column: Any, near: Any, some: Any) -> None:
    """Fill ``near`` where a pair is within reach, and ``some`` for the rows that have such a pair."""
    for i in range(squares.shape[0]):
        any_near = False
        for j in range(squares.shape[1]):
            near[i, j] = squares[i, j] <= of_row[i] or squares[i, j] <= of_column[j]
            any_near |= near[i, j]
        some[i] = any_near


def _empty(n: int, m: int, like: Tensor) -> Balls:
    device = like.device
    smallest = torch.full((m,), torch.inf, dtype=torch.float64, device=device)
    return Balls(
        torch.zeros(m, dtype=torch.long, device=device), smallest, torch.zeros(n, dtype=torch.bool, device=device)
    )


def _count(balls: Balls, centre: Tensor, inside: Tensor, radius: Tensor, squares: Tensor) -> None:
    """Note which pairs lie in the ball of ``radius`` around ``centre``, border included."""
    held = squares <= radius * TIE
    balls.holders.index_add_(0, inside[held], torch.ones_like(inside[held]))
    balls.smallest.scatter_reduce_(0, inside[held], radius[held], "amin")
    balls.used[centre[held]] = True


def balls(pair: Pair, k: int) -> tuple[Balls, Balls]:
    """Return the balls of the real rows and of the fake rows; raises BadInput unless both have more than k rows."""
    key = next((key for key in pair.derived if isinstance(key, KnnBalls) and k in key.ks), KnnBalls((k,)))
    key.reductions(pair).run(pair)
    result: tuple[Balls, Balls] = pair.derived[key][k]
    return result


@dataclass(frozen=True)
class KnnBalls(Requirement):
    """Who lies in whose k-nearest-neighbour ball, for every k of ``ks``; the key of ``{k: (real, fake)}`` too."""

    cost: ClassVar[Cost] = Cost.parse("0.5 n^2 d + 0.5 m^2 d + n m d + 100 n^2 + 100 m^2 + 200 n m")

    ks: tuple[int, ...]

    def reductions(self, pair: Pair) -> Reductions:
        largest = max(self.ks)
        for sample in (pair.real, pair.fake):
            at_least(sample, largest + 1)

        def make(left: CentredRows, right: CentredRows) -> CountBalls:
            return CountBalls(left, right, {k: (pair.real.radii(k), pair.fake.radii(k)) for k in self.ks})

        return Reductions((largest, largest), cross={self: make})

    def merged(self, other: Requirement) -> KnnBalls | None:
        return KnnBalls(tuple(sorted({*self.ks, *other.ks}))) if isinstance(other, KnnBalls) else None


def knn_balls(k: int) -> KnnBalls:
    """Require the k-nearest-neighbour balls of both samples."""
    return KnnBalls((k,))


class NearestByRadius:
    """A reduction to max_i radius_i / |x_i - y_j| over some rows of ``left``, for each row y_j of ``right``.

    ``radii`` (n,) are squared radii, NaN for rows that take no part. Gives (m,) in float64, infinite on a row itself.
    Rounded distances say only which rows cannot be the largest; all others are measured exactly.
    """

    def __init__(self, left: CentredRows, right: CentredRows, radii: Tensor) -> None:
        self.left, self.right, self.radii = left, right, radii
        self.best = torch.full((len(right),), -1.0, dtype=torch.float64, device=radii.device)  # of squares, exact

    def visit(self, block: Block) -> None:
        """Measure the pairs that may have the largest ratio yet."""
        row, column = self.candidates(block, block.squares, self.left.slack)
        if block.squares.dtype != torch.float64 and len(row) > MANY * block.squares.numel():  # near a far centre
            row, column = self.candidates(block, in_float64(block), self.left.slack_of(torch.float64))
        i, j = row + block.top, column + block.first
        squares = exact_squares(self.left.original, self.right.original, i, j)
        ratios = (self.radii[i] / squares).nan_to_num_(nan=torch.inf, posinf=torch.inf)  # none is a row's own
        self.best.scatter_reduce_(0, j, ratios, "amax")

    def candidates(self, block: Block, squares: Tensor, slack: float) -> tuple[Tensor, Tensor]:
        """Return rows and columns of the pairs whose ratio may be the largest of their column."""
        radii, best = self.radii[block.rows], self.best[block.columns]
        doubt = [slack * norms.double() for norms in (self.left.norms[block.rows], self.right.norms[block.columns])]
        loop = loop_for(squares, _ratio_loop)
        if loop is not None:
            near = torch.zeros_like(squares, dtype=torch.bool)
            loop(*(each.numpy() for each in (squares, *doubt, radii, best, best.clone(), near)))
        else:
            error, taken = doubt[0][:, None] + doubt[1], ~radii.isnan()[:, None]
            lowest, highest = squares.double() - error, squares.double() + error
            floor = (radii[:, None] / highest).nan_to_num(nan=torch.inf).masked_fill(~taken, -1.0).amax(0).maximum(best)
            may_lead = (radii[:, None] >= floor * lowest) & (radii[:, None] > best * lowest)
            near = taken & torch.where(lowest <= 0, best < torch.inf, may_lead)
        row, column = near.nonzero(as_tuple=True)
        return row, column

    def finish(self) -> Tensor:
        return self.best.sqrt()


def _ratio_loop(squares: Any, of_row: Any, of_column: Any, radii: Any, best: Any, floor: Any, near: Any) -> None:
    """Mark in ``near`` the pairs that may lead their column; squares err by at most ``of_row + of_column``.

    ``floor``, first the best known ratio, rises to what the largest is at least. By products, for a ratio is infinite
    at zero and slow.
    """
    for i in range(squares.shape[0]):
        if not np.isnan(radii[i]):
            for j in range(squares.shape[1]):
                highest = squares[i, j] + (of_row[i] + of_column[j])
                if highest <= 0:
                    floor[j] = np.inf
                elif radii[i] > floor[j] * highest:
                    floor[j] = radii[i] / highest
    for i in range(squares.shape[0]):
        if not np.isnan(radii[i]):
            for j in range(squares.shape[1]):
                lowest = squares[i, j] - (of_row[i] + of_column[j])
                if lowest <= 0:
                    near[i, j] = best[j] < np.inf
                else:
                    near[i, j] = radii[i] >= floor[j] * lowest and radii[i] > best[j] * lowest


@dataclass(frozen=True)
class RadiusRatios(Requirement):
    """Largest radius over distance of each fake row, over the reals whose radius is at most the median."""

    cost: ClassVar[Cost] = Cost.parse("0.5 n^2 d + n m d + 100 n^2 + 200 n m")

    k: int

    def reductions(self, pair: Pair) -> Reductions:
        at_least(pair.real, self.k + 1)
        at_least(pair.fake, 1)

        def make(left: CentredRows, right: CentredRows) -> NearestByRadius:
            radii = pair.real.radii(self.k)
            return NearestByRadius(left, right, radii.masked_fill(~(radii <= radii.median() * TIE), torch.nan))

        return Reductions((self.k, 0), cross={self: make})
