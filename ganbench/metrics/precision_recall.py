"""Fidelity and diversity by nearest neighbours: precision, recall, density, coverage, realism, rarity, alpha-precision.

A ball holds its border: distances that agree to 12 digits count as inside, as in the official code of precision
and recall. Radii never count the row itself.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics._engine.balls import RadiusRatios, balls, knn_balls
from ganbench.metrics._engine.blocks import TIE
from ganbench.metrics._engine.pairs import NearestAcross, NearestWithin, Pair, pair_of
from ganbench.metrics.feature_vectors import Features, at_least, both, count
from ganbench.metrics.spec import Invariance, metric, share_metric

INVARIANT: set[Invariance] = {"rotation", "translation", "scale", "permutation"}


@share_metric(
    invariances=INVARIANT | {"identity"},
    minimum=1000,
    requires=(knn_balls(3),),
    cost="20 m",
)
def precision(real: Any, fake: Any, *, k: int = 3) -> float:
    """Share of fakes inside the k-nearest-neighbour ball of some real.

    For equal distributions it falls with the dimension: compare with real against real, at equal sizes.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, more than ``k`` rows each; the balls stand around the rows of ``real``.
    k : int, default 3
        The radius of a ball is the distance of its centre to its k-th nearest other.

    Returns
    -------
    float, 0 to 1
        The share of fakes; higher is better, ideally 1.

    Raises
    ------
    BadInput
        Unless both samples have more than ``k`` rows.

    Notes
    -----
    ``mean over y of [there is an x with |x - y| <= r_k(x)]``; a ball holds its border, up to 12 digits.

    References
    ----------
    .. [1] Kynkaanniemi et al., 2019, arXiv:1904.06991, eq. 2

    Examples
    --------
    >>> from ganbench.metrics import precision
    >>> precision([[0.0], [1.0]], [[0.5], [4.0]], k=1)
    0.5
    """
    return _share(balls(_pair(real, fake, k), k)[0].holders > 0)


@share_metric(
    invariances=INVARIANT | {"identity"},
    minimum=1000,
    requires=(knn_balls(3),),
    cost="20 n",
)
def recall(real: Any, fake: Any, *, k: int = 3) -> float:
    """Share of reals inside the k-nearest-neighbour ball of some fake.

    For equal distributions it falls with the dimension: compare with real against real, at equal sizes.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, more than ``k`` rows each; the balls stand around the rows of ``fake``.
    k : int, default 3
        Which nearest other of a fake sets the radius of its ball.

    Returns
    -------
    float, 0 to 1
        The share of reals; higher is better, ideally 1.

    Raises
    ------
    BadInput
        Unless both samples have more than ``k`` rows.

    Notes
    -----
    ``mean over x of [there is a y with |x - y| <= r_k(y)]``

    References
    ----------
    .. [1] Kynkaanniemi et al., 2019, arXiv:1904.06991, eq. 3

    Examples
    --------
    >>> from ganbench.metrics import recall
    >>> recall([[0.0], [1.0]], [[0.5], [4.0]], k=1)
    1.0
    """
    return _share(balls(_pair(real, fake, k), k)[1].holders > 0)


@metric(
    better="higher",
    scale="linear",
    ideal=1.0,
    bounds=(0.0, float("inf")),
    invariances=INVARIANT,
    minimum=1000,
    requires=(knn_balls(5),),
    cost="20 m",
)
def density(real: Any, fake: Any, *, k: int = 5) -> float:
    """Mean number of real k-nearest-neighbour balls around a fake, over k.

    1 for equal distributions, more for fakes in dense places; the reference itself scores (k + 1) / k, for a border is
    inside.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, more than ``k`` rows each; dense places are those of ``real``.
    k : int, default 5
        Which nearest other of a real sets the radius of its ball.

    Returns
    -------
    float, at least 0
        The mean number over ``k``; higher is better, ideally 1.

    Raises
    ------
    BadInput
        Unless both samples have more than ``k`` rows.

    Notes
    -----
    ``1 / (k m) sum over y, x of [|x - y| <= r_k(x)]``

    References
    ----------
    .. [1] Naeem et al., 2020, arXiv:2002.09797, eq. 4

    Examples
    --------
    >>> from ganbench.metrics import density
    >>> density([[0.0], [1.0]], [[0.5], [4.0]], k=1)
    1.0
    """
    return float(balls(_pair(real, fake, k), k)[0].holders.double().mean()) / k


@share_metric(
    invariances=INVARIANT | {"identity"},
    minimum=1000,
    requires=(knn_balls(5),),
    cost="20 n",
)
def coverage(real: Any, fake: Any, *, k: int = 5) -> float:
    """Share of reals whose k-nearest-neighbour ball holds a fake.

    About 1 - 2^-k for equal distributions and sizes; see ``expected_coverage``.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, more than ``k`` rows each; what is covered is ``real``.
    k : int, default 5
        The neighbour among the reals that sets the radius of a ball.

    Returns
    -------
    float, 0 to 1
        How much of the reference is covered; higher is better, ideally 1.

    Raises
    ------
    BadInput
        Unless both samples have more than ``k`` rows.

    Notes
    -----
    ``mean over x of [there is a y with |x - y| <= r_k(x)]``

    References
    ----------
    .. [1] Naeem et al., 2020, arXiv:2002.09797, eq. 5

    Examples
    --------
    >>> from ganbench.metrics import coverage
    >>> coverage([[0.0], [1.0], [9.0]], [[0.5], [4.0]], k=1)
    1.0
    """
    return _share(balls(_pair(real, fake, k), k)[0].used)


def expected_coverage(n: int, m: int, k: int = 5) -> float:
    """Coverage expected of n reals by m fakes of the same continuous distribution.

    Parameters
    ----------
    n, m : int
        Numbers of reals and of fakes.
    k : int, default 5
        As in `coverage`.

    Returns
    -------
    float, 0 to 1
        ``1 - prod (n - i) / (n + m - i)`` over i = 1..k.

    Examples
    --------
    >>> from ganbench.metrics.precision_recall import expected_coverage
    >>> round(expected_coverage(1000, 1000), 3)
    0.969
    """
    missed = 1.0
    for i in range(1, k + 1):
        missed *= (n - i) / (n + m - i)
    return 1 - missed


@metric(
    better="higher",
    scale="linear",
    bounds=(0.0, float("inf")),
    invariances=INVARIANT,
    minimum=1000,
    version=2,
    requires=(RadiusRatios(3),),
    cost="20 m",
)
def realism(real: Any, fake: Any, *, k: int = 3) -> float:
    """Median realism of the fakes.

    The median, because a copy of a real makes the mean infinite; ``realism_scores`` has the value of each fake.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, more than ``k`` rows of ``real`` and any of ``fake``.
    k : int, default 3
        Which nearest other of a real sets its radius.

    Returns
    -------
    float, at least 0
        The lower median; at least 1 where a fake lies in the ball of a typical real; higher is better.

    Raises
    ------
    BadInput
        Unless ``real`` has more than ``k`` rows and ``fake`` any.

    Notes
    -----
    ``max over x of r_k(x) / |x - y|`` for each fake y, over reals whose radius is at most the median.

    References
    ----------
    .. [1] Kynkaanniemi et al., 2019, arXiv:1904.06991, eq. 4

    Examples
    --------
    >>> from ganbench.metrics import realism
    >>> realism([[0.0], [1.0], [2.0]], [[0.5], [4.0], [4.0]], k=1)
    0.5
    """
    return float(realism_scores(real, fake, k=k).quantile(0.5, interpolation="lower"))


def realism_scores(real: Any, fake: Any, *, k: int = 3) -> Tensor:
    """Realism of each fake.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features; more than ``k`` reals.
    k : int, default 3
        The radius of a real is the distance to its k-th nearest other.

    Returns
    -------
    Tensor, (m,), float64
        Largest radius over distance, over reals whose radius is at most the median: at least 1 inside such a ball,
        infinite on a real itself; higher is better.

    Raises
    ------
    BadInput
        Unless there are more than ``k`` reals and any fake.

    References
    ----------
    .. [1] Kynkaanniemi et al., 2019, arXiv:1904.06991, eq. 4

    Examples
    --------
    >>> from ganbench.metrics.precision_recall import realism_scores
    >>> realism_scores([[0.0], [1.0], [2.0]], [[0.5], [4.0]], k=1).tolist()
    [2.0, 0.5]
    """
    pair, key = _pair(real, fake, k), RadiusRatios(k)
    key.reductions(pair).run(pair)
    scores: Tensor = pair.derived[key]
    return scores


@metric(
    better="target",
    scale="log",
    bounds=(0.0, float("inf")),
    invariances={"rotation", "translation", "permutation"},
    minimum=1000,
    requires=(knn_balls(3),),
    cost="20 m",
)
def rarity(real: Any, fake: Any, *, k: int = 3) -> float:
    """Mean rarity of the fakes that lie in some real ball.

    Compare it with that of held-out reals; ``rarity_scores`` has the value of each fake.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, more than ``k`` rows each; rarity is measured in ``real``.
    k : int, default 3
        Which nearest other sets a real's radius.

    Returns
    -------
    float, at least 0
        The mean radius, in units of the features; best near that of held-out reals.

    Raises
    ------
    BadInput
        Where every fake lies outside all real balls, or a sample has at most ``k`` rows.

    Notes
    -----
    ``min r_k(x) over x with |x - y| <= r_k(x)`` for each fake y.

    References
    ----------
    .. [1] Han et al., 2022, arXiv:2206.08549, eq. 2

    Examples
    --------
    >>> from ganbench.metrics import rarity
    >>> rarity([[0.0], [1.0], [4.0]], [[0.5], [3.0]], k=1)
    2.0
    """
    scores = rarity_scores(real, fake, k=k)
    if not len(scores):
        raise BadInput("fake: expected a row inside some real ball, for rarity is defined nowhere else; got none")
    return float(scores.mean())


def rarity_scores(real: Any, fake: Any, *, k: int = 3) -> Tensor:
    """Rarity of each fake that lies in some real ball.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features of the reference and the samples, more than ``k`` rows each.
    k : int, default 3
        The ball of a real reaches to its k-th nearest other.

    Returns
    -------
    Tensor, (r,), float64
        Radius of the smallest ball that holds the fake; fakes outside all balls are left out.

    Raises
    ------
    BadInput
        For samples of at most ``k`` rows.

    References
    ----------
    .. [1] Han et al., 2022, arXiv:2206.08549, eq. 2

    Examples
    --------
    >>> from ganbench.metrics.precision_recall import rarity_scores
    >>> rarity_scores([[0.0], [1.0], [4.0]], [[0.5], [3.0], [99.0]], k=1).tolist()
    [1.0, 3.0]
    """
    smallest = balls(_pair(real, fake, k), k)[0].smallest
    return smallest[smallest.isfinite()].sqrt()


def _pair(real: Any, fake: Any, k: int) -> Pair:
    count("k", k)
    return pair_of(real, fake)


def _share(condition: Tensor) -> float:
    return float(condition.double().mean())


LEVELS = 30


@share_metric(
    invariances={"rotation", "translation", "scale", "permutation"},
    minimum=1000,
    version=2,
    cost="20 n d + 20 m d",
)
def alpha_precision(real: Any, fake: Any) -> float:
    """Agreement of the fakes with the typical part of the reals, at every level of typicality.

    About .97 for equal distributions.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, at least 2 rows of ``real`` and 1 of ``fake``.

    Returns
    -------
    float, 0 to 1
        The agreement; higher is better, ideally 1.

    Raises
    ------
    BadInput
        For fewer rows, or unequal numbers of columns.

    Notes
    -----
    ``1 - 2 integral |P_alpha - alpha|`` over 30 levels, where P_alpha is the share of fakes in the ball around the real
    mean that holds the share alpha of the reals.

    References
    ----------
    .. [1] Alaa et al., 2022, arXiv:2102.08921, eq. 6 and 8

    Examples
    --------
    >>> from ganbench.metrics import alpha_precision
    >>> round(alpha_precision([[0.0], [1.0], [2.0]], [[0.5], [1.5]]), 4)
    0.3841
    """
    r, f = both(real, fake)
    at_least(r, 2)
    at_least(f, 1)
    levels = _levels(r)
    radii = torch.quantile(distances_to(r, r.mean), levels)
    inside = (distances_to(f, r.mean)[None] <= radii[:, None] * TIE).double().mean(1)
    return _agreement(inside, levels)


@share_metric(
    invariances={"rotation", "translation", "scale", "permutation"},
    minimum=1000,
    version=2,
    requires=(
        NearestWithin(real=5),
        NearestAcross(),
    ),
    cost="20 n d + 20 m d",
)
def beta_recall(real: Any, fake: Any, *, k: int = 5) -> float:
    """Coverage of the reals by the typical part of the fakes, at every level of typicality.

    With k = 5 equal distributions score about .97; with k = 1, as in the official code, at most one half of the reals
    are met and equal distributions score about .48.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, more than ``k`` rows of ``real`` and any of ``fake``.
    k : int, default 5
        Which nearest other of a real sets the radius within which it is met.

    Returns
    -------
    float, 0 to 1
        The agreement; higher is better, ideally 1.

    Raises
    ------
    BadInput
        Unless ``real`` has more than ``k`` rows.

    Notes
    -----
    ``1 - 2 integral |R_beta - beta|`` over 30 levels. R_beta is the share of reals whose nearest fake lies in their
    ball and within the beta-quantile of such fakes' distances from the fake mean; of equally near fakes the one nearest
    to that mean counts.

    References
    ----------
    .. [1] Alaa et al., 2022, arXiv:2102.08921, eq. 7 and 8

    Examples
    --------
    >>> from ganbench.metrics import beta_recall
    >>> line = [[float(i)] for i in range(20)]
    >>> round(beta_recall(line, line, k=1), 4)
    0.9372
    """
    pair = pair_of(real, fake)
    met = pair.nearest_fake().squares[:, 0] <= pair.real.radii(k) * TIE
    from_mean = distances_to(pair.fake, pair.fake.mean)
    _, matched = pair.over_nearest_fake(lambda fakes, _reals: from_mean[fakes])
    levels = _levels(pair.real)
    typical = matched[None] <= torch.quantile(matched, levels)[:, None] * TIE
    return _agreement((met[None] & typical).double().mean(1), levels)


def distances_to(sample: Features, centre: Tensor) -> Tensor:
    """Return each row's distance from ``centre`` in float64."""
    return torch.cat([(part.double() - centre).norm(dim=1) for part in sample.values.split(4096)])


def _levels(sample: Features) -> Tensor:
    return torch.linspace(0, 1, LEVELS, dtype=torch.float64, device=sample.values.device)


def _agreement(curve: Tensor, levels: Tensor) -> float:
    """Return 1 - 2 sum |curve - level| step, at least 0 (the sum over both ends can pass one half)."""
    return max(1 - 2 * float((curve - levels).abs().sum() * (levels[1] - levels[0])), 0.0)
