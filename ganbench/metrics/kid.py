"""Kernel Inception distance: the squared MMD of the cubic kernel (x.y / d + 1)^3, unbiased."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics.base import metric
from ganbench.metrics.distances import BLOCK, Block, Rows
from ganbench.metrics.features import Features, at_least, count
from ganbench.metrics.forms import Forms
from ganbench.metrics.pairs import Pair, Plan, pair_of
from ganbench.streams import stream


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
    whole = tuple(torch.ones(len(cloud), 1, dtype=torch.float64, device=cloud.values.device) for cloud in (pair.real, pair.fake))
    return float(_estimates(pair, ("kid",), whole[0], whole[1])[0])


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
    left, right = (_draw(cloud, name, subsets, size, seed) for cloud, name in ((pair.real, "real"), (pair.fake, "fake")))
    n, m = len(pair.real), len(pair.fake)
    if (n + m) ** 2 / 2 < 1.5 * subsets * size**2:  # cheaper to see every pair once than to visit the subsets in turn
        return _estimates(pair, ("kid", subsets, size, seed), _members(left, n), _members(right, m))
    parts = (
        kid(Features(pair.real.values[a], pair.real.name), Features(pair.fake.values[b], pair.fake.name))
        for a, b in zip(left, right, strict=True)
    )
    return torch.tensor(list(parts), dtype=torch.float64)


def _draw(cloud: Features, name: str, subsets: int, size: int, seed: int) -> Tensor:
    generator = stream(seed, "kid", name)
    drawn = [torch.randperm(len(cloud), generator=generator)[:size] for _ in range(subsets)]
    return torch.stack(drawn).to(cloud.values.device)


def _members(index: Tensor, n: int) -> Tensor:
    """Return the 0/1 membership (n, subsets) of the rows in each subset."""
    members = torch.zeros(len(index), n, dtype=torch.float64, device=index.device)
    return members.scatter_(1, index, 1.0).T.contiguous()


def _estimates(pair: Pair, key: tuple[Any, ...], left: Tensor, right: Tensor) -> Tensor:
    """Return the unbiased estimate for each column of the members (Gretton et al., 2012, eq. 3)."""
    at_least(pair.real, 2)
    at_least(pair.fake, 2)
    kid_plan(key, left, right).run(pair)
    n, m = left.sum(0), right.sum(0)
    if int(min(n.min(), m.min())) < 2:
        raise BadInput("size: expected at least 2 rows in a subset, got 1")
    within = pair.real.derived[key] / (n * (n - 1)) + pair.fake.derived[key] / (m * (m - 1))
    estimates: Tensor = within - 2 * pair.derived[key] / (n * m)
    return estimates


def kid_plan(key: tuple[Any, ...], left: Tensor, right: Tensor) -> Plan:
    """Return the studies behind the estimates for the members ``left`` and ``right``."""
    return Plan(
        {key: partial(CubicForms, a=left, b=left)},
        {key: partial(CubicForms, a=right, b=right)},
        {key: partial(CubicForms, a=left, b=right)},
    )


class CubicForms:
    """A study of sums of (x.y / d + 1)^3 - 1 over the pairs of many subsets, without a row's pair with itself.

    With centred rows x = c + u and y = c + v, the kernel is (s + e)^3, where s = 1 + (|c|^2 + c.u + c.v) / d may be
    huge or constant and e = u.v / d is what differs. Of s^3 + 3 s^2 e + (3 s + e) e^2 the first two have closed
    sums in float64; only the last needs the pairs. So neither a large mean nor a small scale costs digits.
    """

    def __init__(self, left: Rows, right: Rows, a: Tensor, b: Tensor) -> None:
        self.left, self.right, self.a, self.b = left, right, a, b
        self.d = left.centred.shape[1]
        self.p = self._along(left) + left.centre @ left.centre / self.d
        self.q = self._along(right)
        plain = a.shape[1] == 1
        self.forms = Forms(self._rest, None if plain else a, None if plain else b)

    def _along(self, rows: Rows) -> Tensor:
        return torch.cat([part.double() @ rows.centre for part in rows.centred.split(BLOCK)]) / self.d

    def visit(self, block: Block) -> None:
        self.forms.visit(block)

    def _rest(self, block: Block) -> Tensor:
        """Return (3 s + e) e^2, zero on the diagonal."""
        kind, norms = block.squares.dtype, (self.left.norms[block.rows], self.right.norms[block.columns])
        e = torch.sub(norms[0][:, None], block.squares).add_(norms[1]).div_(2 * self.d)
        rest = e + 3 * self.q[block.columns].to(kind)
        rest.add_((3 + 3 * self.p[block.rows]).to(kind)[:, None]).mul_(e.square_())
        return rest.fill_diagonal_(0) if block.on_diagonal else rest

    def finish(self) -> Tensor:
        within = self.left is self.right
        closed = self._cubes() + self._slopes() - (self._own() if within else 0)
        return self.forms.finish() + closed

    def _cubes(self) -> Tensor:
        """Sum s^3 - 1 = 3 t + 3 t^2 + t^3 with t = p + q over all pairs of each subset."""
        p, q = ([weight.T @ power for power in powers(value)] for weight, value in ((self.a, self.p), (self.b, self.q)))
        first = p[1] * q[0] + p[0] * q[1]
        second = p[2] * q[0] + 2 * p[1] * q[1] + p[0] * q[2]
        third = p[3] * q[0] + 3 * p[2] * q[1] + 3 * p[1] * q[2] + p[0] * q[3]
        return 3 * first + 3 * second + third

    def _slopes(self) -> Tensor:
        """Sum 3 s^2 e = 3 ((1 + p) + q)^2 u.v / d over all pairs of each subset."""
        u = _weighted(self.left, self.a, powers(1 + self.p)[:3])
        v = _weighted(self.right, self.b, powers(self.q)[:3])
        return 3 * ((u[2] * v[0]).sum(1) + 2 * (u[1] * v[1]).sum(1) + (u[0] * v[2]).sum(1)) / self.d

    def _own(self) -> Tensor:
        """Sum s^3 - 1 + 3 s^2 e over each row's pair with itself."""
        t, e = self.p + self.q, self.left.norms.double() / self.d
        return self.a.T @ (3 * t + 3 * t**2 + t**3 + 3 * (1 + t) ** 2 * e)


def powers(value: Tensor) -> list[Tensor]:
    """Return value^0 to value^3."""
    return [torch.ones_like(value), value, value**2, value**3]


def _weighted(rows: Rows, weight: Tensor, powers: list[Tensor]) -> list[Tensor]:
    """Return sum_i weight_ic power_i u_i, (C, d) for each power, in float64."""
    sums = [torch.zeros(weight.shape[1], rows.centred.shape[1], dtype=torch.float64, device=weight.device) for _ in powers]
    for first in range(0, len(rows), BLOCK):
        here = slice(first, first + BLOCK)
        part = rows.centred[here].double()
        for total, power in zip(sums, powers, strict=True):
            total += (weight[here] * power[here, None]).T @ part
    return sums
