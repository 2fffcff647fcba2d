"""The results of suite ``standard``, for experiments that read what was searched and trained there."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from pathlib import Path

from ganbench.notes.base import Form
from ganbench.records.key import key_of
from ganbench.records.record import Record
from ganbench.records.store import Store
from ganbench.suites import shipped

RESULTS = Path("results")  # where they are looked for when a form does not say
Distances = dict[str, dict[str, tuple[float, ...]]]  # by data set and row, one for each seed


def folder(form: Form) -> Path:
    """Return the folder of the suite's records."""
    return (form.results or RESULTS) / "standard"


def at_hand(form: Form) -> bool:
    """Whether there are records to read."""
    return (folder(form) / "records.jsonl").is_file()


def digest(form: Form) -> str:
    """Return the digest of all keys and scores that the distances come from; empty where there are no records."""
    return key_of({"distances": distances(form)}) if at_hand(form) else ""


def distances(form: Form) -> Distances:
    """Return every row's distance to held-out data, by the metric that its settings were searched by.

    Of a row with several settings those that were trained last count. A seed without a score, which training lost, is
    left out.
    """
    path = folder(form) / "records.jsonl"
    return read(folder(form), path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def read(folder: Path, written: int) -> Distances:
    """Read the distances; ``written`` is when the records were, so that they are read once and again when they grow."""
    objective = getattr(shipped("search"), "objective", {})  # of a suite of cells, which search is
    of = objective if isinstance(objective, dict) else {}
    values: dict[str, dict[str, dict[str, dict[int, float]]]] = defaultdict(lambda: defaultdict(dict))
    for record in Store(folder).selected():
        if (value := score(record, of.get(record.dataset, "fid"))) is not None:
            values[record.dataset][record.baseline].setdefault(repr(record.settings), {})[record.seed] = value
    return {
        dataset: {row: in_order([*settings.values()][-1]) for row, settings in sorted(rows.items())}
        for dataset, rows in sorted(values.items())
    }


def in_order(seeds: dict[int, float]) -> tuple[float, ...]:
    return tuple(seeds[seed] for seed in sorted(seeds))


def score(record: Record, metric: str) -> float | None:
    """Return a record's score of averaged weights by that metric, where it has one."""
    scores = [each for each in record.scores if (each.metric, each.weights) == (metric, "average")]
    return scores[0].value if record.status == "done" and scores else None
