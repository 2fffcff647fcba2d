"""Signs that a generator repeats its training examples, or itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.stats import mannwhitneyu
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics._engine.blocks import TIE, Block, CentredRows, exact_squares
from ganbench.metrics._engine.pairs import NearestWithin, pair_of
from ganbench.metrics.clusters import k_means
from ganbench.metrics.feature_vectors import Features, at_least, both, features
from ganbench.metrics.spec import metric

CELL = 20  # fakes that a cell must hold to count


@metric(
    better="higher",
    scale="logit",
    bounds=(0.0, 1.0),
    invariances={"rotation", "translation", "scale", "permutation"},
    minimum=1000,
    version=2,
    cost="0.5 t^2 d + t m d + 20 t^2 + 20 t m",
)
def authenticity(train: Any, fake: Any) -> float:
    """Share of fakes farther from their nearest training row than that row is from its own nearest other.

    0 for copies; the value of an honest sampler grows with the dimension (.33 in one, .80 in 64): compare with held-out
    reals.

    Parameters
    ----------
    train, fake : array_like, (t, d) and (m, d)
        Features of the training examples, at least 2 rows, and of the samples.

    Returns
    -------
    float, 0 to 1
        The share of fakes; higher is better.

    Raises
    ------
    BadInput
        For fewer than 2 training rows.

    Notes
    -----
    ``mean over y of [|y - x| > r_1(x)]`` with x the training row nearest to y; equally near ones share the vote.

    References
    ----------
    .. [1] Alaa et al., 2022, arXiv:2102.08921, section 3.2

    Examples
    --------
    >>> from ganbench.metrics import authenticity
    >>> authenticity([[0.0], [1.0]], [[0.0], [4.0]])
    0.5
    """
    pair = pair_of(features(train, "train"), fake)
    near, radii = pair.nearest_real().squares[:, 0], pair.real.radii(1)
    share, _ = pair.over_nearest_real(lambda training, fakes: near[fakes] > radii[training] * TIE)
    return float(share.mean())


@metric(
    better="lower",
    scale="logit",
    ideal=0.0,
    bounds=(0.0, 1.0),
    invariances={"rotation", "translation", "scale", "permutation"},
    minimum=1000,
    version=2,
    cost="0.5 t^2 d + t m d + 60 t^2 + 60 t m",
)
def copies(train: Any, fake: Any, *, quantile: float = 0.01) -> float:
    """Share of fakes nearer to a training row than nearly all training rows are to each other.

    About ``quantile`` for an honest sampler, 1 for copies.

    Parameters
    ----------
    train, fake : array_like, (t, d) and (m, d)
        Features; at least 2 training rows.
    quantile : float, default 0.01
        Which quantile of the nearest-neighbour distances among training rows is near.

    Returns
    -------
    float, 0 to 1
        The share of fakes; lower is better, ideally 0.

    Raises
    ------
    BadInput
        For fewer than 2 training rows, or a quantile outside (0, 1).

    Notes
    -----
    ``mean over y of [min over x of |y - x| <= quantile of r_1(x)]``

    References
    ----------
    .. [1] this package: share of fakes nearer to a training row than nearly all training rows are to each other

    Examples
    --------
    >>> from ganbench.metrics import copies
    >>> copies([[0.0], [1.0]], [[0.0], [4.0]])
    0.5
    """
    pair = pair_of(features(train, "train"), fake)
    return float((pair.nearest_real().squares[:, 0] <= _closeness(pair.real, quantile)).double().mean())


@metric(
    better="target", scale="linear", ideal=0.0, minimum=1000, cost="20 cells t d + t m d + t n d + 200 t n + 200 t m"
)
def c_t(train: Any, real: Any, fake: Any, *, cells: int = 3, seed: int = 0) -> float:
    """Data-copying statistic: how much nearer fakes are to the training rows than held-out reals are.

    Far below 0 where they are copied. Cells with at most 20 fakes are left out.

    Parameters
    ----------
    train, real, fake : array_like, (t, d), (n, d) and (m, d)
        Features of the training examples, of held-out reals and of the samples.
    cells : int, default 3
        Cells of k-means on the training rows.
    seed : int, default 0
        Fixes the start of k-means.

    Returns
    -------
    float, any number
        The mean z-score, weighted by the cells' held-out reals; best near 0.

    Raises
    ------
    BadInput
        For fewer training rows than cells, or no cell that counts.

    Notes
    -----
    In each cell the z-score of the Mann-Whitney test of the fakes' distances to its training rows over those of the
    held-out reals.

    References
    ----------
    .. [1] Meehan et al., 2020, arXiv:2004.05675, section 4

    Examples
    --------
    >>> from ganbench.metrics import c_t
    >>> train, held_out = [[float(i)] for i in range(30)], [[i + 0.5] for i in range(30)]
    >>> round(c_t(train, held_out, train, cells=1), 4)
    -6.6456
    """
    t, r = both(features(train, "train"), real)
    f = both(t, fake)[1]
    at_least(t, cells)
    places = k_means(t, [t, r, f], cells, seed)
    scores, weights = [], []
    for cell in range(cells):
        here = [Features(c.values[place == cell], c.name) for c, place in zip((t, r, f), places, strict=True)]
        if len(here[2]) > CELL and len(here[0]) and len(here[1]):
            scores.append(rank_score(_to_train(here[2], here[0]), _to_train(here[1], here[0])))
            weights.append(len(here[1]))
    if not scores:
        raise BadInput(f"fake: expected more than {CELL} rows in a cell that holds reals, got none; use fewer cells")
    return float(np.average(scores, weights=weights))


def rank_score(fake: Any, real: Any) -> float:
    """Return the z-score of the Mann-Whitney U of fake over real distances, with continuity correction."""
    m, n = len(fake), len(real)
    u = float(mannwhitneyu(fake, real).statistic)
    return (u - (n * m / 2 - 0.5)) / (n * m * (n + m + 1) / 12) ** 0.5


def _to_train(sample: Features, train: Features) -> Any:
    return pair_of(train, sample).nearest_real().squares[:, 0].cpu().numpy()


@metric(
    better="higher",
    scale="linear",
    bounds=(1.0, float("inf")),
    invariances={"rotation", "translation", "scale", "permutation"},
    minimum=1000,
    version=2,
    requires=(NearestWithin(real=1),),
    cost="0.5 m^2 d + 20 m^2",
)
def birthday_support(real: Any, fake: Any, *, quantile: float = 0.01) -> float:
    """Size of the support that explains how often two samples collide.

    Compare with held-out reals in place of fakes.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, at least 2 rows each; ``real`` says what is near.
    quantile : float, default 0.01
        Quantile of nearest-neighbour distances among reals within which two fakes collide.

    Returns
    -------
    float, at least 1
        Pairs over colliding pairs, infinite where none collide; higher is better.

    Raises
    ------
    BadInput
        For fewer than 2 rows, or a quantile outside (0, 1).

    Notes
    -----
    ``m (m - 1) / 2`` over the number of pairs of fakes at most the quantile of r_1(x) apart.

    References
    ----------
    .. [1] Arora and Zhang, 2017, arXiv:1706.08224, section 2

    Examples
    --------
    >>> from ganbench.metrics import birthday_support
    >>> birthday_support([[0.0], [1.0]], [[0.0], [0.5], [9.0]])
    3.0
    """
    r, f = both(real, fake)
    at_least(f, 2)
    limit = _closeness(r, quantile)
    key = CollisionsWithin(limit)
    f.reduce({key: partial(Collisions, limit=limit)})
    pairs, collisions = len(f) * (len(f) - 1) / 2, f.derived[key]
    return pairs / collisions if collisions else float("inf")


def _closeness(sample: Features, quantile: float) -> float:
    """Return the quantile of squared nearest-neighbour distances, an observed value, and what ties with it."""
    if not 0 < quantile < 1:
        raise BadInput(f"quantile: expected a number between 0 and 1, got {quantile}")
    return float(np.quantile(sample.radii(1).cpu().numpy(), quantile, method="lower")) * TIE


@dataclass(frozen=True)
class CollisionsWithin:
    """Key of the number of pairs of one sample within a squared distance ``limit``."""

    limit: float


class Collisions:
    """A reduction that counts the pairs of one sample within a squared distance ``limit``, exactly."""

    def __init__(self, left: CentredRows, right: CentredRows, limit: float) -> None:
        self.left, self.right, self.limit, self.pairs = left, right, limit, 0

    def visit(self, block: Block) -> None:
        slack = self.left.slack * (self.left.norms[block.rows].max() + self.right.norms[block.columns].max())
        near = block.squares <= (self.limit + 2 * slack)
        row, column = (near.triu_(1) if block.on_diagonal else near).nonzero(as_tuple=True)
        squares = self._measure(row + block.top, column + block.first)
        self.pairs += int((squares <= self.limit).sum())

    def _measure(self, i: Tensor, j: Tensor) -> Tensor:
        return exact_squares(self.left.original, self.right.original, i, j)

    def finish(self) -> int:
        return self.pairs
