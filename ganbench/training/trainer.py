"""Train one baseline for many seeds at once: the seed is a leading axis of every tensor."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

from ganbench.baseline import Baseline, Update
from ganbench.dataset import Dataset, Tensors
from ganbench.errors import BadInput, Diverged
from ganbench.training.backends import Step, available, resolve
from ganbench.training.batches import BatchSampler, examples
from ganbench.training.functional import StackedNet, seeded, stacked_seeds
from ganbench.training.loop import Loop
from ganbench.training.update import LOSSES, Tree, Updates, overwrite


@dataclass(frozen=True)
class Plan:
    """How long, where and by which backend a baseline is trained.

    Parameters
    ----------
    steps
        Training steps; each makes the updates that the baseline's ``updates`` lists.
    batch
        Examples in a batch; a baseline may enlarge it for an update (``batch_size``).
    device
        A device of torch's.
    backend
        "eager", "traced" or "compiled" train all seeds at once; "loop" trains them one by one in ordinary PyTorch;
        "auto" chooses between traced and compiled.

    Raises
    ------
    BadInput
        For fewer than one step or example.
    """

    steps: int
    batch: int = 128
    device: str = "cpu"
    backend: str = "traced"

    def __post_init__(self) -> None:
        for name in ("steps", "batch"):
            if getattr(self, name) < 1:
                raise BadInput(f"{name} must be at least 1, got {getattr(self, name)}")


class Trainer:
    """Trains ``baseline`` on ``data`` for all ``seeds`` in lockstep, each the same as it would be alone.

    Parameters
    ----------
    baseline
        A baseline with its settings.
    data
        The data set; its ``train`` source is trained on.
    seeds
        One pair of networks is trained for each.
    plan
        Steps, batch size, device and backend.

    Attributes
    ----------
    state
        Weights, optimiser state and buffers of both networks, the averaged weights of the generator and what the
        baseline carries from step to step; each tensor has a leading axis of seeds.
    done
        Steps that have been made.
    history
        Losses and the baseline's monitor at some steps, as ``run`` records them.
    failures
        Seeds whose numbers stopped being finite.

    Raises
    ------
    BadInput
        Where the baseline does not support the data or the batch size.

    Examples
    --------
    >>> from ganbench.baselines.ns_gan import NonSaturatingGAN
    >>> from ganbench.data import load
    >>> trainer = Trainer(NonSaturatingGAN(), load("ring8"), seeds=[0, 1], plan=Plan(steps=10, batch=16))
    >>> trainer.run(points=2)
    >>> [entry["step"] for entry in trainer.history]
    [5, 10]
    """

    def __init__(self, baseline: Baseline, data: Dataset, seeds: Sequence[int], plan: Plan) -> None:
        if reason := baseline.unsupported(data.space, plan.batch):
            raise BadInput(f"{type(baseline).__name__} does not support {data.name}: {reason}")
        self.baseline, self.data, self.seeds, self.device = baseline, data, tuple(seeds), torch.device(plan.device)
        self.plan = replace(plan, backend=resolve(plan.backend, plan.steps, data.space))
        self.backend, self.remark = available(self.plan.backend, self.device)
        self.source = data.train.to(self.device)
        self.stacked_seeds = stacked_seeds(self.seeds)
        pairs = [seeded(seed, lambda: baseline.networks(data.space)) for seed in self.stacked_seeds]
        self.updates = Updates(baseline, {name: StackedNet.of(pairs[0][i]) for i, name in enumerate("GD")})
        self.stacked_state = self.updates.start(pairs, self.device)
        self.leaves, self.structure = tree_flatten(self.stacked_state)
        self.state: Tree = tree_map(lambda rows: rows[: len(self.seeds)], self.stacked_state)
        self.loops: list[Loop] = []
        if self.plan.backend == "loop":
            self.loops = [Loop(baseline, *(net.to(self.device) for net in pair)) for pair in pairs[: len(self.seeds)]]
        self.steps: dict[Update, Step] = {}
        self.samplers: dict[Update, BatchSampler] = {}
        self.columns: dict[str, tuple[float, Tensor]] = {}
        self.counts: dict[Update, int] = dict.fromkeys(LOSSES, 0)
        self.done = 0
        self.history: list[dict[str, Any]] = []
        self.failures: dict[int, Diverged] = {}

    def run(self, points: int = 20, watch: Callable[[Trainer], None] | None = None) -> None:
        """Train to the end of the plan; record the history, and call ``watch``, at ``points`` even places of it."""
        for goal in sorted({max(1, round(self.plan.steps * (i + 1) / points)) for i in range(points)}):
            if self.done < goal and len(self.failures) < len(self.seeds):
                self.record(self.advance(goal))
                if watch:
                    watch(self)

    def advance(self, goal: int) -> Tensors:
        """Train until ``goal`` steps are done; return each network's last loss, (seeds,)."""
        losses: Tensors = {}
        while self.done < goal:
            updates = self.baseline.updates(self.done)
            for update in updates:
                losses |= self.update(update)
            self.done = self.done + 1 if updates else goal
        return losses

    def update(self, kind: Update) -> Tensors:
        """Make one update of that kind for all seeds; return the losses behind it, (seeds,) each."""
        drawn, schedule = self.batches(kind).draw(self.counts[kind]), self.schedule()
        self.counts[kind] += 1
        if self.plan.backend == "loop":
            return dict(zip(LOSSES[kind], self.update_in_loops(kind, drawn), strict=True))
        tensors = [*self.leaves, *drawn.values(), *schedule.values()]
        if kind not in self.steps:
            self.steps[kind] = self.backend(self.flat(kind, list(drawn), list(schedule)), tensors)
        losses = self.steps[kind](tensors)
        return {name: loss[: len(self.seeds)] for name, loss in zip(LOSSES[kind], losses, strict=True)}

    def flat(self, kind: Update, drawn: Sequence[str], schedule: Sequence[str]) -> Step:
        """One kind of update as a function of a flat list of tensors: the state, what was drawn, the schedule."""

        def step(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
            state = tree_unflatten(list(tensors[: len(self.leaves)]), self.structure)
            named = dict(zip([*drawn, *schedule], tensors[len(self.leaves) :], strict=True))
            batch = examples(self.source, {name: named[name] for name in [*drawn, "progress"]})
            return self.updates(kind, state, batch, named)

        return step

    def update_in_loops(self, kind: Update, drawn: Tensors) -> list[Tensor]:
        """Make one update in each seed's loop, and keep a copy of what became of it in the state."""
        progress, decay = self.done / self.plan.steps, self.baseline.decay(self.done)
        batches = self.batch_of_each_seed(drawn)
        losses = [loop.update(kind, batch, progress, decay) for loop, batch in zip(self.loops, batches, strict=True)]
        overwrite(self.stacked_state, tree_map(lambda *rows: torch.stack(rows), *(loop.state() for loop in self.loops)))
        return [torch.stack(each) for each in zip(*losses, strict=True)]

    def batch_of_each_seed(self, drawn: Tensors) -> list[Tensors]:
        """Return the examples, draws and progress of each seed by itself."""
        batch = drawn | {"progress": self.schedule()["progress"]}
        return [examples(self.source, {name: rows[i] for name, rows in batch.items()}) for i in range(len(self.seeds))]

    def batches(self, kind: Update) -> BatchSampler:
        """Return the batches of one kind of update, made when they are first asked for."""
        if kind not in self.samplers:
            n, noise = self.baseline.batch_size(kind, self.plan.batch), self.baseline.noise(self.data.space)
            self.samplers[kind] = BatchSampler(kind, self.stacked_seeds, n, self.source, noise, self.device)
        return self.samplers[kind]

    def schedule(self) -> Tensors:
        """All scheduled values, as (seeds, 1) columns under names such as ``G.lr``, and the progress (seeds,)."""
        progress, rows = self.done / self.plan.steps, len(self.stacked_seeds)
        values = {
            f"{name}.{field}": value
            for name, optimizer in zip("GD", self.baseline.optimizers(progress), strict=True)
            for field, value in optimizer.schedule().items()
        }
        for name, value in (values | {"decay": self.baseline.decay(self.done), "progress": progress}).items():
            if name not in self.columns or self.columns[name][0] != value:
                shape = (rows,) if name == "progress" else (rows, 1)
                dtype = torch.float if name == "progress" else torch.double
                self.columns[name] = (value, torch.full(shape, value, dtype=dtype, device=self.device))
        return {name: column for name, (_, column) in self.columns.items()}

    def record(self, losses: Tensors) -> None:
        """Write losses and monitor into the history; note seeds whose numbers are no longer finite."""
        if not losses:
            return
        values_by_name = losses | {"monitor": self.monitor()}
        values_by_name |= {f"weights of {name}": self.state[name]["weights"].abs().sum(1) for name in "GD"}
        numbers = {name: tensor.double().tolist() for name, tensor in values_by_name.items()}
        for what, values in numbers.items():
            for seed, value in zip(self.seeds, values, strict=True):
                if not abs(value) < float("inf") and what != "monitor":
                    self.failures.setdefault(seed, Diverged(seed, self.done, what))
        self.history.append({"step": self.done} | {k: v for k, v in numbers.items() if not k.startswith("weights")})

    @torch.no_grad()
    def monitor(self) -> Tensor:
        """Return the baseline's own measure of how training goes, on the generator's latest batch, (seeds,)."""
        latest = max(self.counts, key=lambda kind: (self.counts[kind] > 0, kind != "discriminator"))
        drawn = self.batches(latest).draw(self.counts[latest] - 1)
        if self.plan.backend == "loop":
            batches = self.batch_of_each_seed(drawn)
            return torch.stack([loop.monitor(batch) for loop, batch in zip(self.loops, batches, strict=True)])
        batch = examples(self.source, drawn | self.schedule())
        values: Tensor = self.updates.each(self.baseline.monitor, self.stacked_state, batch)
        return values[: len(self.seeds)]

    def checkpoint(self) -> Tree:
        """Everything that the rest of training depends on; streams are named by position, so the counts say it all."""
        return {"state": copy.deepcopy(self.state), "counts": dict(self.counts), "done": self.done}

    def restore(self, checkpoint: Tree) -> None:
        """Continue from a checkpoint of the same training as if nothing had happened."""
        overwrite(self.stacked_state, checkpoint["state"])
        for i, loop in enumerate(self.loops):
            loop.load(tree_map(itemgetter(i), self.state))
        self.counts, self.done = dict(checkpoint["counts"]), checkpoint["done"]
