"""Which metrics are asked for: by name, by the path of a user's file, all that can be used, or the usual ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ganbench.metrics import METRICS
from ganbench.metrics.spec import Metric
from ganbench.metrics.user import find_metrics

USUAL = ("fid", "kid", "precision", "recall", "density", "coverage")
ALL = "all"


@dataclass(frozen=True)
class Wanted:
    """Metrics in the order of their columns, the names of those asked for one by one, and of slow ones left out."""

    metrics: tuple[Metric[Any], ...]
    required: frozenset[str]
    left_out: tuple[str, ...] = ()


def wanted(asked: Sequence[str] | str | None, slow: bool = False) -> Wanted:
    """Return what is asked for, a list of names or text with commas between; None are the usual metrics.

    ``"all"`` are those of the catalogue that are not slow, with ``slow`` all of them; files of one's own and the names
    of slow ones may stand beside it.

    Raises UnknownName with the nearest names, or Missing or BadInput for a file that cannot be used.
    """
    names = [name.strip() for name in asked.split(",") if name.strip()] if isinstance(asked, str) else asked
    if not names:
        return Wanted(tuple(METRICS[name] for name in USUAL), frozenset())
    named = find_metrics(name for name in names if name != ALL)  # a name that is none is said even beside all
    if ALL not in names:
        return Wanted(tuple(named), frozenset(metric.spec.name for metric in named))
    asked_for = {metric.spec.name for metric in named}
    every = [each for each in METRICS.values() if slow or not each.spec.slow or each.spec.name in asked_for]
    own = [metric for metric in named if metric.spec.file_sha256]
    left_out = tuple(name for name, each in METRICS.items() if each not in every)
    return Wanted((*every, *own), frozenset(metric.spec.name for metric in own), left_out)
