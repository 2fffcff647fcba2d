"""What one seed of a baseline on a data set leaves behind: one Record, one JSON line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from re import sub
from typing import Any, Literal, TypeVar

import msgspec
import numpy as np

from ganbench._util.convert import convert
from ganbench._util.markup import CONTROL, printable_in
from ganbench.errors import BadInput
from ganbench.records.key import CONDITIONS, key_of

SCHEMA = 2  # of the lines of records.jsonl; version 0.1 wrote lines without one
MIGRATE = "python -m ganbench.records.migrate"

Status = Literal["done", "diverged", "error"]
Weights = Literal["average", "last"]  # of a generator: averaged over the steps, or those after the last step
Read = TypeVar("Read")


@dataclass(frozen=True)
class Scores:
    """One metric of one seed, with the identity that makes it comparable.

    ``values`` holds one number for each set of samples, all sets against one draw of the reference after the other;
    None where it is undefined: ``reasons`` (same order) says why.
    """

    metric: str
    values: tuple[float | None, ...]
    reasons: tuple[str, ...]
    better: str
    version: int
    features: dict[str, str]  # extractor's name, weights' sha256, preprocessing
    reference: str  # data set and split
    n_real: int
    n_fake: int
    options: dict[str, Any]
    weights: Weights = "average"  # the generator's weights that the samples come from
    draws: int = 1  # of the reference

    @property
    def by_draw(self) -> tuple[tuple[float | None, ...], ...]:
        """The values of all sets of samples, for each draw of the reference."""
        sets = len(self.values) // self.draws
        return tuple(self.values[i * sets : (i + 1) * sets] for i in range(self.draws))

    @property
    def value(self) -> float | None:
        """The mean over sets of samples and draws of the reference; None where one of them has no value."""
        known = [value for value in self.values if value is not None]
        if not known or len(known) < len(self.values):
            return None
        return known[0] if len(known) == 1 else sum(known) / len(known)

    @property
    def reason(self) -> str:
        """Why there is no value; empty where there is one."""
        return next((reason for reason in self.reasons if reason), "")


@dataclass(frozen=True)
class Record:
    """One seed of a baseline on a data set: what was asked, how it ended, what was measured, and where it was made."""

    schema: int
    key: str  # digest of the conditions and the seed
    baseline: str
    version: int | str  # of the baseline; of a user's own file its digest
    settings: dict[str, Any]  # all fields, defaults included
    dataset: str
    dataset_version: int
    split: str
    seed: int
    plan: dict[str, Any]  # steps, batch, backend as requested; not the device
    engine: int  # version of the training code
    samples: int  # that the scores are made from
    status: Status
    step: int  # the last step known to be fine, or the last of all
    reason: str  # why it did not get to the end
    scores: tuple[Scores, ...]
    history: list[dict[str, Any]]  # {"step", "discriminator", "generator", "monitor"}
    curve: list[dict[str, Any]]  # {"step", "metric", "value"}
    cost: dict[str, float]  # samples_seen, gradients, flops, parameters
    # A few of the first samples, to be shown: {"dtype", "shape", "data"}, the bytes in base64.
    examples: dict[str, Any] = field(default_factory=dict, kw_only=True)
    # Differs between equal runs: time, host, seconds of the group, the group of seeds, the backend that was used,
    # versions of packages, digest of the source.
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def trained(self) -> dict[str, Any]:
        """The provenance of the samples, also where the scores were made anew from kept ones."""
        made: dict[str, Any] = self.provenance.get("trained", self.provenance)
        return made

    @property
    def averaged(self) -> tuple[Scores, ...]:
        """The scores of samples from averaged weights, which tables show unless asked for others."""
        return tuple(score for score in self.scores if score.weights == "average")

    @property
    def group(self) -> tuple[int, ...]:
        """The seeds that were trained together, this one included."""
        return tuple(self.trained.get("group", (self.seed,)))

    @cached_property
    def row(self) -> str:
        """Digest of everything but the seed: records that share it are seeds of one row."""
        return key_of({name: getattr(self, name) for name in CONDITIONS})

    @property
    def files(self) -> str:
        """The folder, inside a results folder, of what the seeds of this row leave beside their records."""
        return files_of(self.baseline, self.dataset, self.row)


def files_of(baseline: str, dataset: str, row: str) -> str:
    """Return the folder of samples, weights and pictures of a row, as seen from the results folder."""
    return "cells/" + sub(r"[^\w.=-]+", "_", f"{baseline}-{dataset}-{row[:8]}")


def to_line(record: Any) -> str:
    """Return the record as one line of JSON without its newline; raises ValueError for a number that is not finite."""
    table = msgspec.to_builtins(record, enc_hook=plain)
    return json.dumps(table, allow_nan=False, ensure_ascii=False, separators=(",", ":"))


def plain(value: Any) -> Any:
    """Return numpy's numbers as Python's; raises TypeError for what JSON cannot hold."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written into a record")


def read_line(line: str, kind: type[Read], where: str = "record") -> Read:
    """Return the dataclass that a line holds; raises BadInput or UnknownName that say ``where`` and what is wrong."""
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadInput(f"{where}: not JSON: {error}") from error
    if "\\u" in line or CONTROL.search(line):
        value = printable_in(value)
    check_schema(value, where)
    return convert(value, kind, where)


def check_schema(value: Any, where: str) -> None:
    """Raise BadInput for a record of version 0.1, with the command that brings it up to date, or of a later schema."""
    if not isinstance(value, Mapping) or value.get("schema") == SCHEMA:
        return
    folder = where.partition("/records.jsonl")[0] if "/records.jsonl" in where else "FOLDER"
    if "key" in value and "schema" not in value:
        raise BadInput(f"{where}: a record of ganbench 0.1; bring the folder up to date with: {MIGRATE} {folder}")
    if isinstance(schema := value.get("schema"), int):
        raise BadInput(f"{where}: schema {schema} is not known here, which reads {SCHEMA}; a later ganbench wrote it")


def from_line(line: str, where: str = "record") -> Record:
    """Return the record of a cell that a line holds; raises as ``read_line``."""
    return read_line(line, Record, where)
