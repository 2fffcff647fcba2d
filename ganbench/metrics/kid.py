"""Kernel Inception distance: the squared MMD of the cubic kernel (x.y / d + 1)^3, unbiased."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.errors import BadInput
from ganbench.metrics._engine.kernel_sums import CubicReduction, Members
from ganbench.metrics._engine.pairs import Pair, Reductions, Requirement, pair_of
from ganbench.metrics.cost import Cost
from ganbench.metrics.feature_vectors import Features, at_least, count
from ganbench.metrics.spec import metric


@dataclass(frozen=True)
class AllPairs(Requirement):
    """Sums of the kernel over all pairs: requirement, and key of the three sums."""

    cost: ClassVar[Cost] = Cost.parse("0.5 n^2 d + 0.5 m^2 d + n m d + 80 n^2 + 80 m^2 + 160 n m")

    def reductions(self, pair: Pair) -> Reductions:
        samples = pair.real, pair.fake
        for sample in samples:
            at_least(sample, 2)
        return _reductions(
            self, *(Members(each, each.values.new_ones(len(each), 1, dtype=torch.float64)) for each in samples)
        )


@dataclass(frozen=True)
class Subsets(Requirement):
    """Sums of the kernel over the pairs of every random subset: requirement, and key of the three sums."""

    cost: ClassVar[Cost] = Cost.parse(  # the pass is that of all pairs; beyond 10 000 rows subsets in turn cost less
        "0.5 n^2 d + 0.5 m^2 d + n m d + 200 min(n, 10000)^2 + 200 min(m, 10000)^2 + 400 min(n, 10000) min(m, 10000)"
    )

    subsets: int = 100
    size: int = 1000
    seed: int = 0

    def reductions(self, pair: Pair) -> Reductions:
        """Return the reductions, none where it is cheaper to visit the subsets in turn."""
        at_least(pair.real, self.size)
        at_least(pair.fake, self.size)
        if not self.at_once(pair):
            return Reductions()
        samples = zip((pair.real, pair.fake), self.draw(pair), strict=True)
        return _reductions(self, *(Members(sample, _members(index, len(sample))) for sample, index in samples))

    def at_once(self, pair: Pair) -> bool:
        """Whether it is cheaper to see every pair once than to visit the subsets in turn."""
        return (len(pair.real) + len(pair.fake)) ** 2 <= 4 * self.subsets * self.size**2

    def draw(self, pair: Pair) -> tuple[Tensor, Tensor]:
        """Return the row numbers of the real and of the fake subsets, (subsets, size) each."""
        return self._draw(pair.real, "real"), self._draw(pair.fake, "fake")

    def _draw(self, sample: Features, name: str) -> Tensor:
        generator = stream(self.seed, "kid", name)
        drawn = [torch.randperm(len(sample), generator=generator)[: self.size] for _ in range(self.subsets)]
        return torch.stack(drawn).to(sample.values.device)


def _reductions(key: Requirement, real: Members, fake: Members) -> Reductions:
    return Reductions(
        real={key: partial(CubicReduction, a=real, b=real)},
        fake={key: partial(CubicReduction, a=fake, b=fake)},
        cross={key: partial(CubicReduction, a=real, b=fake)},
    )


@metric(
    better="lower",
    scale="linear",
    ideal=0.0,
    invariances={"symmetric", "rotation", "permutation"},
    minimum=100,
    requires=(AllPairs(),),
    cost="10 n d",
)
def kid(real: Any, fake: Any) -> float:
    """Kernel Inception distance: the unbiased squared MMD of a cubic kernel over all pairs.

    Negative values are right for equal distributions.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, in any units; at least 2 rows each.

    Returns
    -------
    float, any number
        The estimate, whose mean is the same at every number of samples; lower is better, ideally 0.

    Raises
    ------
    BadInput
        For fewer than 2 rows, or unequal numbers of columns.

    Notes
    -----
    With ``k(x, y) = (x.y / d + 1)^3``: the mean of k over pairs of different reals, plus that over pairs of different
    fakes, less twice the mean over pairs of a real and a fake.

    References
    ----------
    .. [1] Binkowski et al., 2018, arXiv:1801.01401, section 4

    Examples
    --------
    >>> from ganbench.metrics import kid
    >>> kid([[0.0], [1.0]], [[0.0], [2.0]])
    -13.0
    """
    pair = pair_of(real, fake)
    key = AllPairs()
    if key not in pair.derived:
        key.reductions(pair).run(pair)
    return float(_estimates(pair, key, len(pair.real), len(pair.fake))[0])


@metric(
    better="lower",
    scale="linear",
    ideal=0.0,
    invariances={"rotation"},
    minimum=1000,
    requires=(Subsets(),),
    cost="20 subsets size",
)
def kid_subsets(real: Any, fake: Any, *, subsets: int = 100, size: int = 1000, seed: int = 0) -> float:
    """Mean of KID over random subsets, as first published.

    ``kid`` uses every pair and varies less.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, at least ``size`` rows each.
    subsets : int, default 100
        Number of subsets.
    size : int, default 1000
        Rows of a subset, drawn without replacement.
    seed : int, default 0
        Fixes the subsets.

    Returns
    -------
    float, any number
        The mean of ``kid_scores``; lower is better, ideally 0.

    Raises
    ------
    BadInput
        Where a sample has fewer than ``size`` rows.

    Notes
    -----
    The mean over subsets of the estimate of ``kid``.

    References
    ----------
    .. [1] Binkowski et al., 2018, arXiv:1801.01401, section 4 (as in its code)

    Examples
    --------
    >>> from ganbench.metrics import kid_subsets
    >>> round(kid_subsets([[0.0], [1.0]], [[0.0], [2.0]], subsets=3, size=2), 6)
    -13.0
    """
    return float(kid_scores(real, fake, subsets=subsets, size=size, seed=seed).mean())


def kid_scores(real: Any, fake: Any, *, subsets: int = 100, size: int = 1000, seed: int = 0) -> Tensor:
    """KID of each of several random subsets.

    Their standard deviation is that of one subset, not the error of the mean.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, ``size`` rows or more each.
    subsets, size : int, default 100 and 1000
        How many subsets, and of how many rows, drawn without replacement within a subset.
    seed : int, default 0
        Fixes the subsets.

    Returns
    -------
    Tensor, (subsets,), float64
        Unbiased estimates; lower is better.

    Raises
    ------
    BadInput
        Where a sample has fewer than ``size`` rows, or ``size`` is below 2.

    Examples
    --------
    >>> from ganbench.metrics.kid import kid_scores
    >>> [round(score, 6) for score in kid_scores([[0.0], [1.0]], [[0.0], [2.0]], subsets=2, size=2).tolist()]
    [-13.0, -13.0]
    """
    count("subsets", subsets)
    count("size", size)
    return scores_of_subsets(real, fake, Subsets(subsets, size, seed))


def scores_of_subsets(real: Any, fake: Any, key: Subsets) -> Tensor:
    """Return KID of each of the random subsets that ``key`` draws, (subsets,) float64."""
    pair, size = pair_of(real, fake), key.size
    at_least(pair.real, size)
    at_least(pair.fake, size)
    if key.at_once(pair):
        if key not in pair.derived:
            key.reductions(pair).run(pair)
        return _estimates(pair, key, size, size)
    parts = (
        kid(Features(pair.real.values[a], pair.real.name), Features(pair.fake.values[b], pair.fake.name))
        for a, b in zip(*key.draw(pair), strict=True)
    )
    return torch.tensor(list(parts), dtype=torch.float64)


def _members(index: Tensor, n: int) -> Tensor:
    """Return the 0/1 membership (n, subsets) of the rows in each subset."""
    members = torch.zeros(len(index), n, dtype=torch.float64, device=index.device)
    return members.scatter_(1, index, 1.0).T.contiguous()


def _estimates(pair: Pair, key: Requirement, n: int, m: int) -> Tensor:
    """Return the unbiased estimates of subsets of n reals and m fakes (Gretton et al., 2012, eq. 3)."""
    if min(n, m) < 2:
        raise BadInput("size: expected at least 2 rows in a subset, got 1")
    centre, d = pair.real.mean, pair.real.dim
    base = 1 + float(centre @ centre) / d  # common to the three sums, which therefore need not hold its cube
    offset = float((pair.fake.mean - centre) @ (pair.fake.mean + centre)) / d
    real_sum, fake_sum = pair.real.derived[key].total(base, 0.0), pair.fake.derived[key].total(base, offset)
    cross: Tensor = pair.derived[key].total(base, 0.0)
    return real_sum / (n * (n - 1)) + fake_sum / (m * (m - 1)) - 2 * cross / (n * m)
