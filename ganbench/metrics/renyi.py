"""Renyi kernel entropies: how many modes samples have, and how far their kernel is from that of the reals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics._engine.blocks import MakeReduction, exact_squares, rounded_squares
from ganbench.metrics._engine.kernel_sums import NEAR, Gaussian
from ganbench.metrics._engine.pairs import Pair, Reductions, Requirement, pair_of
from ganbench.metrics.cost import Cost
from ganbench.metrics.feature_vectors import Features, at_least, count
from ganbench.metrics.kernels import median_distance, spread_rows, sums_of
from ganbench.metrics.spec import distance_metric, metric

SHARE = 0.5  # of the median distance between reals: the default bandwidth


def bandwidth_of(real: Features, bandwidth: float | None) -> float:
    """Return the bandwidth, by default half the median distance between reals; raises BadInput for a senseless one."""
    if bandwidth is None:
        return SHARE * median_distance(real)
    if not 0 < bandwidth < math.inf:
        raise BadInput(f"bandwidth: expected a positive number, got {bandwidth!r}")
    return float(bandwidth)


@dataclass(frozen=True)
class SquaredKernel(Requirement):
    """The sum of the squared Gaussian kernel over the pairs of fakes."""

    cost: ClassVar[Cost] = Cost.parse("0.5 m^2 d + 150 m^2")

    bandwidth: float | None = None

    def kernel(self, pair: Pair) -> Gaussian:
        """Return the square of the kernel, which is a Gaussian too, of a smaller bandwidth."""
        return Gaussian((bandwidth_of(pair.real, self.bandwidth) / math.sqrt(2),))

    def reductions(self, pair: Pair) -> Reductions:
        at_least(pair.fake, 1)
        kernel = self.kernel(pair)
        make: dict[Any, MakeReduction] = {kernel: sums_of(kernel)}
        return Reductions(fake=make)


@metric(
    better="higher",
    scale="linear",
    bounds=(1.0, math.inf),
    invariances={"rotation", "translation", "scale", "permutation"},
    minimum=1000,
    requires=(SquaredKernel(),),
    cost="20 m",
)
def rke(real: Any, fake: Any, *, bandwidth: float | None = None) -> float:
    """Renyi kernel entropy of order 2: about how many modes the fakes have, larger than the bandwidth apart.

    The bandwidth decides what a mode is, and values of two bandwidths do not compare; the reals serve for it alone.
    Noise scores best, as by ``vendi``: read it beside the value of held-out reals.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features; with the default bandwidth the reals must differ.
    bandwidth : float or None, default None
        In units of the features. By default half the median distance between reals, one for all models.

    Returns
    -------
    float, at least 1
        The number of modes, at most m; higher is better.

    Raises
    ------
    BadInput
        For no fakes, a bandwidth that is not positive, or reals without spread.

    Notes
    -----
    ``1 / mean of k(y, y')^2`` over all pairs of fakes, each with itself included, with the Gaussian kernel
    ``k(y, y') = exp(-|y - y'|^2 / (2 bandwidth^2))``.

    References
    ----------
    .. [1] Jalali et al., 2023, NeurIPS, An Information-Theoretic Evaluation of Generative Models (RKE)

    Examples
    --------
    >>> from ganbench.metrics import rke
    >>> round(rke([[0.0], [1.0]], [[0.0], [0.0], [99.0], [99.0]], bandwidth=1.0), 6)
    2.0
    """
    pair, key = pair_of(real, fake), SquaredKernel(bandwidth)
    key.reductions(pair).run(pair)
    less_one = float(pair.fake.derived[key.kernel(pair)]) / len(pair.fake) ** 2
    return 1 / max(1 + less_one, 1 / len(pair.fake))


@distance_metric(
    invariances={"identity", "rotation", "translation", "scale", "permutation"},
    minimum=1000,
    slow=True,
    cost="2 min(n, rows) min(m, rows) d + 10 min(n, m, rows)^3",
)
def rrke(real: Any, fake: Any, *, bandwidth: float | None = None, rows: int = 2000) -> float:
    """Relative Renyi kernel entropy of order 1/2: how far the modes of the fakes are from those of the reals.

    Singular values of a kernel matrix take time with the cube of its rows: of more than ``rows`` so many are taken,
    evenly by their distance from the mean. Two samples of one distribution read more than 0, less with more rows.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, 1 row or more of each; with the default bandwidth the reals must differ.
    bandwidth : float or None, default None
        In units of the features; as in `rke`, half the median distance between reals unless it is given.
    rows : int, default 2000
        Rows of either sample that are compared at most.

    Returns
    -------
    float, at least 0
        The divergence in nats; lower is better, ideally 0.

    Raises
    ------
    BadInput
        For an empty sample, a bandwidth that is not positive, no rows, reals without spread, and samples so far from
        the reals, in bandwidths, that the kernel is zero.

    Notes
    -----
    ``-log (|K|_*^2 / (n m))`` with ``|K|_*`` the sum of singular values of the kernel between reals and fakes.

    References
    ----------
    .. [1] Jalali et al., 2023, NeurIPS, An Information-Theoretic Evaluation of Generative Models (relative RKE)

    Examples
    --------
    >>> from ganbench.metrics import rrke
    >>> round(rrke([[0.0], [99.0]], [[0.0], [50.0]], bandwidth=1.0), 4)
    1.3863
    """
    count("rows", rows)
    pair = pair_of(real, fake)
    for sample in (pair.real, pair.fake):
        at_least(sample, 1)
    width = bandwidth_of(pair.real, bandwidth)
    kernel = torch.exp(squares_of(pair, rows) * (-0.5 / width**2))
    norm = float(torch.linalg.svdvals(kernel).sum())
    if not norm > 0:
        raise BadInput(f"fake: expected rows within sight of some real, by a kernel of bandwidth {width:.4g}; got none")
    return max(math.log(kernel.numel()) - 2 * math.log(norm), 0.0)


def squares_of(pair: Pair, rows: int) -> Tensor:
    """Return squared distances of some real rows to some fake rows, (n, m) in float64; near ones measured again."""
    left, right = (
        whole.part(spread_rows(sample, rows)) for whole, sample in zip(pair.rows, (pair.real, pair.fake), strict=True)
    )
    squares = rounded_squares(left, right, slice(None), slice(None)).double()
    near = squares < NEAR * float(left.norms.max() + right.norms.max())
    i, j = near.nonzero(as_tuple=True)
    squares[i, j] = exact_squares(left.original, right.original, i, j)
    return squares
