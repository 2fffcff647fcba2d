"""What was typed behind ``ganbench run``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Request:
    """The options of a run; empty means as the suite says."""

    suite: str
    baselines: tuple[str, ...]
    datasets: tuple[str, ...]
    experiments: tuple[str, ...]
    seeds: tuple[int, ...]
    metrics: tuple[str, ...]
    steps: int | None
    way: str
    device: str
    jobs: int | None
    out: Path
    data: Path | None
    fresh: bool
    retry_failed: bool
    dry_run: bool
