"""The median squared distance between the rows of one cloud, exact at the speed of rounded products."""

from __future__ import annotations

import torch
from torch import Tensor

from ganbench.metrics.distances import BLOCK, Rows, exact_squares, products, rows
from ganbench.metrics.rounding import working_type

FEW = 2.0**-4  # share of the pairs up to which measuring those in doubt again beats exact products of all


def median_square(values: Tensor, centre: Tensor) -> float | None:
    """Return the lower median of the squared distances between different rows, zeros left out; None without any."""
    cloud = rows(values, centre, working_type(values, values, centre))
    found = _by_few(cloud) if cloud.centred.dtype == torch.float32 else None
    return _by_all(rows(values, centre, torch.float64)) if found is None else found


def _by_all(cloud: Rows) -> float | None:
    """Return the median of float64 products; what they cannot tell from zero is zero."""
    first, second = torch.triu_indices(len(cloud), len(cloud), 1, device=cloud.centred.device)
    squares = products(cloud, cloud, slice(None), slice(None))[first, second]
    squares = squares[squares > cloud.slack * (cloud.norms[first] + cloud.norms[second])]
    return float(squares.median()) if len(squares) else None


def _by_few(cloud: Rows) -> float | None:
    """Measure the pairs that may be the median, None where many may be or some may be zero.

    Rounding moves each square, and so the one of any rank, by at most ``error``.
    """
    error = 2.01 * cloud.slack * float(cloud.norms.max())  # a little more, for the bounds below are rounded too
    starts, squares = _upper(cloud)
    flat = torch.cat([block.flatten() for block in squares])
    rank = (len(cloud) * (len(cloud) - 1) // 2 + 1) // 2
    middle = float(flat.kthvalue(rank).values)
    low, high = middle - 2 * error, middle + 2 * error
    if float(flat.min()) <= error or int(((flat >= low) & (flat <= high)).sum()) > FEW * len(flat):
        return None
    exact = []
    for (top, first), block in zip(starts, squares, strict=True):
        row, column = ((block >= low) & (block <= high)).nonzero(as_tuple=True)
        exact.append(exact_squares(cloud.original, cloud.original, row + top, column + first))
    return float(torch.cat(exact).kthvalue(rank - int((flat < low).sum())).values)


def _upper(cloud: Rows) -> tuple[list[tuple[int, int]], list[Tensor]]:
    """Return where the blocks above the diagonal begin, and their rounded squares, infinite for no new pair."""
    starts = [(i, j) for i in range(0, len(cloud), BLOCK) for j in range(i, len(cloud), BLOCK)]
    squares = [products(cloud, cloud, slice(i, i + BLOCK), slice(j, j + BLOCK)) for i, j in starts]
    for (i, j), block in zip(starts, squares, strict=True):
        if i == j:
            block.masked_fill_(torch.ones_like(block, dtype=torch.bool).tril_(), torch.inf)
    return starts, squares
