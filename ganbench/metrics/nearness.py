"""How near each row of one cloud comes to a row of another, in units of that row's radius."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganbench.metrics.compiled import loop_for
from ganbench.metrics.distances import Block, Rows, exact_squares


class NearestByRadius:
    """A study of max_i radius_i / |x_i - y_j| over the rows of ``left`` that take part, for each row y_j of ``right``.

    ``radii`` (n,) are squared radii, NaN for rows that take no part. Finds (m,) in float64, infinite on a row itself.
    """

    def __init__(self, left: Rows, right: Rows, radii: Tensor) -> None:
        self.left, self.right, self.radii = left, right, radii
        self.best = torch.full((len(right),), -1.0, dtype=torch.float64, device=radii.device)
        self.winner = torch.zeros_like(self.best, dtype=torch.long)

    def visit(self, block: Block) -> None:
        """Take the largest ratio of squares, and who has it, of rounded distances."""
        radii, best, winner = self.radii[block.rows], self.best[block.columns], self.winner[block.columns]
        loop = loop_for(block.squares, _ratio_loop)
        if loop is not None:
            loop(*(each.numpy() for each in (block.squares, radii, best, winner)), block.top)
            return
        squares = block.squares.double().clamp_(min=0)
        part = radii[:, None].isnan()
        ratio, row = (radii[:, None] / squares).nan_to_num_(nan=torch.inf).masked_fill_(part, -1.0).max(0)
        better = ratio > best
        best[better], winner[better] = ratio[better], row[better] + block.top

    def finish(self) -> Tensor:
        """Measure the winners exactly."""
        every = torch.arange(len(self.right), device=self.winner.device)
        squares = exact_squares(self.left.original, self.right.original, self.winner, every)
        return (self.radii[self.winner] / squares).nan_to_num(nan=torch.inf, posinf=torch.inf).sqrt()


def _ratio_loop(squares: Any, radii: Any, best: Any, winner: Any, top: int) -> None:
    """Update ``best`` by products, for a ratio is infinite at zero and slow."""
    for i in range(squares.shape[0]):
        if not np.isnan(radii[i]):
            for j in range(squares.shape[1]):
                if squares[i, j] <= 0:
                    if best[j] < np.inf:
                        best[j], winner[j] = np.inf, top + i
                elif radii[i] > best[j] * squares[i, j]:
                    best[j], winner[j] = radii[i] / squares[i, j], top + i
