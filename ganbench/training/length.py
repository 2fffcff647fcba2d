"""Whether the first steps of a longer training are those of a shorter one, so that the shorter one can go on."""

from __future__ import annotations

from dataclasses import replace

import torch

from ganbench.baseline import Baseline, Update
from ganbench.dataset import Dataset
from ganbench.training.backends import resolve, trace
from ganbench.training.trainer import Plan, Trainer

LOOKED_AT = 1000  # steps at which schedules are compared, at most


def differs(baseline: Baseline, data: Dataset, plan: Plan, steps: int) -> str:
    """Return why the first ``steps`` steps of a plan are not those of the same plan of so many; empty where they are.

    What a method draws and how it updates are known by the number of a step; what it learns from the share of the
    steps that is done (``progress``) is another number in a longer training.
    """
    device = torch.device(plan.device)
    before, after = resolve(plan.backend, steps, device), resolve(plan.backend, plan.steps, device)
    if before != after:
        return f"{steps} steps were {before}, {plan.steps} are {after}"
    looked = range(0, steps, max(1, steps // LOOKED_AT))
    if any(baseline.optimizers(step / steps) != baseline.optimizers(step / plan.steps) for step in looked):
        return "its rates depend on the share of the steps that is done"
    kinds = sorted({kind for step in range(min(steps, 10)) for kind in baseline.updates(step)})
    if any(uses_progress(baseline, data, plan, kind) for kind in kinds):
        return "its losses depend on the share of the steps that is done"
    return ""


def uses_progress(baseline: Baseline, data: Dataset, plan: Plan, kind: Update) -> bool:
    """Whether an update computes anything from the progress, found by tracing it."""
    trainer = Trainer(baseline, data, (0,), replace(plan, steps=1, device="cpu", backend="eager"))
    drawn, schedule = trainer.batches(kind).draw(0), trainer.schedule()
    tensors = [*trainer.leaves, *drawn.values(), *schedule.values()]
    graph = trace(trainer.flat(kind, baseline.phase(0), list(drawn), list(schedule)), tensors).graph
    inputs = [node for node in graph.nodes if node.op == "placeholder"]
    place = len(trainer.leaves) + len(drawn) + list(schedule).index("progress")
    return bool(inputs[place].users)
