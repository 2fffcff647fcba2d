"""Short trainings for the tests: few steps, small batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ganbench import data
from ganbench.baseline import Baseline
from ganbench.dataset import Dataset
from ganbench.training import registry
from ganbench.training.trainer import Plan, Trainer

SETTINGS: dict[str, dict[str, Any]] = {"lapgan": {"levels": 1}}  # where the defaults support no small data


def configured(name: str) -> tuple[Baseline, Dataset]:
    """Return a baseline and the first small data set that it supports."""
    for dataset in ("ring8", "digits"):
        source = data.load(dataset)
        baseline = registry.configure(name, SETTINGS.get(name, {}), source)
        if baseline.unsupported(source.space, 32) is None:
            return baseline, source
    raise AssertionError(f"{name} supports no small data set")


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
