"""Signs that a generator repeats its training examples, or itself."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from scipy.stats import mannwhitneyu
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics.base import metric
from ganbench.metrics.clusters import k_means
from ganbench.metrics.distances import Block, Rows, exact_squares
from ganbench.metrics.features import Features, at_least, both, features
from ganbench.metrics.pairs import pair_of

CELL = 20  # fakes that a cell must hold to count


@metric(
    needs=("train", "fake"),
    better="higher",
    ideal=None,
    bounds=(0.0, 1.0),
    paper="Alaa et al., 2022, arXiv:2102.08921, section 3.2",
    laws={"rotation", "translation", "scale", "permutation"},
    minimum=1000,
)
def authenticity(train: Any, fake: Any) -> float:
    """Share of fakes farther from their nearest training row than that row is from its own nearest other.

    0 for copies; the value of an honest sampler grows with the dimension (.33 in one, .80 in 64): compare with
    held-out reals. Raises BadInput for fewer than 2 training rows.
    """
    pair = pair_of(features(train, "train"), fake)
    nearest = pair.nearest_real()
    return float((nearest.squares[:, 0] > pair.real.radii(1)[nearest.index[:, 0]]).double().mean())


@metric(
    needs=("train", "fake"),
    better="lower",
    ideal=0.0,
    bounds=(0.0, 1.0),
    paper="this package: share of fakes nearer to a training row than nearly all training rows are to each other",
    laws={"rotation", "translation", "scale", "permutation"},
    minimum=1000,
)
def copies(train: Any, fake: Any, *, quantile: float = 0.01) -> float:
    """Share of fakes within the ``quantile`` of nearest-neighbour distances among training rows of one of them.

    About ``quantile`` for an honest sampler, 1 for copies. Raises BadInput for fewer than 2 training rows.
    """
    pair = pair_of(features(train, "train"), fake)
    return float((pair.nearest_real().squares[:, 0] <= _closeness(pair.real, quantile)).double().mean())


@metric(
    needs=("train", "real", "fake"),
    better="target",
    ideal=0.0,
    bounds=(float("-inf"), float("inf")),
    paper="Meehan et al., 2020, arXiv:2004.05675, section 4",
    laws=frozenset(),
    minimum=1000,
)
def c_t(train: Any, real: Any, fake: Any, *, cells: int = 3, seed: int = 0) -> float:
    """Data-copying statistic: far below 0 where fakes are nearer to the training rows than held-out reals are.

    The space is cut into ``cells`` by k-means on the training rows; in each, z-scores of the rank test on distances
    to its training rows are averaged with the weight of its held-out reals. Cells with at most 20 fakes are left
    out; raises BadInput when that leaves none.
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


def _to_train(cloud: Features, train: Features) -> Any:
    return pair_of(train, cloud).nearest_real().squares[:, 0].cpu().numpy()


@metric(
    needs=("real", "fake"),
    better="higher",
    ideal=None,
    bounds=(1.0, float("inf")),
    paper="Arora and Zhang, 2017, arXiv:1706.08224, section 2",
    laws={"rotation", "translation", "scale", "permutation"},
    minimum=1000,
)
def birthday_support(real: Any, fake: Any, *, quantile: float = 0.01) -> float:
    """Support size that explains how often two fakes collide: pairs over colliding pairs, inf where none collide.

    Fakes collide when they are at most the ``quantile`` of nearest-neighbour distances among reals apart: compare
    with held-out reals in place of fakes. Raises BadInput for fewer than 2 rows.
    """
    r, f = both(real, fake)
    at_least(f, 2)
    limit = _closeness(r, quantile)
    key = ("collisions", limit)
    f.study({key: partial(Collisions, limit=limit)})
    pairs, collisions = len(f) * (len(f) - 1) / 2, f.derived[key]
    return pairs / collisions if collisions else float("inf")


def _closeness(cloud: Features, quantile: float) -> float:
    """Return the quantile of squared nearest-neighbour distances, an observed value."""
    if not 0 < quantile < 1:
        raise BadInput(f"quantile: expected a number between 0 and 1, got {quantile}")
    return float(np.quantile(cloud.radii(1).cpu().numpy(), quantile, method="lower"))


class Collisions:
    """A study that counts the pairs of one cloud within a squared distance ``limit``, exactly."""

    def __init__(self, left: Rows, right: Rows, limit: float) -> None:
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
