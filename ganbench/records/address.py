"""Addresses of what a run left: ``RESULTS:BASELINE:DATASET[:SEED]``, read against the folder's own records.

Names of baselines and data sets may hold colons and slashes themselves (``f_gan:kl``, ``./mine.py``, ``./faces@64``):
what stands behind the folder is compared with the names that are there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ganbench._util.names import suggestion
from ganbench.errors import BadInput, Missing, UnknownName
from ganbench.records.record import Record
from ganbench.records.store import Store

FILE = "records.jsonl"


@dataclass(frozen=True)
class Address:
    """The finished seeds of one row of a results folder, and which of them is asked for."""

    folder: Path
    records: dict[int, Record]  # by seed, in order
    seed: int
    named: bool = False  # whether the address says the seed

    @property
    def record(self) -> Record:
        """The record of the seed that is asked for."""
        return self.records[self.seed]


def is_address(text: str) -> bool:
    """Whether a text begins with a results folder and a colon."""
    return any(True for _ in folders(text))


def folders(text: str) -> Iterator[tuple[Path, str]]:
    """Yield every results folder that a text may begin with, and what stands behind its colon."""
    for place, letter in enumerate(text):
        if letter == ":" and (folder := Path(text[:place])).joinpath(FILE).is_file():
            yield folder, text[place + 1 :]


def resolve(text: str) -> Address:
    """Return what an address stands for: of several seeds the first that was finished.

    Raises Missing for a folder without records or a seed that was not finished, UnknownName with the nearest names for
    a row that is not there, BadInput where several rows fit.
    """
    for folder, rest in folders(text):
        return within(folder, rest, text)
    raise Missing(f"{text}: expected RESULTS:BASELINE:DATASET[:SEED], where RESULTS is a folder with {FILE}")


def within(folder: Path, rest: str, text: str) -> Address:
    """Return the row of a folder that ``rest`` names."""
    if ":" not in rest:
        raise BadInput(f"{text}: expected {folder}:BASELINE:DATASET or {folder}:BASELINE:DATASET:SEED")
    records = list(Store(folder).read().values())
    names = {f"{record.baseline}:{record.dataset}" for record in records}
    base, _, last = rest.rpartition(":")
    name, seed = (base, int(last)) if rest not in names and last.isdecimal() and base in names else (rest, None)
    if name not in names:
        raise UnknownName(f"{folder}: no row {rest!r}; {suggestion(rest, sorted(names))}")
    return chosen(folder, [record for record in records if f"{record.baseline}:{record.dataset}" == name], seed, text)


def cell(folder: Path, baseline: str, dataset: str, seed: int | None = None) -> Address:
    """Return the row of a folder by its two names; raises as ``resolve``."""
    if not folder.joinpath(FILE).is_file():
        raise Missing(f"{folder}: no {FILE} here; expected the results of a run")
    name = f"{baseline}:{dataset}"
    return within(folder, name if seed is None else f"{name}:{seed}", f"{folder}:{name}")


def chosen(folder: Path, records: list[Record], seed: int | None, text: str) -> Address:
    """Return the finished seeds of the one row among ``records``."""
    done = {record.seed: record for record in sorted(records, key=lambda each: each.seed) if record.status == "done"}
    rows = {record.row for record in records if record.status == "done"}
    if len(rows) > 1:
        raise BadInput(f"{text}: {len(rows)} rows of that name differ in their settings or plan; expected one")
    if not done or (seed is not None and seed not in done):
        raise Missing(f"{text}: no such seed was finished; finished are {', '.join(map(str, done)) or 'none'}")
    return Address(folder, done, next(iter(done)) if seed is None else seed, seed is not None)
