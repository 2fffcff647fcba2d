"""Fidelity and diversity by nearest neighbours: precision and recall, density and coverage, realism and rarity.

A ball holds its border: distances that agree to 12 digits count as inside, as in the official code of precision
and recall. Radii never count the row itself.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics.balls import balls
from ganbench.metrics.base import Law, metric
from ganbench.metrics.distances import Rows
from ganbench.metrics.features import at_least, count
from ganbench.metrics.nearness import NearestByRadius
from ganbench.metrics.pairs import Pair, Plan, pair_of

INVARIANT: set[Law] = {"rotation", "translation", "scale", "permutation"}


@metric(
    needs=("real", "fake"),
    better="higher",
    ideal=1.0,
    bounds=(0.0, 1.0),
    paper="Kynkaanniemi et al., 2019, arXiv:1904.06991, eq. 2",
    laws=INVARIANT | {"identity"},
    minimum=1000,
)
def precision(real: Any, fake: Any, *, k: int = 3) -> float:
    """Share of fakes inside the k-nearest-neighbour ball of some real.

    ``real`` (n, d), ``fake`` (m, d). For equal laws it falls with the dimension: compare with real against real, at
    equal sizes. Raises BadInput unless both have more than k rows.
    """
    return _share(balls(_pair(real, fake, k), k)[0].holders > 0)


@metric(
    needs=("real", "fake"),
    better="higher",
    ideal=1.0,
    bounds=(0.0, 1.0),
    paper="Kynkaanniemi et al., 2019, arXiv:1904.06991, eq. 3",
    laws=INVARIANT | {"identity"},
    minimum=1000,
)
def recall(real: Any, fake: Any, *, k: int = 3) -> float:
    """Share of reals inside the k-nearest-neighbour ball of some fake; arguments and errors as in ``precision``."""
    return _share(balls(_pair(real, fake, k), k)[1].holders > 0)


@metric(
    needs=("real", "fake"),
    better="higher",
    ideal=1.0,
    bounds=(0.0, float("inf")),
    paper="Naeem et al., 2020, arXiv:2002.09797, eq. 4",
    laws=INVARIANT,
    minimum=1000,
)
def density(real: Any, fake: Any, *, k: int = 5) -> float:
    """Mean number of real balls around a fake, over k; 1 for equal laws, unbounded for fakes in dense places.

    Arguments and errors as in ``precision``. The reference itself scores (k + 1) / k, for a border is inside.
    """
    return float(balls(_pair(real, fake, k), k)[0].holders.double().mean()) / k


@metric(
    needs=("real", "fake"),
    better="higher",
    ideal=1.0,
    bounds=(0.0, 1.0),
    paper="Naeem et al., 2020, arXiv:2002.09797, eq. 5",
    laws=INVARIANT | {"identity"},
    minimum=1000,
)
def coverage(real: Any, fake: Any, *, k: int = 5) -> float:
    """Share of real balls that hold a fake; 1 - 2^-k for equal laws and sizes. Otherwise as ``precision``."""
    return _share(balls(_pair(real, fake, k), k)[0].used)


def expected_coverage(n: int, m: int, k: int = 5) -> float:
    """Coverage expected of n reals by m fakes of the same continuous law: 1 - prod (n - i) / (n + m - i), i = 1..k."""
    missed = 1.0
    for i in range(1, k + 1):
        missed *= (n - i) / (n + m - i)
    return 1 - missed


@metric(
    needs=("real", "fake"),
    better="higher",
    ideal=None,
    bounds=(0.0, float("inf")),
    paper="Kynkaanniemi et al., 2019, arXiv:1904.06991, eq. 4",
    laws=INVARIANT,
    minimum=1000,
)
def realism(real: Any, fake: Any, *, k: int = 3) -> float:
    """Median realism of the fakes (copies of a real make the mean infinite); see ``realism_scores``."""
    return float(realism_scores(real, fake, k=k).quantile(0.5, interpolation="lower"))


def realism_scores(real: Any, fake: Any, *, k: int = 3) -> Tensor:
    """Realism of each fake, max over reals of radius / distance, for reals whose radius is at most the median (eq. 4).

    At least 1 inside some such ball; infinite on a real itself. Returns (m,) float64. Raises BadInput as ``precision``.
    """
    pair = _pair(real, fake, k)
    realism_plan(pair, k).run(pair)
    scores: Tensor = pair.derived["realism", k]
    return scores


def realism_plan(pair: Pair, k: int) -> Plan:
    """Return the studies behind ``realism_scores``; raises BadInput unless the reals have more than k rows."""
    at_least(pair.real, k + 1)
    at_least(pair.fake, 1)

    def start(left: Rows, right: Rows) -> NearestByRadius:
        radii = pair.real.radii(k)
        return NearestByRadius(left, right, radii.masked_fill(~(radii <= radii.median()), torch.nan))

    return Plan({"nearest": pair.real.search(k)}, {}, {("realism", k): start})


@metric(
    needs=("real", "fake"),
    better="target",
    ideal=None,
    bounds=(0.0, float("inf")),
    paper="Han et al., 2022, arXiv:2206.08549, eq. 2",
    laws={"rotation", "translation", "permutation"},
    minimum=1000,
)
def rarity(real: Any, fake: Any, *, k: int = 3) -> float:
    """Mean rarity of the fakes that have one; compare it with that of held-out reals. See ``rarity_scores``.

    Raises BadInput when every fake lies outside all real balls.
    """
    scores = rarity_scores(real, fake, k=k)
    if not len(scores):
        raise BadInput("fake: expected a row inside some real ball, for rarity is defined nowhere else; got none")
    return float(scores.mean())


def rarity_scores(real: Any, fake: Any, *, k: int = 3) -> Tensor:
    """Radius of the smallest real ball around each fake that lies in one, float64; the others are left out."""
    smallest = balls(_pair(real, fake, k), k)[0].smallest
    return smallest[smallest.isfinite()].sqrt()


def _pair(real: Any, fake: Any, k: int) -> Pair:
    count("k", k)
    return pair_of(real, fake)


def _share(condition: Tensor) -> float:
    return float(condition.double().mean())
