"""What a real and a fake cloud say together: every family's study of their distances, in as few passes as possible."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any
from weakref import WeakKeyDictionary

from ganbench.metrics.distances import Rows, Start, rows, sweep
from ganbench.metrics.features import Features, at_least, both
from ganbench.metrics.nearest import Nearest, search_across, search_back
from ganbench.metrics.rounding import working_type

NEAREST: Mapping[Hashable, Start] = {
    "nearest fake": partial(search_across, k=1),
    "nearest real": partial(search_back, k=1),
}


@dataclass(frozen=True)
class Pair:
    """Two clouds and what was derived from both; kept by the real one for as long as the fake one lives."""

    real: Features
    fake: Features
    derived: dict[Hashable, Any]

    @cached_property
    def rows(self) -> tuple[Rows, Rows]:
        """Both clouds about the real mean."""
        centre = self.real.mean
        dtype = working_type(self.real.values, self.fake.values, centre)
        known = self.real.__dict__.get("rows")
        left = known if known is not None and known.centred.dtype == dtype else rows(self.real.values, centre, dtype)
        return left, rows(self.fake.values, centre, dtype)

    def study(self, studies: Mapping[Hashable, Start]) -> None:
        """Fill ``derived`` with the ``studies`` of real by fake that are not there yet, in one sweep."""
        missing = {key: start for key, start in studies.items() if key not in self.derived}
        if missing:
            self.derived.update(sweep(*self.rows, missing))

    def nearest_fake(self) -> Nearest:
        """The nearest fake row of each real row, exact."""
        return self._nearest("nearest fake")

    def nearest_real(self) -> Nearest:
        """The nearest real row of each fake row, exact."""
        return self._nearest("nearest real")

    def _nearest(self, key: str) -> Nearest:
        at_least(self.real, 1)
        at_least(self.fake, 1)
        self.study(NEAREST)
        found: Nearest = self.derived[key]
        return found


@dataclass(frozen=True)
class Plan:
    """The studies that some metrics need: of the real cloud alone, of the fake one, and of real by fake."""

    real: Mapping[Hashable, Start]
    fake: Mapping[Hashable, Start]
    cross: Mapping[Hashable, Start]

    def __or__(self, other: Plan) -> Plan:
        return Plan({**self.real, **other.real}, {**self.fake, **other.fake}, {**self.cross, **other.cross})

    def run(self, pair: Pair) -> None:
        """Do what is missing: at most one pass over each cloud and one over both."""
        pair.real.study(self.real)
        pair.fake.study(self.fake)
        pair.study(self.cross)


def pair_of(real: Any, fake: Any) -> Pair:
    """Return the pair of two clouds; the same Features give the same findings."""
    r, f = both(real, fake)
    known: WeakKeyDictionary[Features, dict[Hashable, Any]] = r.derived.setdefault("pairs", WeakKeyDictionary())
    return Pair(r, f, known.setdefault(f, {}))
