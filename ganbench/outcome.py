"""What a game leaves when it ends: how each seed fared, its samples and scores, weights and cost."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from ganbench.dataset import Tensors
from ganbench.record import Run, Scores
from ganbench.sample import Sampler
from ganbench.scorer import Scorer
from ganbench.train import Trainer


def ended(trainer: Trainer) -> list[Run]:
    """Return how each seed ended; of one that diverged, the last step at which it was noted as fine."""
    notes = [0, *(note["step"] for note in trainer.history)]
    runs = []
    for seed in trainer.seeds:
        if failure := trainer.failures.get(seed):
            last = max(step for step in notes if step < failure.step)
            runs.append(Run(seed, "diverged", last, str(failure)))
        else:
            runs.append(Run(seed, "done", trainer.done))
    return runs


def samples(trainer: Trainer, n: int) -> tuple[Tensor, Tensor]:
    """Draw ``n`` samples and labels for every seed that got so far, in the order of the seeds.

    Those that diverged are left out before the drawing: whatever a baseline fits then may not bear them.
    """
    seats = seats_of(ended(trainer))
    if not seats:
        return torch.zeros(0, n, *trainer.data.space.shape), torch.zeros(0, n, dtype=torch.long)
    return Sampler(only(trainer, seats)).draw(n)


def seats_of(runs: Sequence[Run]) -> list[int]:
    """Return the places of the seeds that got to the end."""
    return [i for i, run in enumerate(runs) if run.status == "done"]


def only(trainer: Trainer, seats: Sequence[int]) -> Trainer:
    """Return the trainer as it would stand with only some of its seeds."""
    if len(seats) == len(trainer.seeds):
        return trainer
    fewer = copy.copy(trainer)
    fewer.seeds = tuple(trainer.seeds[i] for i in seats)
    fewer.state = tree_map(lambda tensor: tensor[list(seats)], trainer.state)
    return fewer


def scores(scorer: Scorer, x: Tensor, y: Tensor | None, runs: Sequence[Run]) -> tuple[Scores, ...]:
    """Score the samples of seeds that got to the end; the others have no value, and how they ended is the reason."""
    return tuple(widened(score, seats_of(runs), runs) for score in scorer(x, y))


def widened(score: Scores, seats: Sequence[int], runs: Sequence[Run]) -> Scores:
    """Return scores of some seats as scores of all."""
    values: list[float | None] = [None] * len(runs)
    reasons = [run.reason for run in runs]
    for seat, value, reason in zip(seats, score.values, score.reasons, strict=True):
        values[seat], reasons[seat] = value, reason
    return replace(score, values=tuple(values), reasons=tuple(reasons))


def weights(trainer: Trainer) -> Tensors:
    """Return everything that a generator or critic consists of by name, each with the seed as leading axis."""
    parts: Tensors = {f"carried.{name}": tensor for name, tensor in trainer.state["carried"].items()}
    for side in "GD":
        parts |= {f"{side}.{name}": tensor for name, tensor in trainer.state[side]["buffers"].items()}
        parts |= named(trainer, side, side, trainer.state[side]["weights"])
    parts |= named(trainer, "G", "average", trainer.state["average"])
    return {name: tensor.detach().cpu().clone() for name, tensor in parts.items()}


def named(trainer: Trainer, side: str, prefix: str, rows: Tensor) -> Tensors:
    """Return rows of weights (seeds, parameters) as named tensors (seeds, *shape)."""
    shapes = trainer.moves.sides[side].layout.shapes
    columns = rows.split([shape.numel() for shape in shapes.values()], dim=1) if shapes else []
    return {
        f"{prefix}.{name}": part.reshape(len(rows), *shape)
        for (name, shape), part in zip(shapes.items(), columns, strict=True)
    }


def cost(trainer: Trainer) -> dict[str, float]:
    """Return what one seed looked at and learned: data examples, gradients (one per example and player), weights."""
    seen = {move: n * trainer.baseline.batch_size(move, trainer.plan.batch) for move, n in trainer.turns.items()}
    return {
        "samples_seen": sum(seen.values()),
        "gradients": sum(seen.values()) + seen["both"],
        "parameters_generator": trainer.state["G"]["weights"].shape[1],
        "parameters_critic": trainer.state["D"]["weights"].shape[1],
    }


def finite(history: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the history with None for numbers that are not finite, which JSON cannot hold."""
    return [
        {
            name: [x if isfinite(x) else None for x in value] if isinstance(value, list) else value
            for name, value in note.items()
        }
        for note in history
    ]
