"""Kernel Inception distance: the squared MMD of the cubic kernel (x.y / d + 1)^3, unbiased."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics.base import metric
from ganbench.metrics.cubic import CubicForms, Members
from ganbench.metrics.features import Features, at_least, count
from ganbench.metrics.pairs import Pair, Plan, pair_of
from ganbench.streams import stream

WHOLE = ("kid",)


@metric(
    needs=("real", "fake"),
    better="lower",
    ideal=0.0,
    bounds=(float("-inf"), float("inf")),
    paper="Binkowski et al., 2018, arXiv:1801.01401, section 4",
    laws={"symmetric", "rotation", "permutation"},
    minimum=100,
)
def kid(real: Any, fake: Any) -> float:
    """Unbiased squared MMD with kernel (x.y / d + 1)^3 over all pairs; negative values are right for equal laws.

    ``real`` (n, d) and ``fake`` (m, d). Raises BadInput for fewer than 2 rows.
    """
    pair = pair_of(real, fake)
    if WHOLE not in pair.derived:
        whole_plan(pair).run(pair)
    return float(_estimates(pair, WHOLE, len(pair.real), len(pair.fake))[0])


def whole_plan(pair: Pair) -> Plan:
    """Return the studies behind ``kid``; raises BadInput for fewer than 2 rows."""
    clouds = pair.real, pair.fake
    for cloud in clouds:
        at_least(cloud, 2)
    return kid_plan(WHOLE, *(Members(c, c.values.new_ones(len(c), 1, dtype=torch.float64)) for c in clouds))


@metric(
    needs=("real", "fake"),
    better="lower",
    ideal=0.0,
    bounds=(float("-inf"), float("inf")),
    paper="Binkowski et al., 2018, arXiv:1801.01401, section 4 (as in its code)",
    laws={"rotation"},
    minimum=1000,
)
def kid_subsets(real: Any, fake: Any, *, subsets: int = 100, size: int = 1000, seed: int = 0) -> float:
    """Mean of ``kid_scores``, as published; ``kid`` uses every pair and varies less."""
    return float(kid_scores(real, fake, subsets=subsets, size=size, seed=seed).mean())


def kid_scores(real: Any, fake: Any, *, subsets: int = 100, size: int = 1000, seed: int = 0) -> Tensor:
    """Unbiased estimates (subsets,) on subsets of ``size`` rows, drawn without replacement within a subset.

    Their standard deviation is that of one subset, not the error of the mean. Raises BadInput where a cloud has
    fewer than ``size`` rows.
    """
    pair = pair_of(real, fake)
    count("subsets", subsets)
    count("size", size)
    at_least(pair.real, size)
    at_least(pair.fake, size)
    if at_once(pair, subsets, size):
        key = ("kid", subsets, size, seed)
        if key not in pair.derived:
            members_plan(pair, key).run(pair)
        return _estimates(pair, key, size, size)
    left, right = drawn(pair, subsets, size, seed)
    parts = (
        kid(Features(pair.real.values[a], pair.real.name), Features(pair.fake.values[b], pair.fake.name))
        for a, b in zip(left, right, strict=True)
    )
    return torch.tensor(list(parts), dtype=torch.float64)


def subsets_plan(pair: Pair) -> Plan:
    """Return the studies behind ``kid_subsets`` with its usual options, none where subsets are visited in turn."""
    subsets, size, seed = kid_subsets.options.values()
    if not at_once(pair, subsets, size) or min(len(pair.real), len(pair.fake)) < size:
        return Plan({}, {}, {})
    return members_plan(pair, ("kid", subsets, size, seed))


def at_once(pair: Pair, subsets: int, size: int) -> bool:
    """Whether it is cheaper to see every pair once than to visit the subsets in turn."""
    return (len(pair.real) + len(pair.fake)) ** 2 <= 4 * subsets * size**2


def members_plan(pair: Pair, key: tuple[str, int, int, int]) -> Plan:
    """Return the studies behind the estimates of all subsets at once."""
    clouds, indices = (pair.real, pair.fake), drawn(pair, *key[1:])
    return kid_plan(key, *(Members(c, _members(index, len(c))) for c, index in zip(clouds, indices, strict=True)))


def drawn(pair: Pair, subsets: int, size: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return the row numbers of the real and of the fake subsets."""
    return draw(pair.real, "real", subsets, size, seed), draw(pair.fake, "fake", subsets, size, seed)


def draw(cloud: Features, name: str, subsets: int, size: int, seed: int) -> Tensor:
    """Return the row numbers (subsets, size) of each subset."""
    generator = stream(seed, "kid", name)
    drawn = [torch.randperm(len(cloud), generator=generator)[:size] for _ in range(subsets)]
    return torch.stack(drawn).to(cloud.values.device)


def _members(index: Tensor, n: int) -> Tensor:
    """Return the 0/1 membership (n, subsets) of the rows in each subset."""
    members = torch.zeros(len(index), n, dtype=torch.float64, device=index.device)
    return members.scatter_(1, index, 1.0).T.contiguous()


def _estimates(pair: Pair, key: tuple[Any, ...], n: int, m: int) -> Tensor:
    """Return the unbiased estimates of subsets of n reals and m fakes (Gretton et al., 2012, eq. 3)."""
    if min(n, m) < 2:
        raise BadInput("size: expected at least 2 rows in a subset, got 1")
    centre, d = pair.real.mean, pair.real.dim
    base = 1 + float(centre @ centre) / d  # common to the three sums, which therefore need not hold its cube
    offset = float((pair.fake.mean - centre) @ (pair.fake.mean + centre)) / d
    real_sum, fake_sum = pair.real.derived[key].total(base, 0.0), pair.fake.derived[key].total(base, offset)
    cross: Tensor = pair.derived[key].total(base, 0.0)
    return real_sum / (n * (n - 1)) + fake_sum / (m * (m - 1)) - 2 * cross / (n * m)


def kid_plan(key: tuple[Any, ...], left: Members, right: Members) -> Plan:
    """Return the studies behind the estimates for the members ``left`` and ``right``."""
    return Plan(
        {key: partial(CubicForms, a=left, b=left)},
        {key: partial(CubicForms, a=right, b=right)},
        {key: partial(CubicForms, a=left, b=right)},
    )
