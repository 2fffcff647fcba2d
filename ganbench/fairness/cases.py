"""A row against the reference, as the rules of a fair comparison see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ganbench.cloud import Cloud
from ganbench.metrics.base import Metric
from ganbench.metrics.features import Features


@dataclass(frozen=True)
class Sample:
    """One set as the linter sees it; ``n`` is None where only its mean and covariance are known."""

    name: str
    cloud: Cloud
    features: Features
    n: int | None


@dataclass(frozen=True)
class Case:
    """A row against the reference, with the metrics that were taken and earlier looks at the reference."""

    fake: Sample
    real: Sample
    metrics: tuple[Metric[Any], ...]
    identity: dict[str, str]
    other_identities: tuple[dict[str, str], ...] = ()

    @property
    def sizes(self) -> list[int]:
        """How many samples there are, on the sides that say it."""
        return [each.n for each in (self.fake, self.real) if each.n is not None]

    @property
    def names(self) -> set[str]:
        """The metrics that were taken."""
        return {each.name for each in self.metrics}
