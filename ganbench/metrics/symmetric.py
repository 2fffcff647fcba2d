"""Precision and recall that see a support too small as well as one too large: symmetric ones, and those by covers."""

from __future__ import annotations

from typing import Any

from ganbench.metrics._engine.balls import balls, knn_balls
from ganbench.metrics._engine.blocks import TIE
from ganbench.metrics._engine.pairs import NearestAcross, NearestWithin, Pair, pair_of
from ganbench.metrics.feature_vectors import at_least, count
from ganbench.metrics.precision_recall import INVARIANT
from ganbench.metrics.spec import share_metric


@share_metric(
    invariances=INVARIANT | {"identity"},
    minimum=1000,
    requires=(knn_balls(5),),
    cost="20 n + 20 m",
)
def symmetric_precision(real: Any, fake: Any, *, k: int = 5) -> float:
    """The smaller of precision and of the share of fakes whose own ball holds a real.

    In many dimensions balls around the reals hold fakes of too small a spread as a matter of course; balls around the
    fakes do not hold the reals.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features of more than ``k`` rows each.
    k : int, default 5
        Which nearest other sets the radius of a ball.

    Returns
    -------
    float, 0 to 1
        The smaller share; higher is better, ideally 1.

    Raises
    ------
    BadInput
        For samples of at most ``k`` rows.

    Notes
    -----
    ``min(mean over y of [|x - y| <= r_k(x) for an x], mean over y of [|x - y| <= r_k(y) for an x])``

    References
    ----------
    .. [1] Khayatkhoei and AbdAlmageed, 2023, arXiv:2306.09618 (symmetric precision)

    Examples
    --------
    >>> from ganbench.metrics import symmetric_precision
    >>> round(symmetric_precision([[0.0], [4.0]], [[1.0], [2.0], [9.0]], k=1), 4)
    0.6667
    """
    of_real, of_fake = balls(checked(real, fake, k), k)
    return min(float((of_real.holders > 0).double().mean()), float(of_fake.used.double().mean()))


@share_metric(
    invariances=INVARIANT | {"identity"},
    minimum=1000,
    requires=(knn_balls(5),),
    cost="20 n + 20 m",
)
def symmetric_recall(real: Any, fake: Any, *, k: int = 5) -> float:
    """The smaller of recall and coverage at one k: reals in balls of fakes, and reals whose own ball holds a fake.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, more than ``k`` rows in both.
    k : int, default 5
        Every ball reaches to the k-th nearest other of its centre.

    Returns
    -------
    float, 0 to 1
        The smaller of two shares of reals; higher is better, ideally 1.

    Raises
    ------
    BadInput
        For samples of ``k`` rows or fewer.

    Notes
    -----
    ``min(mean over x of [|x - y| <= r_k(y) for a y], mean over x of [|x - y| <= r_k(x) for a y])``

    References
    ----------
    .. [1] Khayatkhoei and AbdAlmageed, 2023, arXiv:2306.09618 (symmetric recall)

    Examples
    --------
    >>> from ganbench.metrics import symmetric_recall
    >>> round(symmetric_recall([[0.0], [1.0], [9.0]], [[0.5], [30.0]], k=1), 4)
    0.6667
    """
    of_real, of_fake = balls(checked(real, fake, k), k)
    return min(float((of_fake.holders > 0).double().mean()), float(of_real.used.double().mean()))


def checked(real: Any, fake: Any, k: int, factor: int = 1) -> Pair:
    """Return the pair of two samples, with more than ``factor k`` rows each; raises BadInput where they have fewer."""
    count("k", k)
    count("factor", factor)
    pair = pair_of(real, fake)
    for sample in (pair.real, pair.fake):
        at_least(sample, factor * k + 1)
    return pair


@share_metric(
    invariances=INVARIANT | {"identity"},
    minimum=1000,
    requires=(NearestWithin(real=9, fake=9), NearestAcross(3)),
    cost="20 n + 20 m",
)
def cover_precision(real: Any, fake: Any, *, k: int = 3, factor: int = 3) -> float:
    """Share of fakes whose ball, which holds ``factor k`` other fakes, holds at least ``k`` reals.

    Where there are fakes there must be about as many reals, up to the factor: with as many of each, equal distributions
    read nearly 1 in any dimension.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, more than ``factor k`` rows each.
    k : int, default 3
        Reals that a ball must hold.
    factor : int, default 3
        How many times as many other fakes it reaches to.

    Returns
    -------
    float, 0 to 1
        The share of fakes; higher is better, ideally 1.

    Raises
    ------
    BadInput
        For samples of at most ``factor k`` rows.

    Notes
    -----
    ``mean over y of [#{x : |x - y| <= r(y)} >= k]`` with r(y) the distance of y to its (factor k)-th nearest other.

    References
    ----------
    .. [1] Cheema and Urner, 2023, AISTATS, PMLR 206, appendix A.3

    Examples
    --------
    >>> from ganbench.metrics import cover_precision
    >>> cover_precision([[0.0], [1.0], [2.0]], [[0.5], [1.5], [30.0]], k=1, factor=2)
    1.0
    """
    pair = checked(real, fake, k, factor)
    held = pair.nearest_real(k).squares[:, -1] <= pair.fake.radii(factor * k) * TIE
    return float(held.double().mean())


@share_metric(
    invariances=INVARIANT | {"identity"},
    minimum=1000,
    requires=(NearestWithin(real=9, fake=9), NearestAcross(3)),
    cost="20 n + 20 m",
)
def cover_recall(real: Any, fake: Any, *, k: int = 3, factor: int = 3) -> float:
    """Share of reals whose ball, which holds ``factor k`` other reals, holds at least ``k`` fakes.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features of both, each of more than ``factor k`` rows.
    k : int, default 3
        Fakes that the ball of a real must hold.
    factor : int, default 3
        How many times as many other reals set its radius.

    Returns
    -------
    float, 0 to 1
        The share of reals; higher is better, ideally 1.

    Raises
    ------
    BadInput
        For samples of ``factor k`` rows or fewer.

    Notes
    -----
    ``mean over x of [#{y : |x - y| <= r(x)} >= k]``, r(x) reaching to the (factor k)-th nearest other of x.

    References
    ----------
    .. [1] Cheema and Urner, 2023, AISTATS, PMLR 206 (cover recall)

    Examples
    --------
    >>> from ganbench.metrics import cover_recall
    >>> round(cover_recall([[0.0], [1.0], [10.0]], [[-8.0], [-9.0], [100.0]], k=2, factor=1), 4)
    0.3333
    """
    pair = checked(real, fake, k, factor)
    held = pair.nearest_fake(k).squares[:, -1] <= pair.real.radii(factor * k) * TIE
    return float(held.double().mean())
