"""The median squared distance between the rows of one sample, exact at the speed of rounded products."""

from __future__ import annotations

import torch
from torch import Tensor

from ganbench.metrics._engine.blocks import (
    BLOCK,
    CentredRows,
    centred_rows,
    exact_squares,
    in_full_precision,
    rounded_squares,
    working_type,
)

FEW = 2.0**-4  # share of the pairs up to which measuring those in doubt again beats exact products of all


def median_square(values: Tensor, centre: Tensor) -> float | None:
    """Return the lower median of the squared distances between different rows, zeros left out; None without any."""
    sample = centred_rows(values, centre, working_type(values, values, centre))
    with in_full_precision(values.device):
        square = _by_few(sample) if sample.centred.dtype == torch.float32 else None
    return _by_all(centred_rows(values, centre, torch.float64)) if square is None else square


def _by_all(sample: CentredRows) -> float | None:
    """Return the median of float64 products; what they cannot tell from zero is zero."""
    first, second = torch.triu_indices(len(sample), len(sample), 1, device=sample.centred.device)
    squares = rounded_squares(sample, sample, slice(None), slice(None))[first, second]
    squares = squares[squares > sample.slack * (sample.norms[first] + sample.norms[second])]
    return float(squares.median()) if len(squares) else None


def _by_few(sample: CentredRows) -> float | None:
    """Measure the pairs that may be the median, None where many may be or some may be zero.

    Rounding moves each square, and so the one of any rank, by at most ``error``.
    """
    error = 2.01 * sample.slack * float(sample.norms.max())  # a little more, for the bounds below are rounded too
    starts, squares = _upper(sample)
    flat = torch.cat([block.flatten() for block in squares])
    rank = (len(sample) * (len(sample) - 1) // 2 + 1) // 2
    middle = float(flat.kthvalue(rank).values)
    low, high = middle - 2 * error, middle + 2 * error
    if float(flat.min()) <= error or int(((flat >= low) & (flat <= high)).sum()) > FEW * len(flat):
        return None
    exact = []
    for (top, first), block in zip(starts, squares, strict=True):
        row, column = ((block >= low) & (block <= high)).nonzero(as_tuple=True)
        exact.append(exact_squares(sample.original, sample.original, row + top, column + first))
    return float(torch.cat(exact).kthvalue(rank - int((flat < low).sum())).values)


def _upper(sample: CentredRows) -> tuple[list[tuple[int, int]], list[Tensor]]:
    """Return where the blocks above the diagonal begin, and their rounded squares, infinite for no new pair."""
    starts = [(i, j) for i in range(0, len(sample), BLOCK) for j in range(i, len(sample), BLOCK)]
    squares = [rounded_squares(sample, sample, slice(i, i + BLOCK), slice(j, j + BLOCK)) for i, j in starts]
    for (i, j), block in zip(starts, squares, strict=True):
        if i == j:
            block.masked_fill_(torch.ones_like(block, dtype=torch.bool).tril_(), torch.inf)
    return starts, squares
