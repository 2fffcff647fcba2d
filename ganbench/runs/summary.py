"""What training leaves when it ends: how each seed ended, its samples and scores, weights, history and cost."""

from __future__ import annotations

import copy
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite, nan
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map
from torch.utils.flop_counter import flop_registry

from ganbench.baseline import Update
from ganbench.dataset import Tensors
from ganbench.records.record import Scores, Status, Weights
from ganbench.scoring.reference import DatasetScorer
from ganbench.training.sampler import Sampler
from ganbench.training.trainer import Trainer

Samples = tuple[Tensor, Tensor]  # of one seed: (n, *shape), and the labels (n,) that they were asked to be of
OPTIMIZER = "optimizer."  # how the names of an optimiser's state begin among weights
SHOWN = {True: 16, False: 250}  # examples that a record keeps: images, points


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


def samples(trainer: Trainer, n: int, weights: Weights = "average") -> dict[int, Samples]:
    """Draw ``n`` samples and labels for every seed that got so far, by seed.

    Those that diverged are left out before the drawing: whatever a baseline fits then may not bear them.
    """
    done = [i for i, seed in enumerate(trainer.seeds) if seed not in trainer.failures]
    if not done:
        return {}
    x, y = Sampler(only(trainer, done), weights).draw(n)
    return {trainer.seeds[seed]: (x[i], y[i]) for i, seed in enumerate(done)}


def only(trainer: Trainer, indices: Sequence[int]) -> Trainer:
    """Return the trainer as it would stand with only the seeds at some places of its group."""
    if len(indices) == len(trainer.seeds):
        return trainer
    fewer = copy.copy(trainer)
    fewer.seeds = tuple(trainer.seeds[i] for i in indices)
    fewer.state = tree_map(lambda tensor: tensor[list(indices)], trainer.state)
    return fewer


def scores(
    scorer: DatasetScorer, drawn: Mapping[Weights, Samples], conditional: bool, ending: Ending, sets: int = 1
) -> tuple[Scores, ...]:
    """Score the samples of one seed, ``sets`` of them for each kind of weights, metric by metric.

    Without any there is no value, and how the seed ended is the reason. The labels count where the baseline is
    ``conditional``: others were not asked for any class.
    """
    if not drawn:
        return tuple(scorer.undefined(scorer.n, ending.reason))
    by_weights = [
        [replace(score, weights=weights) for score in scorer(x, y if conditional else None, sets)]
        for weights, (x, y) in drawn.items()
    ]
    return tuple(score for same in zip(*by_weights, strict=True) for score in same)


def examples(drawn: Samples, image_range: tuple[float, float] | None) -> dict[str, Any]:
    """Return the first samples for a record: images in 256 levels of ``image_range``, points as they are."""
    x = drawn[0][: SHOWN[image_range is not None]].float()
    if image_range:
        low, high = image_range
        x = ((x - low) / (high - low) * 255).round().clamp(0, 255).byte()
    data = b64encode(x.contiguous().numpy().tobytes()).decode()
    return {"dtype": str(x.dtype).removeprefix("torch."), "shape": list(x.shape), "data": data}


def weights(trainer: Trainer, i: int) -> Tensors:
    """Return everything that the seed at place ``i`` consists of, by name: both networks and their optimisers."""
    parts: Tensors = {f"carried.{name}": tensor[i] for name, tensor in trainer.state["carried"].items()}
    for name in "GD":
        state = trainer.state[name]
        parts |= {f"{name}.{buffer}": tensor[i] for buffer, tensor in state["buffers"].items()}
        parts |= named(trainer, name, name, state["weights"][i])
        moments = state["optimizer"].items() if state["weights"].shape[1] else ()
        parts |= {f"{OPTIMIZER}{name}.{field}": tensor[i] for field, tensor in moments}
    parts |= named(trainer, "G", "average", trainer.state["average"][i])
    return {name: tensor.detach().cpu().clone() for name, tensor in parts.items()}


def load_weights(trainer: Trainer, stored: Sequence[Tensors]) -> None:
    """Give each seed of a new trainer what ``weights`` returned of one."""
    for i, tensors in enumerate(stored):
        load_generator(trainer, i, tensors)
        for buffer, tensor in trainer.state["D"]["buffers"].items():
            tensor[i].copy_(tensors[f"D.{buffer}"])
        for name in "GD":
            trainer.state[name]["weights"][i].copy_(flat(trainer, name, name, tensors))


