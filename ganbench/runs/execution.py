"""From cells that differ in their seeds alone to their records: train as a group, sample, score, keep."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from errno import EDQUOT, EIO, EMFILE, ENFILE, ENOSPC, EROFS, ESTALE
from functools import lru_cache
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Literal, NotRequired, TypedDict, TypeGuard

import torch

from ganbench import data
from ganbench._util.files import in_place, place_error, write_atomically
from ganbench._util.machine import fixed_arithmetic, provenance
from ganbench._util.tensor_files import packed, unpacked
from ganbench._util.user_code import in_one_line
from ganbench.baseline import Baseline
from ganbench.dataset import Dataset, Tensors
from ganbench.errors import PlaceError
from ganbench.metrics import METRICS
from ganbench.metrics.user import find_metric
from ganbench.records.key import cell_key, key_of
from ganbench.records.record import SCHEMA, Point, Record, Scores, Weights, files_of
from ganbench.records.store import Store
from ganbench.runs import stopping
from ganbench.runs.leases import FOLDER as LEASES
from ganbench.runs.leases import is_held
from ganbench.runs.loggers import LOGGERS, About, Loggers, Values
from ganbench.runs.source import source_digest, version_of
from ganbench.runs.summary import (
    Ending,
    Samples,
    cost,
    endings,
    examples,
    history,
    joined,
    load_state,
    load_weights,
    losses,
    samples,
    scores,
    weights,
)
from ganbench.scoring.reference import DatasetScorer
from ganbench.suites.suite import Cell
from ganbench.training import ENGINE_VERSION, registry
from ganbench.training.checkpoint import Checkpoint
from ganbench.training.memory import streamed
from ganbench.training.trainer import Plan, Trainer

BY_CONTENT = "by content"  # what a record says of the order of the rows that its scores are of
WATCHED = 1000  # samples that a point of a learning curve is made from

OF_PLACE = {ENOSPC, EDQUOT, EROFS, EIO, EMFILE, ENFILE, ESTALE}  # numbers of errors that are the machine's

Tell = Callable[[int], None]  # how many steps are done
Drawn = dict[Weights, Samples]  # of one seed: sets of samples, one after the other
State = Literal["missing", "unscored", "failed", "done"]


@dataclass(frozen=True)
class Place:
    """Where cells are computed and kept: results folder, device, folder of data that come as files."""

    folder: Path
    device: str = "cpu"
    data: Path | None = None
    token: str = ""  # of the leases under which cells are computed; empty: nobody else works here
    memory: int | None = None  # bytes that the images of a data set may take; more are streamed
    log: tuple[str, ...] = ()  # trackers that are told how training goes

    def is_mine(self, key: str) -> bool:
        """Whether a cell's record is this process's to write."""
        return not self.token or is_held(self.folder / LEASES, key, self.token)

    def of(self, cell: Cell) -> Path:
        """Return the folder of what a cell and its other seeds leave beside their records."""
        return self.folder / files_of(cell.title, cell.dataset, cell.row)

    def samples(self, cell: Cell) -> Path:
        """Return the file of a cell's samples."""
        return self.of(cell) / f"samples-{cell.seed}.safetensors"

    def weights(self, cell: Cell) -> Path:
        """Return the file of a cell's weights."""
        return self.of(cell) / f"weights-{cell.seed}.safetensors"

    def checkpoint(self, cells: Sequence[Cell]) -> Path:
        """Return the file from which interrupted training of a group goes on."""
        return self.of(cells[0]) / f"checkpoint-{group_key(cells)[:8]}.safetensors"


@lru_cache(maxsize=2)
def dataset_of(name: str, folder: Path | None) -> Dataset:
    """Return a data set, of which the files are listed once for all cells that a process computes."""
    return data.load(name, folder)


def conditions(name: str, baseline: Baseline, dataset: Dataset, plan: Mapping[str, Any], n: int) -> dict[str, Any]:
    """Return everything that ``n`` samples of any seed depend on, by the names of a record's fields.

    These are names, numbers and versions: no source text, so that a changed variable name leaves every key as it is.
    """
    return {
        "baseline": registry.title(name),
        "version": version_of(name, type(baseline)),
        "settings": registry.settings_of(baseline),
        "dataset": dataset.name,
        "dataset_version": dataset.version,
        "plan": dict(plan),
        "engine": ENGINE_VERSION,
        "samples": n,
    }


def group_key(cells: Sequence[Cell]) -> str:
    """Return the digest of the seeds that are trained together."""
    return key_of({"row": cells[0].row, "seeds": [cell.seed for cell in cells]})


