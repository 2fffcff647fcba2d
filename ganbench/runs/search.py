"""Search of settings by successive halving, and the choice: ``python -m ganbench.runs.search results/search``.

The rule: of the trials of a baseline on a data set in which every seed ended well, those with the best mean of the
suite's objective over its seeds go on; of equals the first. The best of the last rung is the choice.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from csv import writer
from dataclasses import dataclass, replace
from io import StringIO
from math import comb, inf
from pathlib import Path
from typing import Any

from ganbench._util.markup import harmless
from ganbench.data.names import split
from ganbench.errors import BadInput, RequestError
from ganbench.metrics.user import find_metric
from ganbench.records.record import Record
from ganbench.records.store import Store
from ganbench.runs.grid import Trials, grid
from ganbench.suites import find_suite
from ganbench.suites.suite import Cell, Suite

Records = Mapping[str, Record]


@dataclass(frozen=True)
class Trial:
    """Settings of a baseline on a data set, and how good they are."""

    dataset: str
    baseline: str
    settings: dict[str, Any]
    steps: int
    values: tuple[float | None, ...]  # the suite's objective, of each seed
    lower_is_better: bool

    @property
    def mean(self) -> float | None:
        """The mean over the seeds; None where one of them has no value."""
        known = [value for value in self.values if value is not None]
        return sum(known) / len(known) if len(known) == len(self.values) else None

    @property
    def loss(self) -> float:
        """What is smaller for a better trial, and infinite for one that lost a seed."""
        return inf if self.mean is None else self.mean if self.lower_is_better else -self.mean


def stages(
    suite: Suite, records: Callable[[], Records], folder: Path | None = None, download: bool = True
) -> Iterator[list[Cell]]:
    """Yield the cells of a suite; of one with rungs, those of each rung when the ones before have their ``records``."""
    trials: Trials | None = None
    for rung in suite.rungs:
        cells = grid(suite.with_steps(rung.steps), folder, download, trials)
        yield cells
        trials = survivors(suite, cells, records(), rung.keep)
    if not suite.rungs:
        yield grid(suite, folder, download)


def survivors(suite: Suite, cells: Sequence[Cell], records: Records, keep: int) -> Trials:
    """Return the settings of the best trials of every baseline on every data set; none where every trial failed."""
    pairs: dict[tuple[str, str], list[Trial]] = {}
    for trial in ranked(suite, cells, records):
        pairs.setdefault((trial.dataset, trial.baseline), []).append(trial)
    return {pair: [trial.settings for trial in members if trial.loss < inf][:keep] for pair, members in pairs.items()}


def ranked(suite: Suite, cells: Sequence[Cell], records: Records) -> list[Trial]:
    """Return trials from best to worst; raises BadInput for one that lacks a record."""
    rows: dict[str, list[Cell]] = {}
    for cell in cells:
        rows.setdefault(cell.row, []).append(cell)
    trials = [trial_of(suite, members, records) for members in rows.values()]
    return sorted(trials, key=lambda trial: trial.loss)


def trial_of(suite: Suite, cells: Sequence[Cell], records: Records) -> Trial:
    """Return the trial that some cells are the seeds of."""
    first = cells[0]
    if missing := next((cell for cell in cells if cell.key not in records), None):
        what = f"{missing.title} on {missing.dataset} with {missing.settings}, seed {missing.seed}"
        raise BadInput(f"no record of {what}: finish the search first")
    metric = suite.objective_on(first.dataset)
    values = tuple(value(records[cell.key], metric) for cell in cells)
    lower = find_metric(metric).spec.better != "higher"
    return Trial(first.dataset, first.baseline, first.settings, first.steps, values, lower)


def value(record: Record, metric: str) -> float | None:
    """Return a record's score, None where it has none."""
    return next((score.value for score in record.usual if score.metric == metric), None)


def trials(suite: Suite, records: Records, folder: Path | None = None) -> list[list[Trial]]:
    """Return the trials of every rung, each from best to worst; raises BadInput for a search that is not finished."""
    return [ranked(suite, cells, records) for cells in stages(suite, lambda: records, folder, download=False)]


def chosen(suite: Suite, records: Records, folder: Path | None = None) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the best settings by data set, without what makes it one of validation, and baseline."""
    settings: dict[str, dict[str, dict[str, Any]]] = {split(name)[0]: {} for name in suite.datasets}
    for trial in best(trials(suite, records, folder)[-1]):
        settings[split(trial.dataset)[0]][trial.baseline] = trial.settings
    return settings


def best(rung: Sequence[Trial]) -> list[Trial]:
    """Return the best trial of every baseline on every data set, in alphabetical order; none where all failed."""
    first: dict[tuple[str, str], Trial] = {}
    for trial in rung:
        if trial.loss < inf:
            first.setdefault((trial.dataset, trial.baseline), trial)
    return [first[pair] for pair in sorted(first)]


def csv_of(rungs: Sequence[Sequence[Trial]]) -> str:
    """Return every trial as a line of CSV: those of a baseline on a data set from the first rung's best on."""
    out = StringIO()
    lines = writer(out, lineterminator="\n")
    lines.writerow(["dataset", "baseline", "rung", "steps", "settings", "mean", "values"])
    each = [(number, trial) for number, rung in enumerate(rungs, 1) for trial in rung]
    for number, trial in sorted(each, key=lambda pair: (pair[1].dataset, pair[1].baseline, pair[0], pair[1].loss)):
        facts = [
            harmless(trial.dataset),
            harmless(trial.baseline),
            number,
            trial.steps,
            json.dumps(trial.settings, sort_keys=True),
        ]
        lines.writerow([*facts, "" if trial.mean is None else trial.mean, json.dumps(trial.values)])
    return out.getvalue()


