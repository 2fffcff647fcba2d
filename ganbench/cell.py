"""One cell, from its data set to its record: train, sample, score, keep."""

from __future__ import annotations

import copy
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from re import sub
from time import perf_counter
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor
from torch.utils._pytree import tree_map

from ganbench import data, roster
from ganbench.files import write_atomically
from ganbench.find import check_names
from ganbench.machine import fixed_arithmetic, provenance
from ganbench.metrics import METRICS
from ganbench.record import Record, Run, Scores, source_digest
from ganbench.sample import Sampler
from ganbench.score import Scorer
from ganbench.store import Store
from ganbench.suite import Cell
from ganbench.train import Plan, Trainer

WATCHED = 1000  # samples that a point of a learning curve is made from
Tell = Callable[[int], None]  # how many steps are done


@dataclass(frozen=True)
class Place:
    """Where cells are computed and kept: results folder, device, folder of data that come as files."""

    folder: Path
    device: str = "cpu"
    data: Path | None = None

    def of(self, cell: Cell) -> Path:
        """Return the folder of what a cell leaves beside its record."""
        return self.folder / "cells" / sub(r"[^\w.=-]+", "_", f"{roster.title(cell.baseline)}-{cell.dataset}-{cell.key[:8]}")


def compute(cell: Cell, place: Place, old: Record | None, tell: Tell) -> Record:
    """Compute a cell and append its record; whatever goes wrong in training or scoring becomes a failed record.

    Where an ``old`` record lacks only metrics and its samples are kept, they are scored instead of made again.
    """
    began = perf_counter()
    with fixed_arithmetic() as heard:
        work = Work(cell, place)
        try:
            record = work.score_again(old) or work.play(tell)
        except Exception as error:  # what a cell raises is its result, and other cells go on
            record = work.failed(error)
    record = replace(record, provenance=provenance(place.device, perf_counter() - began, heard))
    Store(place.folder).append(record)
    return record


class Work:
    """A cell while it is computed."""

    def __init__(self, cell: Cell, place: Place) -> None:
        self.cell, self.place, self.folder = cell, place, place.of(cell)
        self.data = data.load(cell.dataset, place.data)
        self.baseline = roster.configure(cell.baseline, cell.settings, self.data)
        self.plan = Plan(cell.steps, cell.batch, place.device)
        self.trainer: Trainer | None = None
        self.curve: list[dict[str, Any]] = []

    def play(self, tell: Tell) -> Record:
        """Train, sample, score; keep samples, weights and a picture."""
        scorer = Scorer(self.data, self.cell.metrics, self.cell.samples)
        trainer = self.trainer = Trainer(self.baseline, self.data, self.cell.seeds, self.plan)
        watch = self.watcher()

        def note(trainer: Trainer) -> None:
            tell(trainer.done)
            if watch and (trainer.done == self.cell.steps or self.baseline.moves(0)):
                self.curve.append(self.point(watch, trainer))

        trainer.run(watch=note)
        runs = ended(trainer)
        x, y = self.samples(trainer, self.cell.samples)
        record = self.record(runs, scores(scorer, x, y, runs))
        fine = torch.tensor([run.seed for run in runs if run.status == "done"])
        self.keep("samples", {"x": x, "y": y, "seeds": fine})
        self.keep("weights", weights(trainer))
        self.picture(record, x, y)
        return record

    def watcher(self) -> Scorer | None:
        """Return the scorer of the learning curve's points, if one is asked for."""
        size = self.data.held_out.size or WATCHED
        watched = [self.cell.watch] if self.cell.watch else []
        return Scorer(self.data, watched, min(WATCHED, size, self.cell.samples)) if watched else None

    def point(self, watch: Scorer, trainer: Trainer) -> dict[str, Any]:
        """One point of the learning curve: the watched metric of fresh samples, None for seeds that diverged."""
        x, y = self.samples(trainer, watch.n)
        (found,) = scores(watch, x, y, ended(trainer))
        return {"step": trainer.done, "metric": found.metric, "values": list(found.values)}

    def samples(self, trainer: Trainer, n: int) -> tuple[Tensor, Tensor]:
        """Draw ``n`` samples for each seed that has not diverged."""
        seats = [i for i, seed in enumerate(trainer.seeds) if seed not in trainer.failures]
        if not seats:
            return torch.zeros(0, n, *self.data.space.shape), torch.zeros(0, n, dtype=torch.long)
        if len(seats) < len(trainer.seeds):
            trainer = copy.copy(trainer)
            trainer.seeds = tuple(trainer.seeds[i] for i in seats)
            trainer.state = tree_map(lambda tensor: tensor[seats], trainer.state)
        return Sampler(trainer).draw(n)

    def score_again(self, old: Record | None) -> Record | None:
        """Return the old record with the metrics that it lacks, if they are all it lacks and samples are kept."""
        if old is None or state(self.cell, old) != "unscored":
            return None
        try:
            kept = load((self.folder / "samples.safetensors").read_bytes())
        except (OSError, SafetensorError):
            return None
        fine = [run.seed for run in old.runs if run.status == "done"]
        if kept["seeds"].tolist() != fine or kept["x"].shape[:2] != (len(fine), self.cell.samples):
            return None
        lacking = lacks(self.cell, old)
        scorer = Scorer(self.data, lacking, self.cell.samples)
        known = {score.metric: score for score in (*old.scores, *scores(scorer, kept["x"], kept["y"], old.runs))}
        order = [*METRICS, *sorted(set(known) - set(METRICS))]
        return replace(old, scores=tuple(known[name] for name in order if name in known))

    def failed(self, error: Exception) -> Record:
        """Return the record of a cell that raised; the traceback is kept beside it."""
        write_atomically(self.folder / "error.txt", "".join(traceback.format_exception(error)).encode())
        history = self.trainer.history if self.trainer else []
        step = history[-1]["step"] if history else 0
        reason = roster.in_one_line(error)
        return self.record([Run(seed, "error", step, reason) for seed in self.cell.seeds], ())

    def record(self, runs: Sequence[Run], scored: tuple[Scores, ...]) -> Record:
        """Put a record together."""
        return Record(
            key=self.cell.key,
            baseline=roster.title(self.cell.baseline),
            settings=roster.settings_of(self.baseline),
            dataset=self.data.name,
            split=self.data.split,
            seeds=self.cell.seeds,
            plan={"steps": self.plan.steps, "batch": self.plan.batch, "way": self.plan.way},
            source=source_digest(type(self.baseline)),
            runs=tuple(runs),
            scores=scored,
            history=finite(self.trainer.history) if self.trainer else [],
            curve=self.curve,
            cost=cost(self.trainer) if self.trainer else {},
        )
