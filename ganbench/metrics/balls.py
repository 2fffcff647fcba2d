"""Which rows of one cloud lie in the neighbourhood balls of the other, decided exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ganbench.metrics.compiled import loop_for
from ganbench.metrics.distances import Block, Rows, exact_squares
from ganbench.metrics.features import at_least
from ganbench.metrics.pairs import Pair, Plan

PUBLISHED = (3, 5)  # the k of precision and recall, and of density and coverage: one pass serves both
TIE = 1 + 2.0**-40  # squared distances that agree to 12 digits are equal: a ball holds its border


@dataclass(frozen=True)
class Balls:
    """What the balls of one cloud's rows hold of the other cloud.

    ``holders`` (m,) counts the balls around each row of the other cloud, ``smallest`` (m,) is the squared radius
    of the smallest of them (inf where there is none), ``used`` (n,) tells which balls hold anything.
    """

    holders: Tensor
    smallest: Tensor
    used: Tensor


class BallStudy:
    """A study that counts who lies in whose ball; ``radii`` map k to the squared radii of left and right rows."""

    def __init__(self, left: Rows, right: Rows, radii: Mapping[int, tuple[Tensor, Tensor]]) -> None:
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
    """Return the rows and the columns of the pairs within the reach of one of their sides."""
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
        found = False
        for j in range(squares.shape[1]):
            near[i, j] = squares[i, j] <= of_row[i] or squares[i, j] <= of_column[j]
            found |= near[i, j]
        some[i] = found


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


def plan(pair: Pair, k: int) -> Plan:
    """Return what the neighbour metrics need for ``k``; raises BadInput unless both clouds have more than k rows."""
    for cloud in (pair.real, pair.fake):
        at_least(cloud, k + 1)
    fits = min(len(pair.real), len(pair.fake)) > max(PUBLISHED)
    orders = PUBLISHED if fits and k in PUBLISHED else (k,)

    def start(left: Rows, right: Rows) -> BallStudy:
        return BallStudy(left, right, {k: (pair.real.radii(k), pair.fake.radii(k)) for k in orders})

    return Plan({"nearest": pair.real.search(k)}, {"nearest": pair.fake.search(k)}, {("balls", orders): start})


def balls(pair: Pair, k: int) -> tuple[Balls, Balls]:
    """Return the balls of the real rows and of the fake rows."""
    wanted = plan(pair, k)
    wanted.run(pair)
    orders = next(key[1] for key in wanted.cross if isinstance(key, tuple))
    found: tuple[Balls, Balls] = pair.derived["balls", orders][k]
    return found