def counted(suite: Suite, settings: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Return how many settings of every baseline that has a choice were tried, by data set and baseline."""
    return {
        split(name)[0]: {each: len(suite.combinations(each, name)) for each in settings[split(name)[0]]}
        for name in suite.datasets
        if split(name)[0] in settings
    }


def best_of(losses: Sequence[float], count: int) -> float:
    """Return the mean loss of the best of ``count`` different trials over all choices of them; exact."""
    chances = [comb(len(losses) - place - 1, count - 1) for place in range(len(losses))]  # that this one is the best
    return sum(chance * loss for chance, loss in zip(chances, sorted(losses), strict=True)) / comb(len(losses), count)


def tuning(rung: Sequence[Trial]) -> dict[tuple[str, str], list[float]]:
    """Return what the best of 1, 2, ... trials reaches in the mean, by data set and baseline.

    A trial that lost a seed counts as much as the worst that ended well; a baseline that lost them all is left out.
    """
    pairs: dict[tuple[str, str], list[Trial]] = {}
    for trial in rung:
        pairs.setdefault((trial.dataset, trial.baseline), []).append(trial)
    curves: dict[tuple[str, str], list[float]] = {}
    for pair in sorted(pairs):
        losses, sign = [trial.loss for trial in pairs[pair]], 1 if pairs[pair][0].lower_is_better else -1
        if ended := [loss for loss in losses if loss < inf]:
            counted_as = [min(loss, max(ended)) for loss in losses]
            curves[pair] = [sign * best_of(counted_as, count) for count in range(1, len(losses) + 1)]
    return curves


def tuning_csv(suite: Suite, rung: Sequence[Trial]) -> str:
    """Return what tuning is worth as CSV: a line for each data set, baseline and number of trials.

    ``mean`` is the objective that the best of so many trials reaches, over all choices of them from the first rung.
    """
    out = StringIO()
    lines = writer(out, lineterminator="\n")
    lines.writerow(["dataset", "baseline", "objective", "trials", "mean"])
    for (dataset, baseline), means in tuning(rung).items():
        for count, mean in enumerate(means, 1):
            lines.writerow([harmless(dataset), harmless(baseline), suite.objective_on(dataset), count, mean])
    return out.getvalue()


def toml(suite: Suite, settings: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Return the numbers of trials, then settings by data set and baseline, as TOML; values are written as in JSON."""
    tables = [
        "\n".join([f"[trials.{dataset}]", *(f"{json.dumps(name)} = {count}" for name, count in own.items()), ""])
        for dataset, own in counted(suite, settings).items()
    ]
    tables += (
        "\n".join([f'[{dataset}."{name}"]', *(f"{key} = {json.dumps(value)}" for key, value in own.items()), ""])
        for dataset, rows in settings.items()
        for name, own in rows.items()
    )
    return "\n".join(tables)


def finished(suite: Suite, records: Records, files: Path | None) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the best settings on every data set whose search is finished, and say of the others what they lack."""
    settings: dict[str, dict[str, dict[str, Any]]] = {}
    for name in suite.datasets:
        try:
            settings |= chosen(replace(suite, datasets=(name,)), records, files)
        except RequestError as error:
            sys.stderr.write(f"ganbench: left out {name}: {error}\n")
    if not settings:
        raise BadInput("no data set has been searched to the end")
    return settings


def main(arguments: Sequence[str]) -> int:
    """Print the settings that a folder's search arrived at; a second argument is the folder of data sets as files.

    Data sets whose search is not finished are left out, with a line each.
    """
    folder = Path(arguments[0])
    try:
        suite = find_suite(folder.name)
        if not isinstance(suite, Suite) or not suite.rungs:
            raise BadInput(f"{folder}: expected the results of a suite that searches, such as results/search")
        files = Path(arguments[1]) if len(arguments) > 1 else None
        settings = finished(suite, Store(folder).read(), files)
        text = toml(suite, settings)
    except RequestError as error:
        sys.stderr.write(f"ganbench: {error}\n")
        return 2
    sys.stdout.write(f"# Chosen by `python -m ganbench.runs.search {folder}`: do not edit.\n\n{text}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["results/search"]))
