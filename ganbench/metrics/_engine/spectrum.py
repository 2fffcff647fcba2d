"""Tr (S_a S_b)^(1/2) in many dimensions by the cheapest symmetric product, where rounding is harmless."""

from __future__ import annotations

import torch
from scipy.linalg import eigvalsh
from scipy.linalg.blas import dtrmm
from scipy.linalg.lapack import dsygst
from torch import Tensor

from ganbench.metrics._engine.blocks import differences, doubled_gram
from ganbench.metrics.features import Features

TOLERANCE = 1e-9  # relative error of the distance that the roots of rounded eigenvalues may cause
COLUMNS = 256  # coordinates that are held in float64 at once


def trace_of_root(squares: Tensor, whole: float) -> float | None:
    """Return the sum of the roots of eigenvalues that err by ``noise`` each, or None where that may matter.

    A square root near zero makes noise large: it must be small beside ``whole`` less twice the sum.
    """
    squares = squares.clamp(min=0)
    total, noise = float(squares.sqrt().sum()), squares[-1] * torch.finfo(squares.dtype).eps * 8
    harmless = 2 * float((noise / (squares + noise).sqrt()).sum()) < TOLERANCE * (whole - 2 * total)
    return total if harmless else None


def contrasts(rows: Tensor) -> Tensor:
    """Return n - 1 rows with the scatter of n centred ones (Helmert), so that centring leaves no zero direction."""
    k = torch.arange(1, len(rows), dtype=rows.dtype, device=rows.device)[:, None]
    return (rows.cumsum(0)[:-1] - k * rows[1:]) / (k * (k + 1)).sqrt()


def tall(sample: Features) -> bool:
    """Whether there are more rows than dimensions."""
    return len(sample) > sample.dim


def variance(sample: Features) -> float:
    """Return the trace of the covariance; that of few rows without the matrix."""
    if tall(sample):
        return float(sample.moments.scatter.trace()) / (len(sample) - 1)
    return sum(float(part.square().sum()) for part in differences(sample.values, sample.mean)) / (len(sample) - 1)


def of_tall(root: Tensor, sample: Features) -> Tensor:
    """Return the eigenvalues, ascending, of R S R' for an upper triangular R and the sample's covariance S."""
    scatter = sample.moments.scatter
    if not scatter.is_cpu:
        return torch.linalg.eigvalsh(root @ scatter @ root.T) / (len(sample) - 1)
    product, _ = dsygst(scatter.numpy().T, root.numpy().T, itype=2, lower=1)  # a half of R S R' by a half of the work
    values = eigvalsh(product, lower=True, overwrite_a=True, check_finite=False)
    return torch.from_numpy(values) / (len(sample) - 1)


def of_tall_and_short(root: Tensor, sample: Features) -> Tensor:
    """Return the eigenvalues, ascending, of X R'R X' for an upper triangular R and the sample's centred rows X."""
    rows = sample.values.double() - sample.mean
    if rows.is_cpu:  # in place, by a half of the products
        rows = torch.from_numpy(dtrmm(1.0, root.numpy().T, rows.numpy().T, lower=1, trans_a=1, overwrite_b=1).T)
    else:
        rows = rows @ root.T
    inner = contrasts(contrasts(doubled_gram(rows).div_(-2)).T)
    return torch.linalg.eigvalsh(inner) / (len(sample) - 1)


def of_short(a: Features, b: Features) -> Tensor:
    """Return the squared singular values, ascending, of XY' for the centred rows X and Y of two samples."""
    product = a.mean.new_zeros(len(a), len(b))
    for first in range(0, a.dim, COLUMNS):
        here = slice(first, first + COLUMNS)
        x, y = (sample.values[:, here].double() - sample.mean[here] for sample in (a, b))
        product.addmm_(x, y.T)
    product = contrasts(contrasts(product).T)
    narrow = product if product.shape[0] <= product.shape[1] else product.T.contiguous()
    return torch.linalg.eigvalsh(doubled_gram(narrow).div_(-2)) / ((len(a) - 1) * (len(b) - 1))
