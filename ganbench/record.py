"""What a cell leaves behind: one Record, one JSON line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["done", "diverged", "error"]


@dataclass(frozen=True)
class Run:
    """How one seed of a cell ended."""

    seed: int
    status: Status
    step: int  # the last step known to be fine, or the last of all
    reason: str = ""


@dataclass(frozen=True)
class Scores:
    """One metric for every seed of a cell, with the identity that makes it comparable.

    ``values`` follow the order of the record's runs; None where the number is undefined, and then ``reasons`` (same order) says why.
    """

    metric: str
    values: tuple[float | None, ...]
    reasons: tuple[str, ...]
    better: str
    version: int
    features: dict[str, str]  # extractor's name, weights' sha256, preprocessing
    reference: str  # data set and split
    n_real: int
    n_fake: int
    options: dict[str, Any]


@dataclass(frozen=True)
class Record:
    """A finished cell: what was asked, how it ended, what was measured, and where it was made."""

    key: str  # digest of everything that the samples depend on
    baseline: str
    settings: dict[str, Any]  # all fields, defaults included
    dataset: str
    split: str
    seeds: tuple[int, ...]
    plan: dict[str, Any]  # steps, batch, way; not the device
    source: str  # digest of the code that made it
    runs: tuple[Run, ...]
    scores: tuple[Scores, ...]
    history: list[dict[str, Any]]  # {"step", "critic": [per seed], "generator": ..., "monitor": ...}
    curve: list[dict[str, Any]]  # {"step", "metric", "values": [per seed]}
    cost: dict[str, float]  # samples_seen, gradients, parameters
    provenance: dict[str, Any] = field(
        default_factory=dict
    )  # time, host, seconds, device, versions: differs between equal runs
