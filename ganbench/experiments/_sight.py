"""When a metric sees a failure: all its seeds score worse than all those of real data in the generator's place."""

from __future__ import annotations

from typing import Any

from ganbench.metrics.base import Metric
from ganbench.stats import losses


def sight(metric: Metric[Any], failure: tuple[float, ...], control: tuple[float, ...]) -> str:
    """Return "sees" where all seeds are worse than all controls, "praises" where all are better, "blind" otherwise.

    Five and five exchangeable values stand apart, either way, once in 126 times.
    """
    ours, theirs = (losses(values, metric.better, metric.ideal) for values in (failure, control))
    if min(ours) > max(theirs):
        return "sees"
    return "praises" if max(ours) < min(theirs) else "blind"
