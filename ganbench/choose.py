"""The rule that picks settings out of a search: ``python -m ganbench.choose results/search`` prints them as TOML."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import Any

from ganbench.errors import BadInput, RequestError
from ganbench.record import Record
from ganbench.store import Store
from ganbench.suite import Suite
from ganbench.suites import find_suite

METRIC = "sliced_wasserstein"


def chosen(records: Sequence[Record], suite: Suite) -> dict[str, dict[str, Any]]:
    """Return, by baseline, the point of the search with the smallest mean of METRIC over the suite's seeds.

    A point where a seed did not end well is out. Of equals the first counts; a baseline without any is left out.
    Raises BadInput for a point that has no record.
    """
    found = {}
    for baseline in suite.baselines:
        points = suite.points(baseline)
        means = [mean(record_of(records, baseline, point, suite)) for point in points]
        if min(means) < inf:
            found[baseline] = points[means.index(min(means))]
    return found


def record_of(records: Sequence[Record], baseline: str, point: dict[str, Any], suite: Suite) -> Record:
    """Return the latest record of a baseline at a point of the search, whatever version of the code made it."""
    for record in reversed(records):
        settings = {name: record.settings.get(name) for name in point}
        if record.baseline == baseline and record.seeds == suite.seeds and settings == point:
            return record
    raise BadInput(f"no record of {baseline} with {point}: finish the search first")


def mean(record: Record) -> float:
    """Return the mean of METRIC over the seeds; infinite where one of them has no value."""
    values = [value for scores in record.scores if scores.metric == METRIC for value in scores.values]
    numbers = [value for value in values if value is not None]
    return sum(numbers) / len(numbers) if len(numbers) == len(record.seeds) else inf


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
