"""Training on a ring of Gaussians, read along the way: how many modes the samples cover, and how good they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ganbench.data.mixtures import ring
from ganbench.metrics.modes import high_quality, modes_covered
from ganbench.training import registry
from ganbench.training.sampler import Sampler
from ganbench.training.trainer import Plan, Trainer

SAMPLES = 2000  # of each evaluation


def course(
    baseline: str, settings: Mapping[str, object], seeds: int, plan: Plan, evaluations: int
) -> tuple[np.ndarray, np.ndarray]:
    """Train a baseline on the ring of eight (radius 2, sd 0.2); return modes and quality, (evaluations, seeds) each.

    A mode is covered that has at least a fifth of its fair share. Samples come from the weights of the moment.
    """
    data = ring(radius=2.0, sd=0.2)
    method = registry.configure(baseline, {"betas": [0.5, 0.999], "ema": 0.0} | dict(settings), data)
    known: Any = data.modes  # which a ring always has
    seen: list[list[tuple[float, float]]] = []

    def evaluate(trainer: Trainer) -> None:
        points = Sampler(trainer).draw(SAMPLES)[0]
        seen.append([(modes_covered(each, known, share=0.2), high_quality(each, known)) for each in points])

    Trainer(method, data, range(seeds), plan).run(evaluations, evaluate)
    values = np.array(seen)
    return values[..., 0], values[..., 1]
