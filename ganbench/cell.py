"""One cell, from its data set to its record: train, sample, score, keep."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from re import sub
from time import perf_counter
from typing import Any, Literal

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from ganbench import data, roster
from ganbench.checkpoints import Checkpoint
from ganbench.code import source_digest
from ganbench.dataset import Tensors
from ganbench.files import write_atomically
from ganbench.machine import fixed_arithmetic, provenance
from ganbench.metrics import METRICS
from ganbench.metrics.user import find_metric
from ganbench.outcome import cost, ended, finite, samples, scores, weights
from ganbench.record import Record, Run, Scores
from ganbench.report import pictures
from ganbench.scorer import Scorer
from ganbench.store import Store
from ganbench.suite import Cell
from ganbench.train import Plan, Trainer
from ganbench.user_files import in_one_line

WATCHED = 1000  # samples that a point of a learning curve is made from

Tell = Callable[[int], None]  # how many steps are done
State = Literal["missing", "unscored", "failed", "done"]


@dataclass(frozen=True)
class Place:
    """Where cells are computed and kept: results folder, device, folder of data that come as files."""

    folder: Path
    device: str = "cpu"
    data: Path | None = None

    def of(self, cell: Cell) -> Path:
        """Return the folder of what a cell leaves beside its record."""
        name = f"{roster.title(cell.baseline)}-{cell.dataset}-{cell.key[:8]}"
        return self.folder / "cells" / sub(r"[^\w.=-]+", "_", name)


def state(cell: Cell, record: Record | None) -> State:
    """Say what is to be done about a cell: all, only to score samples, nothing unless asked (failed), nothing."""
    if record is None:
        return "missing"
    if any(run.status == "error" for run in record.runs):
        return "failed"
    if cell.watch and not any(point["metric"] == find_metric(cell.watch).name for point in record.curve):
        return "missing"
    return "unscored" if lacking(cell, record) else "done"


def lacking(cell: Cell, record: Record) -> list[str]:
    """Return the cell's metrics that the record has not, or has from an earlier version or another file."""
    known = {score.metric: (score.version, score.options.get("file_sha256", "")) for score in record.scores}
    wanted = {name: find_metric(name) for name in cell.metrics}
    return [name for name, each in wanted.items() if known.get(each.name) != (each.version, each.file_sha256)]


def compute(cell: Cell, place: Place, old: Record | None, tell: Tell) -> Record:
    """Compute a cell and append its record; whatever goes wrong in training or scoring becomes a failed record.

    Where the ``old`` record lacks only metrics and its samples are kept, they are scored instead of made again.
    """
    began = perf_counter()
    with fixed_arithmetic() as heard:
        work = Work(cell, place)
        try:
            record = work.score_again(old) or work.play(tell)
        except Exception as error:  # what a cell raises is its result, and other cells go on
            record = work.failed(error)
    made = provenance(place.device, perf_counter() - began + work.seconds, heard)
    if work.resumed:
        made["resumed"] = work.resumed
    if work.trainer and work.trainer.remark:
        made["remark"] = work.trainer.remark
    if old and not work.trainer:  # scored again: keep in mind what made the samples
        made["trained"] = old.provenance.get("trained", old.provenance)
    record = replace(record, provenance=made)
    Store(place.folder).append(record)
    if state(cell, record) != "failed":
        work.checkpoint.remove()
    return record


