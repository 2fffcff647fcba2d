"""A real and a fake sample together: what metrics require of their distances, in as few passes as possible."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, ClassVar, Literal, Self
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from ganbench.metrics._engine.blocks import (
    TIE,
    CentredRows,
    MakeReduction,
    centred_rows,
    distance_pass,
    working_type,
)
from ganbench.metrics._engine.nearest import Nearest, OfPairs, OverNearest, search_across, search_back
from ganbench.metrics.cost import NOTHING, Cost
from ganbench.metrics.feature_vectors import Features, at_least, both


@dataclass(frozen=True)
class Pair:
    """Two samples and what was derived from both; kept by the real one for as long as the fake one lives."""

    real: Features
    fake: Features
    derived: dict[Hashable, Any]

    @cached_property
    def rows(self) -> tuple[CentredRows, CentredRows]:
        """Both samples about the real mean."""
        centre = self.real.mean
        dtype = working_type(self.real.values, self.fake.values, centre)
        left = self.real.known_rows
        if left is None or left.centred.dtype != dtype:
            left = centred_rows(self.real.values, centre, dtype)
        return left, centred_rows(self.fake.values, centre, dtype)

    def reduce(self, reductions: Mapping[Hashable, MakeReduction]) -> None:
        """Fill ``derived`` with the ``reductions`` of real by fake that are not there yet, in one pass."""
        missing = {key: make for key, make in reductions.items() if key not in self.derived}
        if missing:
            self.derived.update(distance_pass(*self.rows, missing))

    def nearest_fake(self, k: int = 1) -> Nearest:
        """The k nearest fake rows of each real row, exact."""
        return first_of(self._nearest("fake", k), k)

    def nearest_real(self, k: int = 1) -> Nearest:
        """The k nearest real rows of each fake row, exact."""
        return first_of(self._nearest("real", k), k)

    def over_nearest_fake(self, of: OfPairs) -> tuple[Tensor, Tensor]:
        """Mean and least of ``of(fake rows, real rows)`` over the fake rows nearest to each real row, (n,) each."""
        return over_nearest(self._nearest("fake"), self.rows[::-1], of)

    def over_nearest_real(self, of: OfPairs) -> tuple[Tensor, Tensor]:
        """Mean and least of ``of(real rows, fake rows)`` over the real rows nearest to each fake row, (m,) each."""
        return over_nearest(self._nearest("real"), self.rows, of)

    def _nearest(self, of: Literal["real", "fake"], k: int = 1) -> Nearest:
        at_least(self.real if of == "real" else self.fake, k)
        key, requirement = Across(of), NearestAcross(max(k, 2))
        reductions = requirement.reductions(self)
        if key in self.derived and self.derived[key].squares.shape[1] < k:  # fewer were asked for before
            del self.derived[key]
        reductions.run(self)
        nearest: Nearest = self.derived[key]
        return nearest


def first_of(nearest: Nearest, k: int) -> Nearest:
    return Nearest(nearest.squares[:, :k], nearest.index[:, :k])


def over_nearest(nearest: Nearest, rows: tuple[CentredRows, CentredRows], of: OfPairs) -> tuple[Tensor, Tensor]:
    """Reduce ``of(left, right)`` over the left rows nearest to each right row; only ties need another pass."""
    (left, right), squares = rows, nearest.squares
    mean = of(nearest.index[:, 0], torch.arange(len(right), device=squares.device)).double()
    least = mean.clone()
    tied = (squares[:, 1] <= squares[:, 0] * TIE).nonzero().flatten() if squares.shape[1] > 1 else squares.new_zeros(0)
    if len(tied):
        over = partial(OverNearest, near=squares[tied, 0], of=lambda i, j: of(i, tied[j]))
        mean[tied], least[tied] = distance_pass(left, right.part(tied), {"over": over})["over"]
    return mean, least


@dataclass(frozen=True)
class Reductions:
    """What some metrics need: neighbours within a sample, and reductions of real, of fake, and of real by fake.

    ``neighbours`` counts those of a real row and of a fake row.
    """

    neighbours: tuple[int, int] = (0, 0)
    real: Mapping[Hashable, MakeReduction] = field(default_factory=dict)
    fake: Mapping[Hashable, MakeReduction] = field(default_factory=dict)
    cross: Mapping[Hashable, MakeReduction] = field(default_factory=dict)

    def __or__(self, other: Reductions) -> Reductions:
        most = [max(ours, theirs) for ours, theirs in zip(self.neighbours, other.neighbours, strict=True)]
        merged = ({**ours, **theirs} for ours, theirs in zip(self._maps, other._maps, strict=True))
        return Reductions((most[0], most[1]), *merged)

    @property
    def _maps(self) -> tuple[Mapping[Hashable, MakeReduction], ...]:
        return self.real, self.fake, self.cross

    def run(self, pair: Pair) -> None:
        """Do what is missing: at most one pass over each sample and one over both.

        The centred copy of a sample goes before the next is made.
        """
        pair.fake.reduce(self.fake, neighbours=self.neighbours[1])
        pair.real.reduce(self.real, neighbours=self.neighbours[0])
        pair.reduce(self.cross)


class Requirement:
    """What a metric requires of the passes over the distances; a frozen dataclass, often the key of its result too."""

    cost: ClassVar[Cost] = NOTHING  # of the passes alone; what several require is counted once

    def reductions(self, pair: Pair) -> Reductions:
        """Return the reductions that fulfil it for a pair; raises BadInput where the pair cannot."""
        raise NotImplementedError

    def merged(self, other: Requirement) -> Self | None:
        """Return one requirement that fulfils both, or None where one reduction cannot."""
        return self if self == other else None


@dataclass(frozen=True)
class NearestWithin(Requirement):
    """The nearest others of each row within its own sample: so many for a real row, so many for a fake one."""

    cost: ClassVar[Cost] = Cost.parse("0.5 n^2 d + 0.5 m^2 d + 100 n^2 + 100 m^2")  # of both, the most that it can be

    real: int = 0
    fake: int = 0

    def reductions(self, pair: Pair) -> Reductions:
        for sample, k in ((pair.real, self.real), (pair.fake, self.fake)):
            at_least(sample, k + 1)
        return Reductions((self.real, self.fake))


@dataclass(frozen=True)
class Across:
    """Key of the nearest row ``of`` the other sample."""

    of: Literal["real", "fake"]


@dataclass(frozen=True)
class NearestAcross(Requirement):
    """The k nearest fakes of each real row and reals of each fake row; of the two nearest, the next tells of ties."""

    cost: ClassVar[Cost] = Cost.parse("n m d + 200 n m")

    k: int = 2

    def reductions(self, pair: Pair) -> Reductions:
        at_least(pair.real, 1)
        at_least(pair.fake, 1)
        return Reductions(
            cross={
                Across("fake"): partial(search_across, k=min(self.k, len(pair.fake))),
                Across("real"): partial(search_back, k=min(self.k, len(pair.real))),
            }
        )

    def merged(self, other: Requirement) -> NearestAcross | None:
        return NearestAcross(max(self.k, other.k)) if isinstance(other, NearestAcross) else None


def union(requirements: Iterable[Requirement]) -> list[Requirement]:
    """Return the requirements with those merged that one reduction fulfils."""
    merged: list[Requirement] = []
    for each in requirements:
        for i, known in enumerate(merged):
            together = known.merged(each)
            if together is not None:
                merged[i] = together
                break
        else:
            merged.append(each)
    return merged


def pair_of(real: Any, fake: Any) -> Pair:
    """Return the pair of two samples; the same Features share their results."""
    r, f = both(real, fake)
    known: WeakKeyDictionary[Features, dict[Hashable, Any]] = r.derived.setdefault("pairs", WeakKeyDictionary())
    return Pair(r, f, known.setdefault(f, {}))
