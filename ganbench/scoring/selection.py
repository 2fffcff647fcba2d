"""Which metrics are asked for: by name, by the path of a user's file, all that can be used, or the usual ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ganbench._util.user_code import is_path
from ganbench.metrics import METRICS
from ganbench.metrics.spec import Metric
from ganbench.metrics.user import find_metrics

USUAL = ("fid", "kid", "precision", "recall", "density", "coverage")
ALL = "all"


@dataclass(frozen=True)
class Wanted:
    """Metrics in the order of their columns, and the names of those that were asked for one by one."""

    metrics: tuple[Metric[Any], ...]
    required: frozenset[str]


def wanted(asked: Sequence[str] | str | None) -> Wanted:
    """Return what is asked for, a list of names or text with commas between; None are the usual metrics.

    ``"all"`` may stand beside files of one's own.

    Raises UnknownName with the nearest names, or Missing or BadInput for a file that cannot be used.
    """
    names = [name.strip() for name in asked.split(",") if name.strip()] if isinstance(asked, str) else asked
    if not names:
        return Wanted(tuple(METRICS[name] for name in USUAL), frozenset())
    own = find_metrics(name for name in names if name != ALL and (ALL not in names or is_path(name)))
    if ALL in names:
        find_metrics(name for name in names if name != ALL)  # a name that is none is said even beside all
    every = tuple(METRICS.values()) if ALL in names else ()
    return Wanted((*every, *own), frozenset(metric.spec.name for metric in own))
