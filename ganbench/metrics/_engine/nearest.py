"""The k nearest neighbours of every row, exact in float64 at the speed of a float32 product."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import frexp
from typing import Any

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from ganbench.metrics._engine.blocks import (
    BLOCK,
    MANY,
    TIE,
    Block,
    CentredRows,
    Reduction,
    WithoutBlocks,
    centred_rows,
    distance_pass,
    exact_squares,
    in_float64,
)
from ganbench.metrics._engine.compiled import loop_for

SPARE = 3  # candidates kept beyond k, so that rounding seldom hides a neighbour
MANY_SPARE = 61  # the same at the second try
LOW, CROWD = 6, 1 << 20  # most coordinates, and fewest pairs, at which a tree is faster than blocks


OfPairs = Callable[[Tensor, Tensor], Tensor]  # from row numbers (p,) of two samples to values (p,)


@dataclass(frozen=True)
class Within:
    """Key of the nearest others of each row within one sample."""


WITHIN = Within()


@dataclass(frozen=True)
class Nearest:
    """Squared distances to the k nearest, ascending, (n, k) in float64, and which rows they are."""

    squares: Tensor
    index: Tensor


class Search:
    """A reduction that keeps, for each row of ``left``, the few rows of ``right`` that may be its k nearest.

    ``own`` names the row of ``right`` that is the row itself and no neighbour; ``transposed`` says that the
    blocks show ``right`` by ``left``. Candidates come from rounded distances; ``finish`` measures them exactly.
    """

    def __init__(
        self,
        left: CentredRows,
        right: CentredRows,
        k: int,
        *,
        own: Tensor | None = None,
        transposed: bool = False,
        spare: int = SPARE,
    ) -> None:
        self.left, self.right, self.k, self.own = left, right, k, own
        self.transposed, self.spare = transposed, spare
        self.best = left.centred.new_full((len(left), k + spare), torch.inf)
        self.index = torch.zeros_like(self.best, dtype=torch.long)

    def visit(self, block: Block) -> None:
        """Take in one block; of a sample with itself, a block above the diagonal serves its rows and its columns."""
        if self.transposed or (block.within and not block.on_diagonal):
            self.offer(block.squares, block.first, block.top, columns=True)
        if not self.transposed:
            self.offer(block.squares, block.top, block.first)

    def offer(self, squares: Tensor, top: int, first: int, *, columns: bool = False) -> None:
        """Merge the candidates from ``first`` into the best of those from ``top``, rows of squares or its columns."""
        loop = loop_for(squares, _columns_loop if columns else _rows_loop)
        here = slice(top, top + squares.shape[1 if columns else 0])
        if loop is None:
            self._merge(squares.T if columns else squares, here, first)
            return
        own = torch.full_like(self.index[here, 0], -1) if self.own is None else self.own[here]
        loop(*(each.numpy() for each in (squares, own - first, self.best[here], self.index[here])), first)

    def _merge(self, squares: Tensor, here: slice, first: int) -> None:
        width = self.best.shape[1]
        if self.own is not None:
            column = self.own[here] - first
            row = ((column >= 0) & (column < squares.shape[1])).nonzero().flatten()
            squares = squares.clone() if len(row) else squares
            squares[row, column[row]] = torch.inf
        near, column = squares.topk(min(width, squares.shape[1]), dim=1, largest=False, sorted=False)
        near, order = torch.cat([self.best[here], near], 1).topk(width, dim=1, largest=False, sorted=False)
        self.index[here] = torch.cat([self.index[here], column + first], 1).gather(1, order)
        self.best[here] = near

    def finish(self) -> Nearest:
        """Return exact neighbours; rows whose candidates are not proven enough are searched again, harder."""
        nearest = self._measure()
        kth = nearest.squares[:, -1]
        limit = self.best.amax(1).double() - self.left.slack * (self.left.norms.double() + self.right.norms.max())
        doubtful = ((kth > limit) & (kth > 0)).nonzero().flatten()
        for part in doubtful.split(BLOCK if self.spare < MANY_SPARE else 1) if len(doubtful) else ():
            better = self._again(part) if self.spare < MANY_SPARE else self._exhaust(part)
            nearest.squares[part], nearest.index[part] = better.squares, better.index
        return nearest

    def _measure(self) -> Nearest:
        """Measure all candidates exactly and keep the k nearest, of equally near ones the first."""
        n, width = self.best.shape
        self.index, order = self.index.sort(dim=1)
        self.best = self.best.gather(1, order)
        row = torch.arange(n, device=self.best.device).repeat_interleave(width)
        squares = exact_squares(self.left.original, self.right.original, row, self.index.flatten()).view(n, width)
        squares, order = squares.masked_fill_(self.best.isinf(), torch.inf).sort(dim=1, stable=True)
        return Nearest(squares[:, : self.k].contiguous(), self.index.gather(1, order)[:, : self.k].contiguous())

    def _again(self, part: Tensor) -> Nearest:
        """Search for the rows of ``part`` in float64 with many candidates."""
        centre = self.left.original[part].double().mean(0)
        left = centred_rows(self.left.original[part], centre, torch.float64)
        right = centred_rows(self.right.original, centre, torch.float64)
        own = None if self.own is None else self.own[part]
        start = partial(Search, k=self.k, own=own, spare=MANY_SPARE)
        nearest: Nearest = distance_pass(left, right, {"nearest": start})["nearest"]
        return nearest

    def _exhaust(self, part: Tensor) -> Nearest:
        """Measure everything exactly: only samples full of near copies need it."""
        every = torch.arange(len(self.right), device=part.device)
        squares = exact_squares(self.left.original, self.right.original, part.expand(len(every)).contiguous(), every)
        if self.own is not None:
            squares[self.own[part]] = torch.inf
        near, index = squares.topk(self.k, largest=False, sorted=True)
        return Nearest(near[None], index[None])


def _rows_loop(squares: Any, own: Any, best: Any, index: Any, first: int) -> None:
    """Merge each row of ``squares`` into its ``best``; ``own`` is the column that is the row itself."""
    for i in range(squares.shape[0]):
        worst = best[i].argmax()
        limit = best[i, worst]
        for j in range(squares.shape[1]):
            if squares[i, j] < limit and j != own[i]:
                best[i, worst], index[i, worst] = squares[i, j], first + j
                worst = best[i].argmax()
                limit = best[i, worst]


def _columns_loop(squares: Any, own: Any, best: Any, index: Any, first: int) -> None:
    """Merge each column of ``squares`` into its ``best``, reading row by row; ``own`` is the row that it is itself."""
    limits = np.empty_like(best[:, 0])
    for j in range(len(limits)):
        limits[j] = best[j].max()
    for i in range(squares.shape[0]):
        for j in range(squares.shape[1]):
            if squares[i, j] < limits[j] and i != own[j]:
                worst = best[j].argmax()
                best[j, worst], index[j, worst] = squares[i, j], first + i
                limits[j] = best[j].max()


class OverNearest:
    """A reduction over the rows of ``left`` that are as far as ``near`` (m,), squared, from each row of ``right``.

    ``of`` gives values (p,) of pairs of rows; the result is their mean and their least, (m,) each. No order of the rows
    shows in them: where several rows are equally near, to 12 digits, none of them is chosen.
    """

    def __init__(self, left: CentredRows, right: CentredRows, near: Tensor, of: OfPairs) -> None:
        self.left, self.right, self.near, self.of = left, right, near, of
        self.count, self.sum = torch.zeros_like(near), torch.zeros_like(near)
        self.least = torch.full_like(near, torch.inf)

    def visit(self, block: Block) -> None:
        row, column = self.within(block, block.squares, self.left.slack)
        if block.squares.dtype != torch.float64 and len(row) > MANY * block.squares.numel():
            row, column = self.within(block, in_float64(block), self.left.slack_of(torch.float64))
        i, j = row + block.top, column + block.first
        squares = exact_squares(self.left.original, self.right.original, i, j)
        as_near = (squares <= self.near[j] * TIE) & (squares * TIE >= self.near[j])
        i, j = i[as_near], j[as_near]
        values = self.of(i, j).double()
        self.count.index_add_(0, j, torch.ones_like(values))
        self.sum.index_add_(0, j, values)
        self.least.scatter_reduce_(0, j, values, "amin")

    def within(self, block: Block, squares: Tensor, slack: float) -> tuple[Tensor, Tensor]:
        """Return the pairs of a block that may be as near as asked."""
        largest = float(self.left.norms[block.rows].max())
        doubt = slack * (largest + self.right.norms[block.columns].double())
        reach = (self.near[block.columns] * TIE + doubt) * (1 + torch.finfo(squares.dtype).eps)
        row, column = (squares <= reach.to(squares.dtype)).nonzero(as_tuple=True)
        return row, column

    def finish(self) -> tuple[Tensor, Tensor]:
        return self.sum / self.count, self.least


def search_within(sample: CentredRows, same: CentredRows, k: int) -> Reduction:
    """Return the search for neighbours of each row among the others of its own sample."""
    if tree_is_faster(sample, same):
        return WithoutBlocks(partial(tree_search, sample, same, k, within=True))
    return Search(sample, same, k, own=torch.arange(len(sample), device=sample.centred.device))


def search_across(left: CentredRows, right: CentredRows, k: int) -> Reduction:
    """Return the search for neighbours of each row of ``left`` in ``right``."""
    return (
        WithoutBlocks(partial(tree_search, left, right, k)) if tree_is_faster(left, right) else Search(left, right, k)
    )


def search_back(left: CentredRows, right: CentredRows, k: int) -> Reduction:
    """Return the search for neighbours of each row of ``right`` in ``left``."""
    return (
        WithoutBlocks(partial(tree_search, right, left, k))
        if tree_is_faster(left, right)
        else Search(right, left, k, transposed=True)
    )


def tree_is_faster(left: CentredRows, right: CentredRows) -> bool:
    """Whether a tree beats blocks: for many points of few coordinates, on a CPU."""
    n, m, d = len(left), len(right), left.original.shape[1]
    return left.original.is_cpu and d <= LOW and n * m >= CROWD


def tree_search(left: CentredRows, right: CentredRows, k: int, *, within: bool = False) -> Nearest:
    """Find the k nearest of each row of ``left`` by a k-d tree, measured exactly; ``within`` a sample, others only."""
    largest = max(float(each.original.abs().max()) for each in (left, right))
    unit = 0.5 ** frexp(largest)[1]  # a power of two rounds nothing, and no square of what it leaves overflows
    points, others = ((each.original.double() * unit).numpy() for each in (left, right))
    tree = cKDTree(others, compact_nodes=False, balanced_tree=False)  # built faster, searched as fast
    near = tree.indices if within else cKDTree(points, compact_nodes=False, balanced_tree=False).indices
    index = np.empty((len(points), k + within), np.int64)
    index[near] = tree.query(points[near], np.arange(1, k + within + 1))[1]  # neighbours search in the same leaves
    rank = torch.from_numpy(index)
    if within:  # a row is its own nearest, except that one of many equal rows may not find itself: then the last goes
        own = rank == torch.arange(len(rank))[:, None]
        own[~own.any(1), -1] = True
        rank = rank[~own].view(len(rank), k)
    row = torch.arange(len(rank)).repeat_interleave(k)
    squares = exact_squares(left.original, right.original, row, rank.flatten()).view(len(rank), k)
    squares, order = squares.sort(dim=1, stable=True)
    return Nearest(squares, rank.gather(1, order))
