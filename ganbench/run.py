"""From a suite to its cells: everything is checked before anything runs, and what is done is not done again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from ganbench import data, roster
from ganbench.cell import State, state
from ganbench.code import source_digest
from ganbench.dataset import Dataset
from ganbench.errors import BadInput, RequestError
from ganbench.game import Baseline
from ganbench.metrics import METRICS
from ganbench.metrics.user import find_metrics
from ganbench.record import Record, key_of
from ganbench.replay import chosen
from ganbench.sample import Sampler
from ganbench.scorer import Scorer, applicable
from ganbench.suite import Cell, Suite
from ganbench.train import Plan, Trainer
from ganbench.user_files import in_one_line, is_path


def grid(suite: Suite, folder: Path | None = None, download: bool = True) -> list[Cell]:
    """Return the cells of a suite, each checked as far as it can be without playing it.

    ``folder`` is where data sets that come as files lie, or are downloaded to unless ``download`` is false. A
    baseline that cannot play on a data set is left out where the suite says "all", otherwise refused. Raises
    RequestError for whatever cannot be done as asked.
    """
    players = roster.everyone() if suite.baselines == "all" else list(dict.fromkeys(suite.baselines))
    if len({roster.title(name) for name in players}) < len(players):
        raise BadInput(f"two baselines would have one name in tables: {', '.join(sorted(players))}")
    for name in players:
        roster.load(name)
    datasets = {each.name: each for each in (data.load(name, folder, download) for name in suite.datasets)}
    metrics, watch = measured(suite, list(datasets.values()))
    return [
        cell_of(suite, choice, dataset, metrics[dataset.name], watch[dataset.name])
        for dataset in datasets.values()
        for choice in configured(suite, players, dataset)
    ]


@dataclass(frozen=True)
class Choice:
    """A baseline as a suite sets it up."""

    name: str
    settings: dict[str, Any]  # those that the suite sets
    player: Baseline


def configured(suite: Suite, players: Iterable[str], dataset: Dataset) -> list[Choice]:
    """Return the baselines that play on a data set; one of a user's own plays its first moves, to see that it can."""
    found, batch = [], suite.budget(dataset.name)["batch"]
    choices = [(name, settings) for name in players for settings in suite.choices(dataset, name)]
    for name, settings in choices:
        player = roster.configure(name, settings, dataset)
        reason = player.refuses(dataset.space, batch)
        if reason and suite.baselines != "all":
            raise RequestError(f"{roster.title(name)} cannot play on {dataset.name}: {reason}")
        if is_path(name) and not reason:
            rehearse(roster.title(name), player, dataset, batch)
        if not reason:
            found.append(Choice(name, settings, player))
    return found


def rehearse(name: str, player: Baseline, dataset: Dataset, batch: int) -> None:
    """Play the first moves and draw a sample; raises BadInput that says what went wrong."""
    try:
        trainer = Trainer(player, dataset, (0,), Plan(1, batch, way="eager"))
        for move in dict.fromkeys(player.moves(0)):
            trainer.play(move)
        x, _ = Sampler(trainer).draw(1)
    except RequestError as error:
        raise BadInput(f"{name}: {error}") from error
    except Exception as error:  # whatever a user's file may raise
        raise BadInput(f"{name}: {in_one_line(error)}") from error
    if x.shape[2:] != dataset.space.shape:
        raise BadInput(f"{name}: generate must return samples of shape {dataset.space.shape}, got {tuple(x.shape[2:])}")


def cell_of(suite: Suite, choice: Choice, dataset: Dataset, metrics: tuple[str, ...], watch: str) -> Cell:
    """Return one cell with its key."""
    name, player = choice.name, choice.player
    budget = suite.budget(dataset.name)
    plan = Plan(budget["steps"], budget["batch"], way=chosen(suite.way, budget["steps"], dataset.space))
    key = key_of(
        {
            "baseline": roster.title(name),
            "settings": roster.settings_of(player),
            "dataset": dataset.name,
            "seeds": suite.seeds,
            "plan": {"steps": plan.steps, "batch": plan.batch, "way": plan.way},
            "samples": budget["samples"],
            "source": source_digest(type(player)),
        }
    )
    return Cell(
        key=key,
        baseline=name,
        settings=choice.settings,
        dataset=dataset.name,
        seeds=suite.seeds,
        way=plan.way,
        metrics=metrics,
        watch=watch,
        guess=guess(player, dataset, plan, len(suite.seeds)),
        **budget,
    )


def measured(suite: Suite, datasets: Sequence[Dataset]) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Return the metrics and the watched metric of each data set, by its name.

    What is asked of one data set must apply to it. What is asked of all of them is measured where it applies, which
    must be somewhere. Raises RequestError for what cannot be measured.
    """
    named = [*suite.shared_metrics(), *(name for dataset in datasets for name in suite.own_metrics(dataset.name))]
    own = [name for name in dict.fromkeys(named) if is_path(name)]
    find_metrics(own)
    possible = {dataset.name: applicable(dataset, own=own) for dataset in datasets}
    for name in suite.shared_metrics():
        if not any(name in names for names in possible.values()):
            Scorer(datasets[0], [name], 1)  # says why not
    metrics, watch = {}, {}
    for dataset in datasets:
        name = dataset.name
        Scorer(dataset, suite.own_metrics(name), suite.budget(name)["samples"])
        asked = suite.metrics_on(name)
        wanted = tuple(METRICS) if asked == "all" else asked
        metrics[name] = tuple(each for each in possible[name] if each in wanted)
        watch[name] = suite.watch_on(name) if suite.watch_on(name) in possible[name] else ""
    return metrics, watch


@dataclass(frozen=True)
class Task:
    """A cell beside what is known of it."""

    cell: Cell
    old: Record | None
    state: State
    seconds: float  # about how long what is missing takes


def guess(player: Baseline, dataset: Dataset, plan: Plan, seeds: int) -> float:
    """Return very roughly how many seconds a cell takes on one core."""
    weight = 1 + prod(dataset.space.shape) / 32
    return 4 + plan.steps * len(player.moves(1)) * weight * (0.001 + 0.0006 * seeds)


def tasks(cells: Sequence[Cell], records: dict[str, Record]) -> list[Task]:
    """Return every cell beside its record, its state and about how long it takes."""
    found = []
    for cell in cells:
        old = records.get(cell.key)
        now = state(cell, old)
        found.append(Task(cell, old, now, {"done": 0.0, "unscored": 2.0}.get(now, seconds(cell, records.values()))))
    return found


def seconds(cell: Cell, records: Iterable[Record]) -> float:
    """Return about how long a cell takes: as an earlier one of the same kind, scaled by its steps, or a guess."""
    kin = [each for each in records if (each.baseline, each.dataset) == (roster.title(cell.baseline), cell.dataset)]
    timed = [each for each in kin if each.runs and all(run.status == "done" for run in each.runs)]
    if not timed:
        return cell.guess
    made = timed[-1].provenance.get("trained", timed[-1].provenance)
    longer = cell.steps / timed[-1].plan["steps"] if timed[-1].cost.get("gradients") else 1.0
    return float(made.get("seconds", cell.guess)) * longer
