"""The Frechet distance between two clouds, or between the Gaussians that share their moments."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics.base import metric
from ganbench.metrics.features import Features, at_least, both
from ganbench.metrics.moments import gram
from ganbench.metrics.spectrum import (
    contrasts,
    of_short,
    of_tall,
    of_tall_and_short,
    tall,
    trace_of_root,
    variance,
)

SMALL = 512  # dimensions up to which the most accurate factorisations cost nothing


@metric(
    needs=("real", "fake"),
    better="lower",
    ideal=0.0,
    bounds=(0.0, float("inf")),
    paper="Heusel et al., 2017, arXiv:1706.08500, eq. 6",
    laws={"identity", "symmetric", "rotation", "translation", "permutation"},
    minimum=2048,
)
def fid(real: Any, fake: Any) -> float:
    """Squared Frechet distance |mu_r - mu_f|^2 + Tr(S_r + S_f - 2 (S_r S_f)^(1/2)), covariances with ddof 1.

    ``real`` (n, d) and ``fake`` (m, d) in any units; the value is in their square. Biased upwards by order
    1/n + 1/m: compare at equal sizes only. Raises BadInput for fewer than 2 rows.
    """
    r, f = both(real, fake)
    at_least(r, 2)
    at_least(f, 2)
    found = _wide_distance(r, f) if r.dim > SMALL else None
    return _distance(r.mean - f.mean, root(r), root(f)) if found is None else found


def frechet_distance(mean_a: Any, cov_a: Any, mean_b: Any, cov_b: Any) -> float:
    """Squared Frechet distance between N(mean_a, cov_a) and N(mean_b, cov_b) (Dowson and Landau, 1982).

    Means (d,), covariances (d, d). Raises BadInput for shapes that do not fit, numbers that are not finite and
    covariances that are not symmetric or have a clearly negative eigenvalue.
    """
    a, b = _gaussian("a", mean_a, cov_a), _gaussian("b", mean_b, cov_b)
    if len(a[0]) != len(b[0]):
        raise BadInput(f"mean_b: expected {len(a[0])} numbers as in mean_a, got {len(b[0])}")
    return _distance(a[0] - b[0], symmetric_root(a[1], "cov_a"), symmetric_root(b[1], "cov_b"))


def root(cloud: Features) -> Tensor:
    """Return some F, (r, d), with F'F the covariance, as accurate as the cloud allows.

    Fewer rows than dimensions: contrasts of the centred rows. Few dimensions: QR of the rows. Otherwise
    Cholesky's factor, and QR again where the covariance is singular.
    """
    if "root" not in cloud.derived:
        cloud.derived["root"] = _root(cloud)
    factor: Tensor = cloud.derived["root"]
    return factor


def _root(cloud: Features) -> Tensor:
    if len(cloud) > cloud.dim > SMALL:
        factor, failed = torch.linalg.cholesky_ex(cloud.covariance, upper=True)
        if not int(failed):
            return factor
    rows = (cloud.values.double() - cloud.mean) / (len(cloud) - 1) ** 0.5
    return contrasts(rows) if len(cloud) <= cloud.dim else torch.linalg.qr(rows, mode="r").R


def symmetric_root(covariance: Tensor, name: str) -> Tensor:
    """Return F with F'F = ``covariance`` by its eigenvectors; raises BadInput where it is no covariance."""
    values, vectors = torch.linalg.eigh(covariance)
    if float(values[0]) < -1e-6 * float(values.abs().max()):
        raise BadInput(f"{name}: expected no negative eigenvalue, got {float(values[0]):.3g}")
    return values.clamp(min=0).sqrt()[:, None] * vectors.T


def _wide_distance(r: Features, f: Features) -> float | None:
    """Return the distance from eigenvalues of the smallest symmetric product, None where rounding would show."""
    whole = float((r.mean - f.mean).square().sum()) + variance(r) + variance(f)
    if tall(r):
        squares = (of_tall if tall(f) else of_tall_and_short)(root(r), f)
    else:
        squares = of_tall_and_short(root(f), r) if tall(f) else of_short(r, f)
    total = trace_of_root(squares, whole)
    return None if total is None else max(whole - 2 * total, 0.0)


def _distance(shift: Tensor, root_a: Tensor, root_b: Tensor) -> float:
    """Put the formula together; rounding below zero is cut, for no squared distance is negative."""
    spread = root_a.square().sum() + root_b.square().sum()
    whole = float(shift.square().sum() + spread)
    return max(whole - 2 * nuclear_norm(root_a @ root_b.T, whole), 0.0)


def nuclear_norm(product: Tensor, whole: float) -> float:
    """Return the sum of singular values: with F'F = A and G'G = B, that of FG' is Tr (AB)^(1/2).

    The eigenvalues of the smaller Gram matrix are several times faster, and used where they are good enough.
    """
    if min(product.shape) > SMALL:
        narrow = product.T if product.shape[0] <= product.shape[1] else product
        total = trace_of_root(torch.linalg.eigvalsh(gram([narrow], narrow[0])), whole)
        if total is not None:
            return total
    return float(torch.linalg.svdvals(product).sum())


def _gaussian(which: str, mean: Any, cov: Any) -> tuple[Tensor, Tensor]:
    """Return the parameters in float64, checked."""
    mu, sigma = (torch.as_tensor(value).detach().double() for value in (mean, cov))
    if mu.ndim != 1 or sigma.shape != (len(mu), len(mu)):
        raise BadInput(
            f"cov_{which}: expected a (d,) mean and a (d, d) covariance, got {(*mu.shape,)}, {(*sigma.shape,)}"
        )
    if not bool(mu.isfinite().all() and sigma.isfinite().all()):
        raise BadInput(f"cov_{which}: expected finite numbers in the mean and the covariance")
    if float((sigma - sigma.T).abs().max()) > 1e-6 * float(sigma.abs().max()):
        raise BadInput(f"cov_{which}: expected a symmetric matrix")
    return mu, (sigma + sigma.T) / 2
