"""What training leaves when it ends: how each seed ended, its samples and scores, weights, history and cost."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from torch import Tensor
from torch.utils._pytree import tree_map

from ganbench.dataset import Tensors
from ganbench.records.record import Scores, Status
from ganbench.scoring.reference import DatasetScorer
from ganbench.training.sampler import Sampler
from ganbench.training.trainer import Trainer

Samples = tuple[Tensor, Tensor]  # of one seed: (n, *shape), and the labels (n,) that they were asked to be of


@dataclass(frozen=True)
class Ending:
    """How one seed ended: the last step known to be fine, and why there are no more."""

    seed: int
    status: Status
    step: int
    reason: str = ""


def endings(trainer: Trainer) -> list[Ending]:
    """Return how each seed ended; of one that diverged, the last step at which it was noted as fine."""
    noted = [0, *(note["step"] for note in trainer.history)]
    result = []
    for seed in trainer.seeds:
        if failure := trainer.failures.get(seed):
            last = max(step for step in noted if step < failure.step)
            result.append(Ending(seed, "diverged", last, str(failure)))
        else:
            result.append(Ending(seed, "done", trainer.done))
    return result


def samples(trainer: Trainer, n: int) -> dict[int, Samples]:
    """Draw ``n`` samples and labels for every seed that got so far, by seed.

    Those that diverged are left out before the drawing: whatever a baseline fits then may not bear them.
    """
    done = [i for i, seed in enumerate(trainer.seeds) if seed not in trainer.failures]
    if not done:
        return {}
    x, y = Sampler(only(trainer, done)).draw(n)
    return {trainer.seeds[seed]: (x[i], y[i]) for i, seed in enumerate(done)}


def only(trainer: Trainer, indices: Sequence[int]) -> Trainer:
    """Return the trainer as it would stand with only the seeds at some places of its group."""
    if len(indices) == len(trainer.seeds):
        return trainer
    fewer = copy.copy(trainer)
    fewer.seeds = tuple(trainer.seeds[i] for i in indices)
    fewer.state = tree_map(lambda tensor: tensor[list(indices)], trainer.state)
    return fewer


def scores(scorer: DatasetScorer, drawn: Samples | None, conditional: bool, ending: Ending) -> tuple[Scores, ...]:
    """Score the samples of one seed; without any there is no value, and how the seed ended is the reason.

    The labels count where the baseline is ``conditional``: others were not asked for any class.
    """
    if drawn is None:
        return tuple(scorer.undefined(scorer.n, ending.reason))
    x, y = drawn
    return tuple(scorer(x, y if conditional else None))


def weights(trainer: Trainer, i: int) -> Tensors:
    """Return everything that generator and discriminator of the seed at place ``i`` consist of, by name."""
    parts: Tensors = {f"carried.{name}": tensor[i] for name, tensor in trainer.state["carried"].items()}
    for name in "GD":
        state = trainer.state[name]
        parts |= {f"{name}.{buffer}": tensor[i] for buffer, tensor in state["buffers"].items()}
        parts |= named(trainer, name, name, state["weights"][i])
    parts |= named(trainer, "G", "average", trainer.state["average"][i])
    return {name: tensor.detach().cpu().clone() for name, tensor in parts.items()}


def named(trainer: Trainer, net: str, prefix: str, flat: Tensor) -> Tensors:
    """Return the weights of one net (parameters,) as named tensors of their shapes."""
    shapes = trainer.updates.stacked[net].layout.shapes
    parts = flat.split([shape.numel() for shape in shapes.values()]) if shapes else []
    return {f"{prefix}.{name}": part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


def cost(trainer: Trainer) -> dict[str, float]:
    """Return what one seed saw and computed: examples, gradients (one for each example and network), parameters."""
    seen = {kind: n * trainer.baseline.batch_size(kind, trainer.plan.batch) for kind, n in trainer.counts.items()}
    return {
        "samples_seen": sum(seen.values()),
        "gradients": sum(seen.values()) + seen["both"],
        "parameters_generator": trainer.state["G"]["weights"].shape[1],
        "parameters_discriminator": trainer.state["D"]["weights"].shape[1],
    }


def history(trainer: Trainer, i: int) -> list[dict[str, Any]]:
    """Return the losses of the seed at place ``i``, with None for what is not finite, which JSON cannot hold."""
    return [
        {name: finite(value[i]) if isinstance(value, list) else value for name, value in note.items()}
        for note in trainer.history
    ]


def finite(value: float) -> float | None:
    """Return a number, or None for one that is not finite."""
    return value if isfinite(value) else None
