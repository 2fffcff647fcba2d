"""A row against the reference, as the rules of a fair comparison see it."""

from __future__ import annotations

from dataclasses import dataclass

from ganbench.cloud import Cloud
from ganbench.metrics.features import Features


@dataclass(frozen=True)
class Sample:
    """One set as the linter sees it."""

    name: str
    cloud: Cloud
    features: Features


@dataclass(frozen=True)
class Case:
    """A row against the reference, with the metrics that were taken and earlier looks at the reference."""

    fake: Sample
    real: Sample
    metrics: tuple[str, ...]
    identity: dict[str, str]
    other_identities: tuple[dict[str, str], ...] = ()
