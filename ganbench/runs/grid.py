"""From a suite to its cells: everything is checked before anything runs, and what is done is not done again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

from ganbench import data
from ganbench._util.user_code import is_path
from ganbench.baseline import Baseline
from ganbench.dataset import Dataset
from ganbench.errors import BadInput, Missing, RequestError
from ganbench.metrics import METRICS
from ganbench.metrics.user import find_metrics
from ganbench.records.key import cell_key, key_of
from ganbench.records.record import Record
from ganbench.runs.execution import State, conditions, state
from ganbench.scoring.reference import DatasetScorer, applicable, reference_draws
from ganbench.suites.suite import Cell, Suite
from ganbench.training import registry
from ganbench.training.memory import check_fits
from ganbench.training.trainer import unsupported
from ganbench.training.trial_update import rehearse

# by data set and baseline: the settings to train with
Trials = Mapping[tuple[str, str], Sequence[dict[str, Any]]]


def grid(suite: Suite, folder: Path | None = None, download: bool = True, trials: Trials | None = None) -> list[Cell]:
    """Return the cells of a suite, one for each seed, each checked as far as it can be without training.

    ``folder`` is where data sets that come as files lie, or are downloaded to unless ``download`` is false. A
    baseline that does not support a data set is left out where the suite says "all", otherwise refused. ``trials`` are
    settings that take the place of the suite's. Raises RequestError for whatever cannot be done as asked.
    """
    names = {name: baselines_of(suite, name) for name in suite.datasets}
    datasets = {name: data.load(name, folder, download) for name in suite.datasets}
    unique = {dataset.name: name for name, dataset in reversed(datasets.items())}  # one data set may be named twice
    metrics, watch = measured(suite, [datasets[name] for name in dict.fromkeys(unique.values())])
    check_added(suite, datasets)
    return [
        cell
        for name, dataset in datasets.items()
        if unique[dataset.name] == name
        for choice in configured(suite, names[name], dataset, trials)
        for cell in cells_of(suite, choice, dataset, metrics[dataset.name], watch[dataset.name])
    ]


def check_added(suite: Suite, datasets: Mapping[str, Dataset]) -> None:
    """Raise RequestError for an added baseline that supports none of the data sets."""
    for name in suite.added:
        reasons = {
            dataset.name: unsupported(registry.configure(name, {}, dataset), dataset, suite.budget(title)["batch"])
            for title, dataset in datasets.items()
        }
        if all(reasons.values()):
            said = "; ".join(f"{dataset}: {reason}" for dataset, reason in reasons.items())
            raise RequestError(f"{registry.title(name)} supports none of the data sets: {said}")


def baselines_of(suite: Suite, dataset: str) -> list[str]:
    """Return the names of the baselines on a data set; raises RequestError for one that cannot be had."""
    asked = suite.baselines_on(dataset)
    left_out = set(map(registry.canonical, suite.without))
    everyone = (name for name in registry.everyone() if name not in left_out)
    every = (*(everyone if asked == "all" else asked), *suite.added)
    names = list(dict.fromkeys(map(registry.canonical, every)))
    if len({registry.title(name) for name in names}) < len(names):
        raise BadInput(f"two baselines would have one name in tables: {', '.join(sorted(names))}")
    for name in names:
        registry.load(name)
    return names


def at_hand(suite: Suite, folder: Path | None = None) -> tuple[Suite, dict[str, str]]:
    """Return a suite with those of its data sets that need no download, and why the others do, by name.

    Raises Missing where none is left.
    """
    missing = wanting(suite.datasets, folder)
    left = tuple(name for name in suite.datasets if name not in missing)
    if not left:
        raise Missing("; ".join(missing.values()))
    return replace(suite, datasets=left), missing


def with_at_hand(suite: Suite, folder: Path | None = None) -> Suite:
    """Return a suite with those of its data sets ``if_at_hand`` that need no download."""
    missing = wanting(suite.if_at_hand, folder)
    more = (name for name in suite.if_at_hand if name not in missing)
    return replace(suite, datasets=tuple(dict.fromkeys([*suite.datasets, *more])), if_at_hand=())


def wanting(names: Iterable[str], folder: Path | None) -> dict[str, str]:
    """Return why data sets cannot be had without a download, by the names of those that cannot."""
    missing = {}
    for name in names:
        try:
            data.load(name, folder, download=False)
        except Missing as error:
            missing[name] = str(error)
    return missing


@dataclass(frozen=True)
class Choice:
    """A baseline as a suite sets it up."""

    name: str
    settings: dict[str, Any]  # those that the suite sets
    baseline: Baseline


def configured(suite: Suite, names: Iterable[str], dataset: Dataset, trials: Trials | None) -> list[Choice]:
    """Return the baselines that support a data set; one of a user's own makes its first updates, to see that it can."""
    result, batch = [], suite.budget(dataset.name)["batch"]
    choices = {
        name: suite.choices(dataset, name) if trials is None else trials.get((dataset.name, name), []) for name in names
    }
    for name, settings in ((owner, each) for owner, own in choices.items() for each in own):
        baseline = registry.configure(name, settings, dataset)
        reason = unsupported(baseline, dataset, batch)
        if reason and suite.baselines_on(dataset.name) != "all" and name not in suite.added:
            raise RequestError(f"{registry.title(name)} does not support {dataset.name}: {reason}")
        if is_path(name) and not reason:
            rehearse(registry.title(name), baseline, dataset, batch, suite.backend_on(dataset.name))
        if not reason:
            result.append(Choice(name, settings, baseline))
    return result


