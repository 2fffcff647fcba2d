"""How varied samples are in feature space: the Vendi score, and mean pairwise distance beside the reference's."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics._engine.moments import gram
from ganbench.metrics.feature_vectors import features
from ganbench.metrics.spec import metric
from ganbench.metrics.transport import checked


def vendi_from_kernel(kernel: Tensor, order: float = 1.0) -> float:
    """Effective number of items of a similarity matrix (n, n) of unit diagonal: the Hill number of eig(K / n).

    Friedman & Dieng, 2023, definition 3.1 (order 1); Pasarkar & Dieng, 2023 (order q). Raises BadInput otherwise.
    """
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or not kernel.numel():
        raise BadInput(f"kernel: expected a square matrix, got shape {tuple(kernel.shape)}")
    if (kernel.diagonal() - 1).abs().max() > 1e-6 or not torch.allclose(kernel, kernel.T, atol=1e-6):
        raise BadInput("kernel: expected a symmetric matrix with ones on its diagonal")
    return hill_number(torch.linalg.eigvalsh(kernel.double() / len(kernel)), order)


def hill_number(eigenvalues: Tensor, order: float) -> float:
    """(sum of p^q)^(1 / (1 - q)); the exponential of the entropy for q = 1, 1 / max p for q = infinity."""
    if not order > 0:
        raise BadInput(f"order: expected a positive number or infinity, got {order}")
    p = eigenvalues[eigenvalues > 1e-12 * eigenvalues.max()]  # what is left of exact zeros is rounding
    p = p / p.sum()
    if order == 1:
        return torch.special.entr(p).sum().exp().item()
    if math.isinf(order):
        return 1 / p.max().item()
    return math.exp((order * p.log()).logsumexp(0).item() / (1 - order))


@metric(
    better="higher",
    scale="linear",
    bounds=(1.0, math.inf),
    invariances={"rotation", "scale", "permutation"},
    minimum=1000,
    cost="2 m d min(m, d) + 20 min(m, d)^3",
)
def vendi(fake: Any, *, order: float = 1.0) -> float:
    """Vendi score with the cosine kernel: the effective number of different samples.

    At most min(n, d). Grows with n until it saturates, so compare at one n; noise scores best.

    Parameters
    ----------
    fake : array_like, (m, d)
        Features without a row of zeros, (m, d).
    order : float, default 1.0
        Order q of the Hill number; 1 is the exponential of the entropy, infinity the inverse of the largest share.

    Returns
    -------
    float, at least 1
        The effective number; higher is better.

    Raises
    ------
    BadInput
        For no rows, a row of zeros, or an order that is not positive.

    Notes
    -----
    ``(sum of l_i^q)^(1 / (1 - q))`` over the eigenvalues l of the cosine similarities divided by m.

    References
    ----------
    .. [1] Friedman & Dieng, 2023, arXiv:2210.02410; order q: Pasarkar & Dieng, 2023, arXiv:2310.12952

    Examples
    --------
    >>> from ganbench.metrics import vendi
    >>> round(vendi([[1.0, 0.0], [0.0, 1.0]]), 6)
    2.0
    """
    x = features(fake, "fake").values
    if not len(x):
        raise BadInput("fake: expected at least one row, got none")
    for row in (x == 0).all(1).nonzero().flatten()[:1].tolist():
        raise BadInput(f"fake: row {row} is zero and has no direction to compare")
    if x.shape[1] < len(x):  # the same eigenvalues but for zeros
        products = gram((unit_rows(part) for part in x.split(1024)), x.new_zeros(x.shape[1], dtype=torch.float64))
    else:
        rows = unit_rows(x)
        products = rows @ rows.T
    return hill_number(torch.linalg.eigvalsh(products / len(x)), order)


def unit_rows(x: Tensor) -> Tensor:
    """Return the rows in float64 scaled to unit length."""
    x = x.double()
    x = x / x.abs().amax(1, keepdim=True).clamp(min=torch.finfo(x.dtype).tiny)  # squares of tiny rows stay above zero
    length = x.norm(dim=1, keepdim=True)
    return x / length


def mean_distance(x: Tensor) -> float:
    """Mean Euclidean distance over all pairs of different rows."""
    x = x - x.mean(0)  # distances from inner products lose the digits of the offset
    products = "use_mm_for_euclid_dist"
    total = torch.stack([torch.cdist(block, x, compute_mode=products).sum() for block in torch.split(x, 256)]).sum()
    return total.item() / (len(x) * (len(x) - 1))


@metric(
    better="target",
    scale="linear",
    ideal=1.0,
    bounds=(0.0, math.inf),
    invariances={"identity", "rotation", "translation", "scale", "permutation"},
    minimum=200,
    cost="2 n^2 d + 2 m^2 d",
)
def pairwise_distance_ratio(real: Any, fake: Any) -> float:
    """Mean pairwise distance within the samples over that within the reference.

    Below 1 collapsed, above 1 scattered.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, at least 2 rows each, of which the reals differ.

    Returns
    -------
    float, at least 0
        The ratio; best near 1.

    Raises
    ------
    BadInput
        For fewer than 2 rows, or a reference whose rows are copies of one.

    Notes
    -----
    ``E|y - y'| / E|x - x'|`` over different rows.

    References
    ----------
    .. [1] after the pairwise LPIPS diversity of Zhu et al., 2017 (BicycleGAN), arXiv:1711.11586

    Examples
    --------
    >>> from ganbench.metrics import pairwise_distance_ratio
    >>> pairwise_distance_ratio([[0.0], [2.0]], [[0.0], [1.0]])
    0.5
    """
    a, b = checked(real, fake)
    for name, x in (("real", a), ("fake", b)):
        if len(x) < 2:
            raise BadInput(f"{name}: expected at least 2 rows to make a pair, got {len(x)}")
    reference = mean_distance(a.values.double())  # one sample at a time: memory
    if not reference:
        raise BadInput("real: undefined, its rows are copies of one")
    return mean_distance(b.values.double()) / reference
