"""Small games for the tests: few steps, small batches, data from two or three lines."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ganbench import data
from ganbench.game import Baseline
from ganbench.train import Plan, Trainer


def play(
    baseline: Baseline, seeds: Sequence[int], steps: int = 3, *, dataset: str = "ring8", way: str = "replay"
) -> Trainer:
    """Play a few steps with batches of 32."""
    trainer = Trainer(baseline, data.load(dataset), seeds, Plan(max(steps, 1), batch=32, way=way))
    trainer.advance(steps)
    return trainer


def weights(trainer: Trainer, seat: int) -> Tensor:
    """All weights of one seed, both sides and the average."""
    state = trainer.state
    return torch.cat([state["G"]["weights"][seat], state["D"]["weights"][seat], state["average"][seat]])
