"""Tr (S_a S_b)^(1/2) in many dimensions, at the price of one symmetric eigenvalue problem.

With F'F = S_a and G'G = S_b it is the sum of the singular values of FG', the roots of the eigenvalues of its Gram
matrix. A solver's error is relative to the largest eigenvalue, and the roots of small ones would show it, unless the
matrix is graded, that is, its rows fall in size: then small eigenvalues are right relative to their own size (Barlow
and Demmel, 1990). Here it is made graded: covariances are factored by Cholesky with pivots, rows are sorted before QR
factorisations from both sides, and one step of the LR iteration follows. All of it on the CPU, which has the pivots.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import eigvalsh
from scipy.linalg.blas import dtrmm
from scipy.linalg.lapack import dlauum, dpstrf
from torch import Tensor

from ganbench.metrics._engine.blocks import differences, doubled_gram, pieces
from ganbench.metrics.feature_vectors import Features

SMALL = 512  # dimensions up to which singular values themselves cost nothing
ROWS = 8192  # rows that are held in float64 at once
TINY = 1e-290  # a variance below is none: products of its root leave the range of float64
KEPT = 1e-5  # of a squared length, what elimination must leave to be right to 1e-10; features of networks keep 1e-4
EPSILON = float(torch.finfo(torch.float64).eps)


def trace_of_root(a: Features, b: Features) -> float:
    """Return Tr (S_a S_b)^(1/2) for the covariances of two samples."""
    live, scale = balance(variances(a), variances(b))
    roots = [triangle(sample, live, unit) for sample, unit in ((a, scale), (b, 1 / scale))]
    if roots[0] is not None and roots[1] is not None:
        product = product_of_triangles(*roots[0], *roots[1])
        total = sum_of_roots(gram(product), KEPT)
        return nuclear_norm(product) if total is None else total
    factors = [
        rows_of(sample, live, unit) if root is None else upright(*root)
        for sample, unit, root in zip((a, b), (scale, 1 / scale), roots, strict=True)
    ]
    return nuclear_norm(factors[0] @ factors[1].T)


def nuclear_norm(product: Tensor) -> float:
    """Return the sum of the singular values of a matrix."""
    if min(product.shape) <= SMALL:
        return float(torch.linalg.svdvals(product).sum())
    narrow = (product if product.shape[0] <= product.shape[1] else product.T).cpu()
    falling = narrow.square().sum(1).argsort(descending=True, stable=True)
    upper = torch.linalg.qr(narrow[falling], mode="r").R
    return sum_of_roots(gram(torch.linalg.qr(upper.T, mode="r").R)) or 0.0


def sum_of_roots(lower: NDArray[np.float64], kept: float = 0.0) -> float | None:
    """Return the sum of the roots of the eigenvalues of a symmetric matrix, given by its lower half, which is lost.

    None where its Cholesky factorisation leaves less than a share ``kept`` of a diagonal element: what is left has lost
    as many digits.
    """
    if not len(lower):
        return 0.0
    diagonal = lower.diagonal().copy()
    lower, pivots, rank, _ = dpstrf(lower, tol=0.0, lower=1, overwrite_a=1)
    if not rank:
        return 0.0
    if kept and (lower.diagonal() ** 2 < kept * diagonal[pivots - 1]).any():
        return None
    lower[:, rank:] = 0
    product, _ = dlauum(lower, lower=1, overwrite_c=1)
    values = eigvalsh(product[:rank, :rank], lower=True, overwrite_a=True, check_finite=False)
    return float(np.sqrt(np.clip(values, 0, None)).sum())


def gram(rows: Tensor) -> NDArray[np.float64]:
    """Return XX' in the order of Fortran."""
    return (doubled_gram(rows.contiguous()) / -2).numpy().T


def tall(sample: Features) -> bool:
    """Whether there are more rows than dimensions."""
    return len(sample) > sample.dim


def variances(sample: Features) -> Tensor:
    """Return the variances of the coordinates, (d,); those of few rows without the covariance."""
    if tall(sample):
        return sample.moments.scatter.diagonal().cpu() / (len(sample) - 1)
    sums = sample.mean.new_empty(len(pieces(sample.values)), sample.dim)
    for place, part in zip(sums, differences(sample.values, sample.mean), strict=True):
        torch.sum(part.square_(), 0, out=place)
    return sums.sum(0).cpu() / (len(sample) - 1)


def contrasts(rows: Tensor) -> Tensor:
    """Return n - 1 rows with the scatter of n centred ones (Helmert), so that centring leaves no zero direction."""
    k = torch.arange(1, len(rows), dtype=rows.dtype, device=rows.device)[:, None]
    return (rows.cumsum(0)[:-1] - k * rows[1:]) / (k * (k + 1)).sqrt()


def balance(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Return which coordinates vary in both samples, and t with ``a t^2 = b / t^2`` of their variances.

    The trace of the root of (TAT)(B/T/T) is that of AB, and neither has coordinates of another scale than the other.
    """
    live = ((a > TINY) & (b > TINY)).nonzero().flatten()
    return live, b[live] ** 0.25 / a[live] ** 0.25


def triangle(sample: Features, live: Tensor, unit: Tensor) -> tuple[NDArray[np.float64], Tensor] | None:
    """Return a lower triangular L and an order with LL' the covariance of coordinates so ordered, in other units.

    None where there are too few rows, or where a coordinate is a combination of others, up to rounding.
    """
    if not tall(sample) or not len(live):
        return None
    covariance = sample.covariance.cpu()
    covariance = covariance if len(live) == len(covariance) else covariance[live][:, live]
    covariance = (covariance * unit).mul_(unit[:, None])
    diagonal = covariance.diagonal().clone()
    lower, pivots, rank, _ = dpstrf(covariance.numpy().T, tol=0.0, lower=1, overwrite_a=1)
    order = torch.from_numpy(pivots.astype(np.int64) - 1)
    left = torch.from_numpy(lower.diagonal().copy()).square() / diagonal[order]
    return (lower, order) if rank == len(lower) and float(left.min()) > len(lower) * EPSILON else None


def product_of_triangles(a: NDArray[np.float64], order_a: Tensor, b: NDArray[np.float64], order_b: Tensor) -> Tensor:
    """Return L'M of two lower triangles whose rows are coordinates in orders of their own."""
    places = order_b.argsort()[order_a].numpy()
    rows = np.asfortranarray(np.tril(b)[places])
    return torch.from_numpy(dtrmm(1.0, a, rows, trans_a=1, lower=1, overwrite_b=1).T)


def upright(lower: NDArray[np.float64], order: Tensor) -> Tensor:
    """Return F with F'F = LL', its columns in the order of coordinates."""
    return torch.from_numpy(np.tril(lower)).T[:, order.argsort()]


def rows_of(sample: Features, live: Tensor, unit: Tensor) -> Tensor:
    """Return F, (r, d), with F'F the covariance in other units: contrasts of few rows, QR of many."""
    unit = unit / (len(sample) - 1) ** 0.5
    parts = sample.values.split(ROWS if tall(sample) else len(sample))
    blocks = ((part.double() - sample.mean).cpu()[:, live] * unit for part in parts)
    if not tall(sample):
        return contrasts(next(blocks))
    upper = unit.new_zeros(0, len(live))
    for block in blocks:
        upper = torch.linalg.qr(torch.cat([upper, block]), mode="r").R
    return upper