def state(cell: Cell, record: Record | None) -> State:
    """Say what is to be done about a cell: all, only to score samples, nothing unless asked (failed), nothing."""
    if record is None:
        return "missing"
    if record.status == "error":
        return "failed"
    if cell.watch and not any(point["metric"] == find_metric(cell.watch).spec.name for point in record.curve):
        return "missing"
    return "unscored" if lacking(cell, record) else "done"


def lacking(cell: Cell, record: Record) -> list[str]:
    """Return the cell's metrics that the record has not, or has from an earlier version, another file or fewer draws.

    A seed that diverged has no samples, of which there could be more sets.
    """
    known = {
        (score.metric, score.weights, score.version, score.options.get("file_sha256", "")): score
        for score in record.scores
    }

    def enough(name: str, weights: Weights) -> bool:
        spec = find_metric(name).spec
        score = known.get((spec.name, weights, spec.version, spec.file_sha256))
        if score is None:
            return record.status == "diverged" and weights != "average"
        few = len(score.by_draw) < cell.references or len(score.by_draw[0]) < cell.sets
        return record.status == "diverged" or not few

    return [name for name in cell.metrics if not all(enough(name, weights) for weights in cell.weights)]


def compute(
    cells: Sequence[Cell],
    place: Place,
    known: Mapping[str, Record],
    tell: Tell,
    earlier: Mapping[int, Record] | None = None,
) -> list[Record]:
    """Compute cells that differ in their seeds alone, append their records and return them in the order of the cells.

    Whatever goes wrong in training or scoring becomes failed records. Where the ``known`` record of a cell, by its
    key, lacks only metrics and its samples are kept, they are scored instead of made again. Training goes on from
    what the ``earlier`` records of all seeds, with fewer steps, left.
    """
    began = perf_counter()
    with fixed_arithmetic() as heard:
        work, made = Work(cells, place, earlier or {}), dict[str, Record]()
        try:
            made |= work.score_again(known)
            made |= work.train([cell for cell in cells if cell.key not in made], tell)
        except PlaceError:
            raise
        except Exception as error:  # what a cell raises is its result, and other cells go on
            if of_place(error):
                raise place_error(place.folder, error) from error
            made = work.failed(error) | made
        finally:
            work.loggers.close()
    shared = provenance(place.device, perf_counter() - began + work.seconds, heard)
    records = [replace(made[cell.key], provenance=work.origin(cell, shared, known)) for cell in cells]
    store = Store(place.folder)
    store.append(
        *records, wanted=lambda key: place.is_mine(key) and (not place.token or store.latest_of(key) == known.get(key))
    )
    if work.checkpoint and not any(record.status == "error" for record in records):
        work.checkpoint.remove()
    return records


def of_place(error: Exception) -> TypeGuard[OSError]:
    """Whether an error says something of the machine (no room, no handles, a disk that fails), not of a cell."""
    return isinstance(error, OSError) and error.errno in OF_PLACE


class Progress(TypedDict):
    """What is known of interrupted training beside the trainer's state."""

    curves: dict[str, list[Point]]  # by seed
    resumed: list[int]
    seconds: float
    paces: NotRequired[list[float]]
    continued: NotRequired[int]
    by_content: NotRequired[bool]


class Pace:
    """The seconds a step between two points of training, without what is done at the points."""

    def __init__(self, done: int) -> None:
        self.done = done
        self.start()

    def start(self) -> None:
        """Begin to count."""
        self.began = perf_counter()

    def to(self, done: int) -> float:
        """Return the seconds a step up to ``done`` steps."""
        steps, self.done = done - self.done, done
        return (perf_counter() - self.began) / max(steps, 1)


