"""Short trainings for the tests: few steps, small batches."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ganbench import data
from ganbench.baseline import Baseline
from ganbench.training.trainer import Plan, Trainer


def trained(
    baseline: Baseline, seeds: Sequence[int], steps: int = 3, *, dataset: str = "ring8", backend: str = "traced"
) -> Trainer:
    """Return a trainer after a few steps with batches of 32."""
    trainer = Trainer(baseline, data.load(dataset), seeds, Plan(max(steps, 1), batch=32, backend=backend))
    trainer.advance(steps)
    return trainer


def weights(trainer: Trainer, place: int) -> Tensor:
    """All weights of one seed: both networks and the average."""
    state = trainer.state
    return torch.cat([state["G"]["weights"][place], state["D"]["weights"][place], state["average"][place]])