def cells_of(suite: Suite, choice: Choice, dataset: Dataset, metrics: tuple[str, ...], watch: str) -> list[Cell]:
    """Return the cells of one row, one for each seed, with their keys."""
    budget = suite.budget(dataset.name)
    steps, batch, samples = budget["steps"], budget["batch"], budget["samples"]
    plan: dict[str, Any] = {"steps": steps, "batch": batch, "backend": suite.backend_on(dataset.name)}
    facts = conditions(choice.name, choice.baseline, dataset, plan, samples)
    seeds = suite.seeds_on(dataset.name)
    seconds = guess(choice.baseline, dataset, steps, len(seeds)) / len(seeds)
    return [
        Cell(
            key=cell_key(facts, seed),
            row=key_of(facts),
            baseline=choice.name,
            settings=choice.settings,
            trials=suite.trials_on(dataset.name, choice.name),
            dataset=dataset.name,
            seed=seed,
            samples=samples,
            metrics=metrics,
            watch=watch,
            points=suite.points,
            examples=suite.examples,
            **drawing(suite, choice.baseline, dataset, samples),
            guess=seconds,
            **plan,
        )
        for seed in seeds
    ]


def drawing(suite: Suite, baseline: Baseline, dataset: Dataset, samples: int) -> dict[str, Any]:
    """Return sets, references and weights of a cell: no more than there are that differ."""
    distinct = baseline.distinct_samples(dataset)
    return {
        "sets": suite.sets if distinct is None else max(1, min(suite.sets, distinct // samples)),
        "references": reference_draws(dataset, samples, suite.references),
        "weights": suite.weights if baseline.updates(0) else ("average",),
    }


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
            DatasetScorer(datasets[0], [name], 1)  # says why not
    metrics, watch = {}, {}
    for dataset in datasets:
        name = dataset.name
        DatasetScorer(dataset, suite.own_metrics(name), suite.budget(name)["samples"])
        asked = suite.metrics_on(name)
        objective = [suite.objective_on(name)] if suite.objective_on(name) else []
        wanted = tuple(METRICS) if asked == "all" else (*asked, *objective)
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
    earlier: Record | None = None  # of the same training with fewer steps, from which it goes on


def guess(baseline: Baseline, dataset: Dataset, steps: int, seeds: int) -> float:
    """Return very roughly how many seconds a group of seeds takes on one core."""
    weight = 1 + prod(dataset.space.shape) / 32
    return 4 + steps * len(baseline.updates(1)) * weight * (0.001 + 0.0006 * seeds)


def tasks(cells: Sequence[Cell], records: dict[str, Record]) -> list[Task]:
    """Return every cell beside its record, its state and about how long it takes."""
    timed: dict[tuple[str, str], Record] = {}
    for record in records.values():
        if record.status == "done":
            timed[record.baseline, record.dataset] = record
    result = []
    for cell in cells:
        old = records.get(cell.key)
        now = state(cell, old)
        took = {"done": 0.0, "unscored": 1.0}.get(now, seconds(cell, timed.get((cell.title, cell.dataset))))
        result.append(Task(cell, old, now, took))
    return result


def seconds(cell: Cell, earlier: Record | None) -> float:
    """Return about how long a cell takes: its share of an ``earlier`` group, scaled by the steps, or a guess."""
    if earlier is None:
        return cell.guess
    longer = cell.steps / earlier.plan["steps"] if earlier.cost.get("gradients") else 1.0
    return float(earlier.trained.get("seconds", cell.guess)) / len(earlier.group) * longer


def groups(todo: Sequence[Task], most: int | None = None) -> list[tuple[Task, ...]]:
    """Return the tasks in groups that are computed together: at most so many seeds of one row, the same to be done.

    A seed is the same in any group: groups are only faster.
    """
    together: dict[tuple[str, bool, int], list[Task]] = {}
    for task in todo:
        reached = task.earlier.step if task.earlier else 0
        together.setdefault((task.cell.row, task.state == "unscored", reached), []).append(task)
    return [
        tuple(group[i : i + (most or len(group))])
        for group in together.values()
        for i in range(0, len(group), most or len(group))
    ]


def check_memory(parts: Sequence[tuple[Task, ...]], device: str, jobs: int, folder: Path | None) -> None:
    """Raise BadInput where a group of seeds that is to be trained needs more memory than there is."""
    loaded: dict[str, Dataset] = {}
    for part in parts:
        cell = part[0].cell
        if len(part) > 1 and part[0].state != "unscored":
            dataset = loaded.setdefault(cell.dataset, loaded.get(cell.dataset) or data.load(cell.dataset, folder))
            baseline = registry.configure(cell.baseline, cell.settings, dataset)
            check_fits(cell.title, baseline, dataset, cell.batch, len(part), device, jobs)
