"""How sure a value is of its samples, the reference being what it is."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import torch
from scipy.stats import t as student

from ganbench.metrics.spec import Metric
from ganbench.scoring.inputs import FileInputs
from ganbench.scoring.scorer import Scorer

GROUPS = 10
INTERVAL = 0.95
METHOD = f"95 % interval over the samples, the reference fixed (jackknife over {GROUPS} groups, Student's t)"

Interval = tuple[float, float] | None


def interval(scorer: Scorer, metric: Metric[Any], fake: FileInputs, value: float) -> Interval:
    """Return a 95 % interval of a value by the jackknife over 10 groups of samples (Efron, 1982, chapter 3).

    For a mean over samples it is Student's interval over the groups' means. A bootstrap would repeat samples, which
    neighbours read as copies and which adds the bias of a Frechet distance once more: its draws lie above the value.
    None where a group leaves the metric undefined, or fewer than 10 samples for each group.
    """
    n = len(fake.feature_set)
    if n < GROUPS * GROUPS:
        return None
    group = torch.arange(n) % GROUPS
    parts = (fake.part((group != i).nonzero().flatten()) for i in range(GROUPS))
    values = [each for part in parts if (each := scorer.value(metric, part)[0]) is not None]
    if len(values) < GROUPS:
        return None
    error = sqrt((GROUPS - 1) / GROUPS * float(np.square(np.array(values) - np.mean(values)).sum()))
    half = float(student.ppf((1 + INTERVAL) / 2, GROUPS - 1)) * error
    low, high = metric.spec.bounds
    return max(low, value - half), min(high, value + half)
