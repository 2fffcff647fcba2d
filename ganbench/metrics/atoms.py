"""Moment atoms: a few points that have a sample's mean and covariance, and so no Frechet distance to it."""

from __future__ import annotations

import torch
from torch import Tensor

from ganbench.errors import BadInput


def moment_atoms(mean: Tensor, covariance: Tensor, n: int | None = None) -> Tensor:
    """Return points whose mean and covariance are the given ones: ``mean +- sqrt(r l_i) u_i`` along eigenvectors u_i.

    Parameters
    ----------
    mean : Tensor, (d,)
        The mean.
    covariance : Tensor, (d, d)
        The covariance.
    n : int, optional
        About how many rows: every atom as often as fits, once at least. The given covariance is theirs with divisor
        n - 1; without ``n`` each atom comes once, and it is theirs with divisor n.

    Returns
    -------
    Tensor, (a multiple of 2 r, d), float64
        r is the number of directions in which there is any variance, at least 1.

    Raises
    ------
    BadInput
        Where the covariance has a clearly negative eigenvalue.

    Examples
    --------
    >>> from ganbench.metrics.atoms import moment_atoms
    >>> moment_atoms(torch.zeros(1), torch.eye(1)).tolist()
    [[1.0], [-1.0]]
    """
    values, vectors = torch.linalg.eigh(covariance.double())
    largest = float(values[-1])
    if float(values[0]) < -1e-6 * abs(largest):
        raise BadInput(f"covariance: expected no negative eigenvalue, got {float(values[0]):.3g}")
    kept = values > 1e-14 * largest
    if not bool(kept.any()):
        kept[-1] = True
    values, vectors = values[kept].clamp(min=0), vectors[:, kept]
    rank = len(values)
    times = 1 if n is None else max(1, n // (2 * rank))
    rows = 2 * rank * times
    shrunk = 1.0 if n is None else (rows - 1) / rows
    steps = (rank * shrunk * values).sqrt()[:, None] * vectors.T
    return (mean.double() + torch.stack([steps, -steps], 1).flatten(0, 1)).repeat(times, 1)