class Work:
    """A cell while it is computed."""

    def __init__(self, cell: Cell, place: Place) -> None:
        self.cell, self.place, self.folder = cell, place, place.of(cell)
        self.data = data.load(cell.dataset, place.data)
        self.baseline = roster.configure(cell.baseline, cell.settings, self.data)
        self.plan = Plan(cell.steps, cell.batch, place.device, cell.way)
        self.trainer: Trainer | None = None
        self.curve: list[dict[str, Any]] = []
        self.checkpoint = Checkpoint(self.folder / "checkpoint.safetensors", cell.key)
        self.resumed: list[int] = []  # steps at which an interrupted game went on
        self.seconds = 0.0  # that it had taken before

    def play(self, tell: Tell) -> Record:
        """Train, sample, score; keep samples, weights and a picture. An interrupted game goes on where it was."""
        trainer = self.trainer = Trainer(self.baseline, self.data, self.cell.seeds, self.plan)
        began = perf_counter()
        self.resume(trainer)
        watch = self.watcher()

        def note(trainer: Trainer) -> None:
            tell(trainer.done)
            if watch and (trainer.done == self.cell.steps or self.baseline.moves(0)):  # a control has no course
                self.curve.append(self.point(watch, trainer))
            if self.checkpoint.due():
                seconds = self.seconds + perf_counter() - began
                course = {"curve": self.curve, "seconds": seconds, "resumed": self.resumed}
                self.checkpoint.write(trainer, course)

        trainer.run(watch=note)
        x, y = samples(trainer, self.cell.samples)
        runs = ended(trainer)
        record = self.record(runs, scores(self.scorer(self.cell.metrics), x, self.asked(y), runs))
        self.keep("samples", {"x": x, "y": y})
        self.keep("weights", weights(trainer))
        pictures.cell(record, x, y, self.data, self.folder / "samples.png")
        return record

    def resume(self, trainer: Trainer) -> None:
        """Put the game where it was interrupted, if it was."""
        if course := self.checkpoint.restore(trainer):
            self.curve, self.seconds = course["curve"], course["seconds"]
            self.resumed = [*course["resumed"], trainer.done]

    def asked(self, y: Tensor) -> Tensor | None:
        """Return the classes that samples were asked to be of, None from a baseline that takes no such wishes."""
        return y if self.baseline.conditional else None

    def scorer(self, metrics: Sequence[str]) -> Scorer:
        return Scorer(self.data, metrics, self.cell.samples)

    def watcher(self) -> Scorer | None:
        """Return the scorer of the learning curve's points, if one is asked for."""
        size = min(WATCHED, self.data.held_out.size or WATCHED, self.cell.samples)
        return Scorer(self.data, [self.cell.watch], size) if self.cell.watch else None

    def point(self, watch: Scorer, trainer: Trainer) -> dict[str, Any]:
        """One point of the learning curve: the watched metric of fresh samples, None for seeds that diverged."""
        x, y = samples(trainer, watch.n)
        (found,) = scores(watch, x, self.asked(y), ended(trainer))
        return {"step": trainer.done, "metric": found.metric, "values": list(found.values)}

    def keep(self, name: str, tensors: Tensors) -> None:
        """Write tensors into the cell's folder, signed with its key."""
        packed = {label: tensor.contiguous() for label, tensor in tensors.items()}
        write_atomically(self.folder / f"{name}.safetensors", save(packed, {"key": self.cell.key}))

    def kept(self, runs: Sequence[Run]) -> tuple[Tensor, Tensor] | None:
        """Return the samples in the cell's folder if they are all there."""
        try:
            found = load((self.folder / "samples.safetensors").read_bytes())
        except (OSError, SafetensorError):
            return None
        shape = (sum(run.status == "done" for run in runs), self.cell.samples)
        if (
            set(found) != {"x", "y"}
            or found["x"].shape != (*shape, *self.data.space.shape)
            or found["y"].shape != shape
        ):
            return None
        return found["x"], found["y"]

    def score_again(self, old: Record | None) -> Record | None:
        """Return the old record with the metrics that it lacks, if that is all it lacks and its samples are kept."""
        if old is None or state(self.cell, old) != "unscored" or not (kept := self.kept(old.runs)):
            return None
        new = scores(self.scorer(lacking(self.cell, old)), kept[0], self.asked(kept[1]), old.runs)
        known = {score.metric: score for score in (*old.scores, *new)}
        order = [*METRICS, *sorted(set(known) - set(METRICS))]
        return replace(old, scores=tuple(known[name] for name in order if name in known))

    def failed(self, error: Exception) -> Record:
        """Return the record of a cell that raised; the traceback is kept beside it."""
        write_atomically(self.folder / "error.txt", "".join(traceback.format_exception(error)).encode())
        notes = self.trainer.history if self.trainer else []
        step, reason = notes[-1]["step"] if notes else 0, in_one_line(error)
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