class Work:
    """Cells that differ in their seeds alone, while they are computed."""

    def __init__(self, cells: Sequence[Cell], place: Place, earlier: Mapping[int, Record]) -> None:
        self.earlier = earlier
        self.cells, self.place, self.cell, self.folder = cells, place, cells[0], place.of(cells[0])
        self.data = streamed(dataset_of(self.cell.dataset, place.data), place.memory, place.device)
        self.baseline = registry.configure(self.cell.baseline, self.cell.settings, self.data)
        self.plan = Plan(self.cell.steps, self.cell.batch, place.device, self.cell.backend)
        self.trainer: Trainer | None = None
        self.curves: dict[str, list[dict[str, Any]]] = {str(cell.seed): [] for cell in cells}
        self.checkpoint: Checkpoint | None = None
        self.resumed: list[int] = []  # steps at which interrupted training went on
        self.continued = 0  # steps of shorter training that it goes on from
        self.seconds = 0.0  # that it had taken before
        self.loggers = Loggers(LOGGERS[name](self.about()) for name in place.log)
        self.paces: list[float] = []  # seconds a step, between the points at which training is noted

    def train(self, cells: Sequence[Cell], tell: Tell) -> dict[str, Record]:
        """Train, sample and score a group; keep samples and weights. Interrupted training goes on where it was."""
        if not cells:
            return {}
        trainer = self.trainer = Trainer(self.baseline, self.data, [cell.seed for cell in cells], self.plan)
        checkpoint = self.checkpoint = Checkpoint(self.place.checkpoint(cells), group_key(cells))
        began = perf_counter()
        self.resume(trainer, checkpoint)
        if not trainer.done:
            self.go_on(trainer)
        watch, is_trained = self.watcher(), bool(self.baseline.updates(0))
        if watch and is_trained and not trainer.done:
            self.note_curve(watch, trainer)  # where it started from
        pace = Pace(trainer.done)

        def keep(trainer: Trainer) -> None:
            known = {
                "curves": self.curves,
                "resumed": self.resumed,
                "paces": self.paces,
                "continued": self.continued,
                "by_content": self.cell.by_content,
            }
            with in_place(checkpoint.path):
                checkpoint.write(trainer, known | {"seconds": self.seconds + perf_counter() - began})

        def between(trainer: Trainer) -> None:
            """Keep what was reached: when is decided by the clock, or by who ends the process; what is not."""
            if stopping.asked() or checkpoint.due():
                keep(trainer)
                stopping.leave_if_asked()

        def note(trainer: Trainer) -> None:
            self.paces.append(pace.to(trainer.done))
            tell(trainer.done)
            if watch and (trainer.done == self.cell.steps or is_trained):  # a control has no curve
                self.note_curve(watch, trainer)
            self.loggers(trainer.done, self.at_point(trainer))
            between(trainer)
            pace.start()

        trainer.between = between
        with stopping.between_steps():
            trainer.run(self.cell.points, watch=note)
        drawn, scorer = self.draw(trainer), self.scorer(self.cell.metrics, self.cell.by_content)
        records: dict[str, Record] = {}
        for i, (cell, ending) in enumerate(zip(cells, endings(trainer), strict=True)):
            own = drawn.get(cell.seed, {})
            records[cell.key] = self.record(cell, ending, self.scores(scorer, own, ending), own)
            self.keep(self.place.weights(cell), weights(trainer, i), cell)
            if own:
                tensors = {name: x for kind, pair in own.items() for name, x in zip(names_of(kind), pair, strict=True)}
                self.keep(self.place.samples(cell), tensors, cell)
        final = {record.seed: {f"final {s.metric}": s.value for s in record.usual} for record in records.values()}
        self.loggers(trainer.done, final)
        return records

    def about(self) -> About:
        """Return what trackers show about the training of these cells."""
        cell = self.cell
        plan = {"steps": cell.steps, "batch": cell.batch, "backend": cell.backend}
        settings = {f"{cell.title}.{name}": value for name, value in registry.settings_of(self.baseline).items()}
        config = {"baseline": cell.title, "dataset": cell.dataset, **plan, **settings}
        return About(self.place.folder.name, self.folder.name, config, self.place.folder)

    def at_point(self, trainer: Trainer) -> Values:
        """Return what there is to say at a point of training, by seed: losses, and the watched metric."""
        known = losses(trainer)
        for seed, own in known.items():
            latest = self.curves[str(seed)][-1:]
            own |= {point["metric"]: point["value"] for point in latest if point["step"] == trainer.done}
        return known

    def draw(self, trainer: Trainer) -> dict[int, Drawn]:
        """Draw all sets of samples of every seed that got so far, from each kind of weights, by seed."""
        n = self.cell.sets * self.cell.samples
        drawn = {kind: samples(trainer, n, kind) for kind in self.cell.weights}
        return {seed: {kind: drawn[kind][seed] for kind in drawn} for seed in drawn[self.cell.weights[0]]}

    def scores(self, scorer: DatasetScorer, drawn: Drawn, ending: Ending) -> tuple[Scores, ...]:
        return scores(scorer, drawn, self.baseline.conditional, ending, self.cell.sets)

    def resume(self, trainer: Trainer, checkpoint: Checkpoint) -> None:
        """Put training where it was interrupted, if it was."""
        if kept := checkpoint.restore(trainer, Progress):
            self.curves, self.seconds, self.paces = kept["curves"], kept["seconds"], kept.get("paces", [])
            self.resumed = [*kept["resumed"], trainer.done]
            self.continued = kept.get("continued", 0)
            self.cell = replace(self.cell, by_content=kept.get("by_content", False))

    def go_on(self, trainer: Trainer) -> None:
        """Put training where shorter training of all its seeds ended, if its state is there."""
        records = [self.earlier[seed] for seed in trainer.seeds if seed in self.earlier]
        files = [
            unpacked(self.place.folder / each.files / f"weights-{each.seed}.safetensors", each.key) for each in records
        ]
        stored = [file[0] for file in files if file]
        if not records or len(stored) < len(trainer.seeds):
            return
        self.continued = records[0].step
        self.cell = replace(self.cell, by_content=all(map(is_by_content, records)))  # one curve, one order
        load_state(trainer, stored, self.continued)
        at = {goal for goal in trainer.goals(self.cell.points) if goal <= trainer.done}
        trainer.history = joined([notes_at(record.history, at) for record in records])
        for record in records:
            self.curves[str(record.seed)] = notes_at(record.curve, at | {0})
            self.seconds += record.trained.get("seconds", 0.0) / len(record.group)

    def scorer(self, metrics: Sequence[str], by_content: bool) -> DatasetScorer:
        return DatasetScorer(self.data, metrics, self.cell.samples, draws=self.cell.references, by_content=by_content)

    def watcher(self) -> DatasetScorer | None:
        """Return the scorer of the learning curve's points, if one is asked for."""
        size = min(WATCHED, self.data.held_out.size or WATCHED, self.cell.samples)
        if not self.cell.watch:
            return None
        return DatasetScorer(self.data, [self.cell.watch], size, by_content=self.cell.by_content)

    def note_curve(self, watch: DatasetScorer, trainer: Trainer) -> None:
        """Add a point to each seed's learning curve: the watched metric of fresh samples, None after divergence."""
        drawn = samples(trainer, watch.n)
        for ending in endings(trainer):
            own: Drawn = {"average": drawn[ending.seed]} if ending.seed in drawn else {}
            (score,) = scores(watch, own, self.baseline.conditional, ending)
            point = {"step": trainer.done, "metric": score.metric, "value": score.value}
            self.curves[str(ending.seed)].append(point)

    def keep(self, path: Path, tensors: Tensors, cell: Cell) -> None:
        """Write tensors into a file, signed with the cell's key."""
        with in_place(path):
            write_atomically(path, packed(tensors, {"key": cell.key}))

    def kept(self, cell: Cell) -> Drawn:
        """Return the samples that were kept of a cell if all that are needed are there."""
        file = unpacked(self.place.samples(cell), cell.key)
        if file is None:
            return {}
        tensors, _ = file
        n, shape = cell.sets * cell.samples, self.data.space.shape
        drawn: Drawn = {}
        for kind in cell.weights:
            x, y = (tensors.get(name, torch.empty(0))[:n] for name in names_of(kind))
            if x.shape != (n, *shape) or y.shape != (n,):
                return {}
            drawn[kind] = x, y
        return drawn

    def drawn_again(self, cells: Sequence[Cell]) -> dict[int, Drawn]:
        """Return samples by seed: those that were kept, others anew where the weights were kept."""
        drawn = {cell.seed: own for cell in cells if (own := self.kept(cell))}
        left = [cell for cell in cells if cell.seed not in drawn]
        stored = {cell.seed: tensors for cell in left if (tensors := self.stored_weights(cell))}
        if stored:
            trainer = Trainer(self.baseline, self.data, list(stored), replace(self.plan, backend="eager"))
            load_weights(trainer, list(stored.values()))
            drawn |= self.draw(trainer)
        return drawn

    def stored_weights(self, cell: Cell) -> Tensors:
        """Return the weights that were kept of a cell; nothing where there are none that can be read."""
        file = unpacked(self.place.weights(cell), cell.key)
        return file[0] if file else {}

    def score_again(self, known: Mapping[str, Record]) -> dict[str, Record]:
        """Return known records with the metrics that they lack, where that is all and samples or weights are kept."""
        records, scorers = {}, dict[tuple[tuple[str, ...], bool], DatasetScorer]()
        due = [cell for cell in self.cells if cell.key in known and state(cell, known[cell.key]) == "unscored"]
        drawn = self.drawn_again([cell for cell in due if known[cell.key].status == "done"])
        for cell in due:
            old = known[cell.key]
            if old.status == "done" and cell.seed not in drawn:
                continue
            asked = tuple(lacking(cell, old)), is_by_content(old)
            scorer = scorers.setdefault(asked, self.scorer(*asked))
            ending = Ending(old.seed, old.status, old.step, old.reason)
            new = self.scores(scorer, drawn.get(cell.seed, {}), ending)
            records[cell.key] = replace(old, scores=in_order({(s.metric, s.weights): s for s in (*old.scores, *new)}))
        return records

    def failed(self, error: Exception) -> dict[str, Record]:
        """Return the records of cells that raised; the traceback is kept beside them."""
        with in_place(self.folder):
            write_atomically(self.folder / "error.txt", "".join(traceback.format_exception(error)).encode())
        notes = self.trainer.history if self.trainer else []
        step, reason = notes[-1]["step"] if notes else 0, in_one_line(error)
        return {cell.key: self.record(cell, Ending(cell.seed, "error", step, reason), (), {}) for cell in self.cells}

    def record(self, cell: Cell, ending: Ending, scored: tuple[Scores, ...], drawn: Drawn) -> Record:
        """Put a record together; its provenance follows."""
        plan = {"steps": cell.steps, "batch": cell.batch, "backend": cell.backend}
        facts = conditions(cell.baseline, self.baseline, self.data, plan, cell.samples)
        trainer = self.trainer if self.trainer and cell.seed in self.trainer.seeds else None
        levels = (self.data.space.low, self.data.space.high) if self.data.space.is_image else None
        return Record(
            schema=SCHEMA,
            key=cell_key(facts, cell.seed),
            split=self.data.split,
            seed=cell.seed,
            status=ending.status,
            step=ending.step,
            reason=ending.reason,
            scores=scored,
            history=history(trainer, trainer.seeds.index(cell.seed)) if trainer else [],
            curve=self.curves[str(cell.seed)],
            cost=cost(trainer) if trainer and ending.status != "error" else {},
            examples=examples(next(iter(drawn.values())), levels) if drawn and cell.examples else {},
            **facts,
        )

    def origin(self, cell: Cell, shared: Mapping[str, Any], known: Mapping[str, Record]) -> dict[str, Any]:
        """Return the provenance of one seed's record: the group's, or where only scored anew, also that of before."""
        trainer = self.trainer
        if not trainer or cell.seed not in trainer.seeds:
            old = known.get(cell.key)
            rows = {"rows": old.provenance["rows"]} if old and is_by_content(old) else {}
            return {**shared, **rows, "trained": old.trained} if old else dict(shared)
        made = {**shared, "group": list(trainer.seeds), "backend": "traced" if trainer.remark else trainer.plan.backend}
        made |= {"rows": BY_CONTENT} if self.cell.by_content else {}
        made |= {"source": source_digest(type(self.baseline)), "league": self.baseline.in_league()}
        made |= {"trials": cell.trials} if cell.trials else {}
        if self.paces and self.baseline.updates(0):
            made["training_seconds"] = round(median(self.paces) * trainer.done, 3)
        return (
            made
            | ({"resumed": self.resumed} if self.resumed else {})
            | ({"streamed": True} if getattr(self.data.train, "on_host", False) else {})
            | ({"continued": self.continued} if self.continued else {})
            | ({"remark": trainer.remark} if trainer.remark else {})
        )


def is_by_content(record: Record) -> bool:
    """Whether a record's rows were scored in the order of their content; in the earliest, as they were drawn."""
    return bool(record.provenance.get("rows") == BY_CONTENT)


def notes_at(notes: Sequence[dict[str, Any]], steps: set[int]) -> list[dict[str, Any]]:
    """Return the notes at some steps, where all of these have one; otherwise all notes."""
    chosen = [note for note in notes if note["step"] in steps]
    return chosen if {note["step"] for note in chosen} == steps else list(notes)


def names_of(weights: Weights) -> tuple[str, str]:
    """Return what the samples and labels from some weights are called in the file of a cell's samples."""
    return ("x", "y") if weights == "average" else (f"{weights}.x", f"{weights}.y")


def in_order(scored: Mapping[tuple[str, Weights], Scores]) -> tuple[Scores, ...]:
    """Return scores in the order of the catalogue of metrics, those of averaged weights first."""
    places = {name: place for place, name in enumerate(METRICS)}
    keys = sorted(scored, key=lambda key: (places.get(key[0], len(places)), key))
    return tuple(scored[key] for key in keys)
