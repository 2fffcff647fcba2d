"""The rule that picks settings out of a search: ``python -m ganbench.runs.select results/search`` prints TOML."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import Any

from ganbench.errors import BadInput, RequestError
from ganbench.records.record import Record
from ganbench.records.store import Store
from ganbench.suites import find_suite
from ganbench.suites.suite import Suite

METRIC = "sliced_wasserstein"


def chosen(records: Sequence[Record], suite: Suite) -> dict[str, dict[str, Any]]:
    """Return, by baseline, the point of the search with the smallest mean of METRIC over the suite's seeds.

    A point where a seed did not end well is out. Of equals the first counts; a baseline without any is left out.
    Raises BadInput for a point that lacks a record.
    """
    best = {}
    for baseline in suite.baselines:
        points = suite.points(baseline)
        means = [mean([record_of(records, baseline, point, seed) for seed in suite.seeds]) for point in points]
        if min(means) < inf:
            best[baseline] = points[means.index(min(means))]
    return best


def record_of(records: Sequence[Record], baseline: str, point: dict[str, Any], seed: int) -> Record:
    """Return the latest record of a baseline's seed at a point of the search, whatever version of the code made it."""
    for record in reversed(records):
        settings = {name: record.settings.get(name) for name in point}
        if record.baseline == baseline and record.seed == seed and settings == point:
            return record
    raise BadInput(f"no record of {baseline} with {point}, seed {seed}: finish the search first")


def mean(records: Sequence[Record]) -> float:
    """Return the mean of METRIC over the seeds; infinite where one of them has no value."""
    values = [scores.value for record in records for scores in record.scores if scores.metric == METRIC]
    numbers = [value for value in values if value is not None]
    return sum(numbers) / len(numbers) if len(numbers) == len(records) else inf


def toml(settings: dict[str, dict[str, Any]], datasets: Sequence[str]) -> str:
    """Return settings as tables of a suite, the same for each data set; values are written as in JSON."""
    return "\n".join(table(dataset, name, own) for dataset in datasets for name, own in settings.items())


def table(dataset: str, baseline: str, settings: dict[str, Any]) -> str:
    """Return the table of one baseline on one data set."""
    lines = [f"{field} = {json.dumps(value)}" for field, value in settings.items()]
    return "\n".join([f'[settings.{dataset}."{baseline}"]', *lines, ""])


def main(arguments: Sequence[str]) -> int:
    """Print the settings that a folder's search arrived at, for the data sets named behind it or the search's own."""
    folder = Path(arguments[0])
    try:
        suite = find_suite(folder.name)
        if not isinstance(suite, Suite) or not suite.search:
            raise BadInput(f"{folder}: expected the results of a suite that searches, such as results/search")
        settings = chosen(list(Store(folder).read().values()), suite)
    except RequestError as error:
        sys.stderr.write(f"ganbench: {error}\n")
        return 2
    sys.stdout.write(toml(settings, arguments[1:] or suite.datasets))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["results/search"]))
