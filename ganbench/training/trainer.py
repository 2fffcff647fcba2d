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

from ganbench import nets
from ganbench.baseline import Baseline, Update
from ganbench.dataset import Dataset, Tensors
from ganbench.errors import BadInput, Diverged
from ganbench.training.backends import Step, available, resolve
from ganbench.training.batches import BatchSampler, examples
from ganbench.training.functional import StackedNet, seeded
from ganbench.training.loop import Loop
from ganbench.training.settings_as_tensors import holding, scalars
from ganbench.training.stacked_products import Products
from ganbench.training.update import LOSSES, UPDATED, Tree, Updates, overwrite

TOGETHER = 5  # seeds of one compiled call: of more, what a kernel writes has left the cache before the next reads it


def shares(seeds: int, together: int) -> list[slice]:
    """Return shares of at most ``together`` seeds, of one size where the number can be divided into such."""
    count = next((n for n in range(1, seeds + 1) if seeds % n == 0 and seeds // n <= together), seeds)
    if seeds // count < (together + 1) // 2:  # a prime, or nearly: two sizes, and two graphs
        count = -(-seeds // together)
    ends = [seeds * (i + 1) // count for i in range(count)]
    return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]


def unsupported(baseline: Baseline, data: Dataset, batch: int) -> str | None:
    """Return why a baseline does not support a data set or this batch size, or None."""
    space = baseline.with_networks(data.space)
    if reason := nets.unfit(space) or baseline.unsupported(space, batch):
        return reason
    # Where only the generator's update is larger, its batch is one of noise.
    factor = min((baseline.batch_size(kind, batch) for kind in baseline.updates(1)), default=batch) // batch
    size = data.train.size
    if factor > 1 and size is not None and factor * batch > size:
        most = f"the batch must be at most {size // factor}" if size >= factor else "there are too few"
        return f"an update takes {factor} x {batch} examples of the {size} there are: {most}"
    return None


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
        "auto" chooses between traced and compiled by the number of steps.

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
        if reason := unsupported(baseline, data, plan.batch):
            raise BadInput(f"{type(baseline).__name__} does not support {data.name}: {reason}")
        self.baseline, self.data, self.seeds, self.device = baseline, data, tuple(seeds), torch.device(plan.device)
        self.plan = replace(plan, backend=resolve(plan.backend, plan.steps, self.device))
        self.backend, self.remark = available(self.plan.backend, self.device)
        self.source = data.train.to(self.device)
        space = baseline.with_networks(data.space)
        pairs = [seeded(seed, lambda: baseline.networks(space)) for seed in self.seeds]
        self.updates = Updates(baseline, {name: StackedNet.of(pairs[0][i]) for i, name in enumerate("GD")})
        self.state: Tree = self.updates.start(pairs, self.device)
        self.leaves, self.structure = tree_flatten(self.state)
        self.loops: list[Loop] = []
        if self.plan.backend == "loop":
            self.loops = [Loop(baseline, *(net.to(self.device) for net in pair)) for pair in pairs]
        in_code = self.plan.backend == "compiled" and not self.remark
        self.scalars = scalars(baseline, self.device) if in_code else {}
        together = TOGETHER if in_code and self.device.type == "cpu" else len(seeds)
        self.shares = [(rows, [leaf[rows] for leaf in self.leaves]) for rows in shares(len(seeds), together)]
        self.steps: dict[tuple[Update, int, int], Step] = {}
        self.samplers: dict[Update, BatchSampler] = {}
        self.columns: dict[str, tuple[float, Tensor]] = {}
        self.counts: dict[Update, int] = dict.fromkeys(LOSSES, 0)
        self.done = 0
        self.losses: Tensors = {}  # the last of each network since the history was written, (seeds,)
        self.between: Callable[[Trainer], None] | None = None  # called between two steps, to keep what was reached
        self.history: list[dict[str, Any]] = []
        self.failures: dict[int, Diverged] = {}

    def run(self, points: int = 20, watch: Callable[[Trainer], None] | None = None) -> None:
        """Train to the end of the plan; record the history, and call ``watch``, at ``points`` even places of it."""
        for goal in self.goals(points):
            if self.done < goal and len(self.failures) < len(self.seeds):
                self.record(self.advance(goal))
                if watch:
                    watch(self)

    def goals(self, points: int) -> list[int]:
        """Return the steps at ``points`` even places of the plan."""
        return sorted({max(1, round(self.plan.steps * (i + 1) / points)) for i in range(points)})

    def advance(self, goal: int) -> Tensors:
        """Train until ``goal`` steps are done; return each network's last loss, (seeds,).

        Interrupted between two steps, training that is restored goes on to the same goal with the same losses.
        """
        while self.done < goal:
            updates = self.baseline.updates(self.done)
            for update in updates:
                self.losses |= self.update(update)
            self.done = self.done + 1 if updates else goal
            if self.between and self.done < goal:
                self.between(self)
        losses, self.losses = self.losses, {}
        return losses

    def update(self, kind: Update) -> Tensors:
        """Make one update of that kind for all seeds; return the losses behind it, (seeds,) each."""
        drawn, schedule = self.batches(kind).draw(self.counts[kind]), self.schedule()
        phase = self.baseline.phase(self.counts[kind])
        self.counts[kind] += 1
        if self.plan.backend == "loop":
            return dict(zip(LOSSES[kind], self.update_in_loops(kind, phase, drawn), strict=True))
        parts = [self.update_share(kind, phase, share, drawn, schedule) for share in self.shares]
        losses = parts[0] if len(parts) == 1 else [torch.cat(each) for each in zip(*parts, strict=True)]
        return dict(zip(LOSSES[kind], losses, strict=True))

    def update_share(
        self, kind: Update, phase: int, share: tuple[slice, list[Tensor]], drawn: Tensors, schedule: Tensors
    ) -> Sequence[Tensor]:
        """Make one update of some of the seeds: a share is their rows, and the leaves of their state."""
        rows, leaves = share
        own = [*drawn.values(), *schedule.values()]
        if len(self.shares) > 1:
            own = [tensor[rows] for tensor in own]
        tensors = [*leaves, *own, *self.scalars.values()]
        key = (kind, phase, rows.stop - rows.start)
        if key not in self.steps:
            self.steps[key] = self.backend(self.flat(kind, phase, list(drawn), list(schedule)), tensors)
        return self.steps[key](tensors)

    def flat(self, kind: Update, phase: int, drawn: Sequence[str], schedule: Sequence[str]) -> Step:
        """One kind of update as a function of a flat list: the state, what was drawn, the schedule, the settings."""

        def step(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
            state = tree_unflatten(list(tensors[: len(self.leaves)]), self.structure)
            named = dict(zip([*drawn, *schedule, *self.scalars], tensors[len(self.leaves) :], strict=True))
            batch = examples(self.source, {name: named[name] for name in [*drawn, "progress"]})
            baseline = holding(self.baseline.in_phase(phase), {name: named[name] for name in self.scalars})
            updates = replace(self.updates, baseline=baseline)
            return updates(kind, state, batch, {name: named[name] for name in schedule})

        return step

    def update_in_loops(self, kind: Update, phase: int, drawn: Tensors) -> list[Tensor]:
        """Make one update in each seed's loop, and keep a copy of what became of it in the state."""
        progress, decay = self.done / self.plan.steps, self.baseline.decay(self.done)
        batches = self.batch_of_each_seed(drawn)
        for loop in self.loops:
            loop.baseline = self.baseline.in_phase(phase)
        losses = [loop.update(kind, batch, progress, decay) for loop, batch in zip(self.loops, batches, strict=True)]
        overwrite(self.state, tree_map(lambda *rows: torch.stack(rows), *(loop.state() for loop in self.loops)))
        return [torch.stack(each) for each in zip(*losses, strict=True)]

    def batch_of_each_seed(self, drawn: Tensors) -> list[Tensors]:
        """Return the examples, draws and progress of each seed by itself."""
        batch = drawn | {"progress": self.progress()}
        return [examples(self.source, {name: rows[i] for name, rows in batch.items()}) for i in range(len(self.seeds))]

    def batches(self, kind: Update) -> BatchSampler:
        """Return the batches of one kind of update, made when they are first asked for."""
        if kind not in self.samplers:
            n, noise = self.baseline.batch_size(kind, self.plan.batch), self.baseline.noise(self.data.space)
            self.samplers[kind] = BatchSampler(kind, self.seeds, n, self.source, noise, self.device)
        return self.samplers[kind]

    def schedule(self) -> Tensors:
        """All scheduled values, as (seeds, 1) columns under names such as ``G.lr``, and the progress (seeds,).

        The columns are the same tensors at every update, with new numbers in them.
        """
        progress = self.done / self.plan.steps
        values = {"decay": self.baseline.decay(self.done), "progress": progress}
        for name, optimizer in zip("GD", self.baseline.optimizers(progress), strict=True):
            numbers = optimizer.schedule(self.updates_of(name) + 1)
            values |= {f"{name}.{field}": value for field, value in numbers.items()}
        return {name: self.column(name, value) for name, value in values.items()}

    def progress(self) -> Tensor:
        """Return the share of the steps that is done, (seeds,)."""
        return self.column("progress", self.done / self.plan.steps)

    def updates_of(self, name: str) -> int:
        """Return how many updates a network, "G" or "D", has had."""
        return sum(self.counts[kind] for kind, names in UPDATED.items() if name in names)

    def column(self, name: str, value: float) -> Tensor:
        """Return a scheduled value for every seed, written into the tensor that held it before."""
        if name not in self.columns:
            shape, dtype = ((), torch.float) if name == "progress" else ((1,), torch.double)
            self.columns[name] = value, torch.full((len(self.seeds), *shape), value, dtype=dtype, device=self.device)
        elif self.columns[name][0] != value:
            self.columns[name] = value, self.columns[name][1].fill_(value)
        return self.columns[name][1]

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
        batch = examples(self.source, drawn | {"progress": self.progress()})
        with Products(len(self.seeds)):
            values: Tensor = self.updates.each(self.baseline.monitor, self.state, batch)
        return values

    def checkpoint(self) -> Tree:
        """Everything that the rest of training depends on; streams are named by position, so the counts say it all."""
        return {"state": copy.deepcopy(self.state), "counts": dict(self.counts), "done": self.done}

    def restore(self, checkpoint: Tree) -> None:
        """Continue from a checkpoint of the same training as if nothing had happened."""
        overwrite(self.state, checkpoint["state"])
        self.counts, self.done = dict(checkpoint["counts"]), checkpoint["done"]
        for i, loop in enumerate(self.loops):
            loop.load(tree_map(itemgetter(i), self.state), {name: self.updates_of(name) for name in "GD"})
