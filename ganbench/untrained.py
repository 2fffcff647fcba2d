"""Who learned nothing: trained cells whose samples score no better than those of the same networks before any step.

``python -m ganbench.untrained results/all [folder of data]`` prints them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganbench import data, roster
from ganbench.errors import RequestError
from ganbench.outcome import samples
from ganbench.record import Record
from ganbench.scorer import Scorer
from ganbench.store import Store
from ganbench.train import Plan, Trainer

METRICS = ("sliced_wasserstein", "fid")  # the first that a record has; smaller is better


@dataclass(frozen=True)
class Verdict:
    """The mean score of a cell's seeds, and that of the same seeds before the first step; None where one has none."""

    record: Record
    metric: str
    trained: float | None
    untrained: float | None

    @property
    def learned(self) -> bool:
        """Whether every seed has a score and their mean is better than before."""
        return self.trained is not None and (self.untrained is None or self.trained < self.untrained)

    def __str__(self) -> str:
        now, before = (f"{x:.4g}" if x is not None else "none" for x in (self.trained, self.untrained))
        return f"{self.record.baseline} on {self.record.dataset}: {self.metric} {now}, untrained {before}"


def verdicts(records: Sequence[Record], folder: Path | None) -> Iterator[Verdict]:
    """Yield a verdict on every cell that was descended and scored; raises RequestError for data that are not here."""
    for record in records:
        scored = {scores.metric: scores for scores in record.scores}
        metric = next((name for name in METRICS if name in scored), None)
        if record.cost.get("gradients") and metric:
            yield Verdict(
                record, metric, mean(scored[metric].values), before(record, metric, scored[metric].n_fake, folder)
            )


def before(record: Record, metric: str, n: int, folder: Path | None) -> float | None:
    """Return the mean score of a cell's networks as they were drawn."""
    dataset = data.load(record.dataset, folder, download=False)
    game = roster.built(record.baseline, record.settings, dataset)
    trainer = Trainer(game, dataset, record.seeds, Plan(1, record.plan["batch"]))
    x, y = samples(trainer, n)
    (scores,) = Scorer(dataset, [metric], n)(x, y if game.conditional else None)
    return mean(scores.values)


def mean(values: Sequence[float | None]) -> float | None:
    """Return the mean, or None where a seed has no value."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if len(known) == len(values) else None


def main(arguments: Sequence[str]) -> int:
    """Print what learned nothing in a results folder; the exit code says whether there was any."""
    folder = Path(arguments[1]) if len(arguments) > 1 else None
    found = 0
    try:
        for verdict in verdicts(list(Store(Path(arguments[0])).read().values()), folder):
            if not verdict.learned:
                found += 1
                sys.stdout.write(f"{verdict}\n")
    except RequestError as error:
        sys.stderr.write(f"ganbench: {error}\n")
        return 2
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["results/all"]))