def load_generator(trainer: Trainer, i: int, tensors: Tensors) -> None:
    """Give the seed at place ``i`` of a new trainer what samples of averaged weights are drawn from."""
    for name, tensor in trainer.state["carried"].items():
        tensor[i].copy_(tensors[f"carried.{name}"])
    for buffer, tensor in trainer.state["G"]["buffers"].items():
        tensor[i].copy_(tensors[f"G.{buffer}"])
    trainer.state["average"][i].copy_(flat(trainer, "G", "average", tensors))


def load_state(trainer: Trainer, stored: Sequence[Tensors], steps: int) -> None:
    """Put a new trainer where those stood whose ``weights`` are given, after so many steps.

    Raises KeyError or RuntimeError for weights of other networks, or without the state of the optimisers.
    """
    load_weights(trainer, stored)
    for i, tensors in enumerate(stored):
        for name in "GD":
            state = trainer.state[name]
            for field, tensor in state["optimizer"].items() if state["weights"].shape[1] else ():
                tensor[i].copy_(tensors[f"{OPTIMIZER}{name}.{field}"])
    counts = Counter(kind for step in range(steps) for kind in trainer.baseline.updates(step))
    trainer.restore({"state": trainer.state, "counts": {kind: counts[kind] for kind in trainer.counts}, "done": steps})


def flat(trainer: Trainer, net: str, prefix: str, tensors: Tensors) -> Tensor:
    """Return named tensors as the weights of one net, (parameters,)."""
    parts = [tensors[f"{prefix}.{name}"].flatten() for name in trainer.updates.stacked[net].layout.shapes]
    return torch.cat(parts) if parts else torch.empty(0)


def named(trainer: Trainer, net: str, prefix: str, flat: Tensor) -> Tensors:
    """Return the weights of one net (parameters,) as named tensors of their shapes."""
    shapes = trainer.updates.stacked[net].layout.shapes
    parts = flat.split([shape.numel() for shape in shapes.values()]) if shapes else []
    return {f"{prefix}.{name}": part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


def cost(trainer: Trainer) -> dict[str, float]:
    """Return what one seed saw and computed: examples, gradients (one for each example and network), parameters.

    ``flops`` are floating point operations of all products, forward and backward: inner steps and second derivatives
    count as what they are.
    """
    seen = {kind: n * trainer.baseline.batch_size(kind, trainer.plan.batch) for kind, n in trainer.counts.items()}
    return {
        "samples_seen": sum(seen.values()),
        "gradients": sum(seen.values()) + seen["both"],
        "flops": sum(n * flops(trainer, kind) for kind, n in trainer.counts.items() if n),
        "parameters_generator": trainer.state["G"]["weights"].shape[1],
        "parameters_discriminator": trainer.state["D"]["weights"].shape[1],
    }


class FlopCounter(TorchDispatchMode):
    """Adds up the floating point operations of products and convolutions; torch's own fails on second derivatives."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total = 0

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if count := flop_registry.get(func.overloadpacket):
            self.total += count(*args, **(kwargs or {}), out_val=result)
        return result


def flops(trainer: Trainer, kind: Update) -> float:
    """Return the floating point operations of one update of one seed, counted on networks that were just drawn."""
    plan = replace(trainer.plan, steps=1, backend="eager", device="cpu")
    fresh = Trainer(trainer.baseline, trainer.data, (0, 1), plan)  # of a lone seed some products are computed twice
    with FlopCounter() as counter:
        fresh.update(kind)
    return counter.total / 2


def history(trainer: Trainer, i: int) -> list[dict[str, Any]]:
    """Return the losses of the seed at place ``i``, with None for what is not finite, which JSON cannot hold."""
    return [
        {name: finite(value[i]) if isinstance(value, list) else value for name, value in note.items()}
        for note in trainer.history
    ]


def losses(trainer: Trainer) -> dict[int, dict[str, float | None]]:
    """Return the losses of every seed at the latest step, by name; nothing where nothing is trained."""
    latest = trainer.history[-1] if trainer.history else {}
    note = {name: values for name, values in latest.items() if isinstance(values, list)}
    return {seed: {name: values[i] for name, values in note.items()} for i, seed in enumerate(trainer.seeds)}


def joined(histories: Sequence[Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Return the history of a trainer whose seeds have these, each as of ``history``."""
    joint = []
    for notes in zip(*histories, strict=True):
        values = {name: [nan if note[name] is None else note[name] for note in notes] for name in notes[0]}
        joint.append({**values, "step": notes[0]["step"]})
    return joint


def finite(value: float) -> float | None:
    """Return a number, or None for one that is not finite."""
    return value if isfinite(value) else None
