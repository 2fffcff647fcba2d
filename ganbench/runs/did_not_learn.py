"""Who learned nothing: trained cells whose samples score no better than those of the same networks before any update.

``python -m ganbench.runs.did_not_learn results/standard [folder of data]`` prints them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganbench import data
from ganbench.errors import RequestError
from ganbench.records.record import Record
from ganbench.records.store import Store
from ganbench.runs.summary import endings, samples, scores
from ganbench.scoring.reference import DatasetScorer
from ganbench.tables.rows import Row, rows
from ganbench.training import registry
from ganbench.training.trainer import Plan, Trainer

METRICS = ("sliced_wasserstein", "fid")  # the first that a record has; smaller is better


@dataclass(frozen=True)
class Verdict:
    """The mean score of a row's seeds, and that of the same seeds before the first update; None where one has none."""

    row: Row
    metric: str
    trained: float | None
    untrained: float | None

    @property
    def learned(self) -> bool:
        """Whether every seed has a score and their mean is better than before."""
        return self.trained is not None and (self.untrained is None or self.trained < self.untrained)

    def __str__(self) -> str:
        now, before = (f"{x:.4g}" if x is not None else "none" for x in (self.trained, self.untrained))
        first = self.row.records[0]
        return f"{first.baseline} on {first.dataset}: {self.metric} {now}, untrained {before}"


def verdicts(records: Sequence[Record], folder: Path | None) -> Iterator[Verdict]:
    """Yield a verdict on every row that was trained and scored; raises RequestError for data that are not here."""
    for row in (row for name in sorted({record.dataset for record in records}) for row in members(records, name)):
        named = {scores.metric for record in row.records for scores in record.scores}
        metric = next((name for name in METRICS if name in named), None)
        if row.is_control or not metric:
            continue
        values = [score.value for each in row.records for score in each.usual if score.metric == metric]
        yield Verdict(row, metric, mean(values), untrained(row, metric, folder))


def members(records: Sequence[Record], dataset: str) -> list[Row]:
    """Return the rows of one data set."""
    return rows(record for record in records if record.dataset == dataset)


def untrained(row: Row, metric: str, folder: Path | None) -> float | None:
    """Return the mean score of a row's networks as they were drawn."""
    first = row.records[0]
    dataset = data.load(first.dataset, folder, download=False)
    baseline = registry.built(first.baseline, first.settings, dataset)
    trainer = Trainer(baseline, dataset, [record.seed for record in row.records], Plan(1, first.plan["batch"]))
    drawn, scorer = samples(trainer, first.samples), DatasetScorer(dataset, [metric], first.samples)
    scored = [scores(scorer, {"average": drawn[each.seed]}, baseline.conditional, each)[0] for each in endings(trainer)]
    return mean([score.value for score in scored])


def mean(values: Sequence[float | None]) -> float | None:
    """Return the mean, or None where a seed has no value."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if len(known) == len(values) else None


def main(arguments: Sequence[str]) -> int:
    """Print what learned nothing in a results folder; the exit code says whether there was any."""
    folder = Path(arguments[1]) if len(arguments) > 1 else None
    count = 0
    try:
        for verdict in verdicts(list(Store(Path(arguments[0])).read().values()), folder):
            if not verdict.learned:
                count += 1
                sys.stdout.write(f"{verdict}\n")
    except RequestError as error:
        sys.stderr.write(f"ganbench: {error}\n")
        return 2
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["results/standard"]))
