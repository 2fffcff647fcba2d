"""Clipped density and clipped coverage: calibrated, so that a share m of good samples reads m."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import betaln, gammaln
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics._engine.balls import CountBalls
from ganbench.metrics._engine.blocks import TIE, CentredRows, MakeReduction, distance_pass
from ganbench.metrics._engine.pairs import NearestAcross, NearestWithin, Pair, Reductions, Requirement, pair_of
from ganbench.metrics.cost import Cost
from ganbench.metrics.feature_vectors import Features, at_least, count
from ganbench.metrics.precision_recall import INVARIANT
from ganbench.metrics.spec import share_metric


@dataclass(frozen=True)
class ClippedBalls(Requirement):
    """How many real balls, no larger than the median one, hold each fake row; the key of the Balls by k too."""

    cost: ClassVar[Cost] = Cost.parse("0.5 n^2 d + n m d + 100 n^2 + 200 n m")

    k: int

    def reductions(self, pair: Pair) -> Reductions:
        at_least(pair.real, self.k + 1)
        at_least(pair.fake, 1)

        def make(left: CentredRows, right: CentredRows) -> CountBalls:
            nowhere = torch.full((len(right),), -torch.inf, dtype=torch.float64, device=left.original.device)
            return CountBalls(left, right, {self.k: (clipped_radii(pair.real, self.k), nowhere)})

        return Reductions((min(self.k + 1, len(pair.real) - 1), 0), cross={self: make})


def clipped_radii(sample: Features, k: int) -> Tensor:
    """Return the squared distance of each row to its k-th nearest other, at most the square of the median one, (n,)."""
    squares = sample.radii(k)
    radii = squares.sqrt().sort().values
    middle = (radii[(len(radii) - 1) // 2] + radii[len(radii) // 2]) / 2
    return squares.clamp(max=float(middle) ** 2)


def own_holders(sample: Features, k: int) -> Tensor:
    """Return how many clipped balls of other rows hold each row of the sample, (n,).

    Neighbours tell it; only where more rows than k lie on a ball's border are all rows measured.
    """
    radii = clipped_radii(sample, k)
    nearest = sample.nearest(min(k + 1, len(sample) - 1))
    inside = nearest.squares[:, :k] <= radii[:, None] * TIE
    border = nearest.squares[:, k] <= radii * TIE if nearest.squares.shape[1] > k else torch.zeros_like(inside[:, 0])
    members = nearest.index[:, :k][inside & ~border[:, None]]
    holders = torch.zeros(len(sample), dtype=torch.long, device=radii.device)
    holders.index_add_(0, members, torch.ones_like(members))
    tied = border.nonzero().flatten()
    if len(tied):
        nowhere = torch.full_like(radii, -torch.inf)
        part = sample.rows.part(tied)
        make: dict[Hashable, MakeReduction] = {
            "balls": lambda left, right: CountBalls(left, right, {k: (radii[tied], nowhere)})
        }
        holders += distance_pass(part, sample.rows, make)["balls"][k][0].holders
        holders[tied] -= 1  # a row lies in its own ball
    return holders


@share_metric(
    invariances=INVARIANT | {"identity"},
    minimum=1000,
    requires=(ClippedBalls(5),),
    cost="20 n + 20 m",
)
def clipped_density(real: Any, fake: Any, *, k: int = 5) -> float:
    """Share of good fakes, by how many real balls, none of them large, hold each of them.

    Where a share m of the fakes is drawn as the reals are and the rest lies far away, it reads m. Outliers among the
    reals, a share e of them, make it read m / (1 - e).

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, more than ``k`` rows of ``real`` and at least 1 of ``fake``.
    k : int, default 5
        A ball reaches to the k-th nearest other of its centre, and no farther than the median of these distances.

    Returns
    -------
    float, 0 to 1
        The share; higher is better, ideally 1.

    Raises
    ------
    BadInput
        Unless ``real`` has more than ``k`` rows and ``fake`` any.

    Notes
    -----
    ``min(f / g, 1)``, where f is the mean over fakes of min(c / k, 1) with c the number of balls that hold the fake,
    so that none counts more than one, and g the same mean over the reals, a real not being in its own ball. A ball
    holds its border.

    References
    ----------
    .. [1] Salvy et al., 2026, arXiv:2507.01761 (clipped density)

    Examples
    --------
    >>> from ganbench.metrics import clipped_density
    >>> clipped_density([[0.0], [1.0], [2.0]], [[0.5], [9.0]], k=1)
    0.5
    """
    count("k", k)
    pair, key = pair_of(real, fake), ClippedBalls(k)
    key.reductions(pair).run(pair)
    good, usual = (
        float((holders.double() / k).clamp(max=1).mean())
        for holders in (pair.derived[key][k][0].holders, own_holders(pair.real, k))
    )
    return min(good / usual, 1.0)


@share_metric(
    invariances=INVARIANT | {"identity"},
    minimum=1000,
    requires=(NearestWithin(real=5), NearestAcross(5)),
    cost="20 n + 20 m",
)
def clipped_coverage(real: Any, fake: Any, *, k: int = 5) -> float:
    """Share of the fakes that cover the reals as fresh reals would, from how many of the nearest fakes are near enough.

    Calibrated: a share m of fakes drawn as the reals are, the rest far away, reads m.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, more than ``k`` rows of ``real`` and at least ``k`` of ``fake``.
    k : int, default 5
        How many nearest fakes of a real are asked whether they are nearer than its k-th nearest other real.

    Returns
    -------
    float, 0 to 1
        The share; higher is better, ideally 1.

    Raises
    ------
    BadInput
        For fewer rows.

    Notes
    -----
    With S the mean over reals of the share of their k nearest fakes that are strictly nearer than the k-th nearest
    other real: ``#{i in 0..m : F(i) < S} / (m + 1)``. F(i) is what S is expected to be with i good fakes: the mass of
    a ball is Beta(k, n - k), so that the number B of fakes in it is beta-binomial, and F(i) = E min(B, k) / k; by
    convention F(i) = 0 for i < k.

    References
    ----------
    .. [1] Salvy et al., 2026, arXiv:2507.01761 (clipped coverage)

    Examples
    --------
    >>> from ganbench.metrics import clipped_coverage
    >>> reals, fakes = [[float(i)] for i in range(30)], [[i + 0.5] for i in range(30)]
    >>> clipped_coverage(reals, fakes, k=2)
    1.0
    """
    count("k", k)
    pair = pair_of(real, fake)
    for sample, least in ((pair.real, k + 1), (pair.fake, k)):
        at_least(sample, least)
    radii = pair.real.radii(k)
    nearer = pair.nearest_fake(k).squares * TIE < radii[:, None]
    share = float(nearer.double().mean())
    return float((expected_share(len(pair.real), len(pair.fake), k) < share).mean())


def expected_share(n: int, m: int, k: int) -> NDArray[np.float64]:
    """Share of its k nearest fakes that a real is expected to have in its ball, with 0 to m good fakes.

    Parameters
    ----------
    n, m : int
        Numbers of reals, more than ``k``, and of fakes.
    k : int
        As in `clipped_coverage`.

    Returns
    -------
    array, (m + 1,), float64
        Never falling; 0 for fewer than ``k`` good fakes, by convention.

    Raises
    ------
    BadInput
        Unless there are more than ``k`` reals.

    Notes
    -----
    ``P(B = j) = C(i, j) Beta(k + j, n - k + i - j) / Beta(k, n - k)``

    Examples
    --------
    >>> from ganbench.metrics.clipped import expected_share
    >>> expected_share(3, 2, 1).round(4).tolist()
    [0.0, 0.3333, 0.5]
    """
    if n <= k:
        raise BadInput(f"n: expected more than {k} reals, got {n}")
    good = np.arange(m + 1, dtype=float)
    missing = np.zeros(m + 1)
    for j in range(k):
        possible = good >= j
        i = good[possible]
        choices = gammaln(i + 1) - gammaln(j + 1) - gammaln(i - j + 1)
        missing[possible] += (k - j) * np.exp(choices + betaln(k + j, n - k + i - j) - betaln(k, n - k))
    share = 1 - missing / k
    share[:k] = 0
    return share
