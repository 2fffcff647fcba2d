"""The generators of the best rows, in files that are small enough to be shown: ``RESULTS/generators``.

A run's own files of weights hold everything that training needs to go on; these hold what samples are drawn from, the
averaged weights of the first finished seed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from safetensors import SafetensorError, safe_open

from ganbench._util.files import in_place, write_atomically
from ganbench._util.tensor_files import FACTS, packed, unpacked
from ganbench.dataset import Tensors
from ganbench.errors import Missing
from ganbench.records.record import Record
from ganbench.tables.summary import Summary, summarise

FOLDER = "generators"
AVERAGE = "average."  # how the names of averaged weights begin


def path_of(folder: Path, record: Record) -> Path:
    """Return the file of a record's generator in a results folder."""
    return folder / FOLDER / f"{Path(record.files).name}-{record.seed}.safetensors"


def best(records: Sequence[Record]) -> list[Record]:
    """Return the first finished seed of the best row of each league on each data set."""
    return [record for summary in summarise(records) for record in firsts(summary)]


def firsts(summary: Summary) -> Iterator[Record]:
    """Yield the first finished seed of the best row of each league of a data set, of those that learned."""
    seen = set()
    for row in summary.in_order():
        done = [record for record in row.records if record.status == "done"]
        if row.is_control or row.label in summary.marks or row.league in seen or not done:
            continue
        seen.add(row.league)
        yield min(done, key=lambda record: record.seed)


def keep(folder: Path, records: Sequence[Record]) -> list[Path]:
    """Write the generators of the best rows into a results folder; return their paths.

    A file that is there already is left. Raises Missing where weights were not kept, before anything is written.
    """
    chosen = best(records)
    if not chosen:
        raise Missing(f"{folder}: no trained row of it has learned; there is no generator to keep")
    files = {path_of(folder, record): record for record in chosen}
    new = {path: reduced(folder, record) for path, record in files.items() if not is_of(path, record)}
    for path, tensors in new.items():
        with in_place(path):
            write_atomically(path, packed(tensors, {"key": files[path].key, "card": card(files[path])}))
    return list(files)


def is_of(path: Path, record: Record) -> bool:
    """Whether a file holds the generator of a record."""
    try:
        with safe_open(path, "pt") as file:
            return bool(json.loads((file.metadata() or {}).get(FACTS, "{}")).get("key") == record.key)
    except (OSError, SafetensorError, ValueError, AttributeError):
        return False


def reduced(folder: Path, record: Record) -> Tensors:
    """Return of the weights of a record those that samples are drawn from."""
    path = folder / record.files / f"weights-{record.seed}.safetensors"
    file = unpacked(path, record.key)
    if file is None:
        name = f"{record.baseline} on {record.dataset}, seed {record.seed}"
        raise Missing(f"{path}: the weights of {name} were not kept; ganbench run --fresh makes them")
    tensors, _ = file
    averaged = {name.removeprefix(AVERAGE) for name in tensors if name.startswith(AVERAGE)}
    return {
        name: tensor
        for name, tensor in tensors.items()
        if name.startswith((AVERAGE, "carried."))
        or (name.startswith("G.") and name.removeprefix("G.") not in averaged)  # buffers
    }


def card(record: Record) -> str:
    """Return what a file says about its generator."""
    facts = {"baseline": record.baseline, "dataset": record.dataset, "train_seed": record.seed, "weights": "average"}
    return json.dumps({**facts, "settings": record.settings, "plan": record.plan})


def load(folder: Path, record: Record) -> Tensors | None:
    """Return the generator that was kept of a record, or None."""
    file = unpacked(path_of(folder, record), record.key)
    return file[0] if file else None
