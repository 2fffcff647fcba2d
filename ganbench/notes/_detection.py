"""When a metric detects a failure: all its seeds score worse than all those of real data in the generator's place."""

from __future__ import annotations

from typing import Any

from ganbench.metrics.spec import Metric
from ganbench.tables.statistics import losses


def detection(metric: Metric[Any], failure: tuple[float, ...], control: tuple[float, ...]) -> str:
    """Return "sees" where all seeds are worse than all controls, "praises" where all are better, "blind" otherwise.

    Five and five exchangeable values are separated, in either direction, once in 126 times.
    """
    ours, theirs = (losses(values, metric.spec.better, metric.spec.ideal) for values in (failure, control))
    if min(ours) > max(theirs):
        return "sees"
    return "praises" if max(ours) < min(theirs) else "blind"
