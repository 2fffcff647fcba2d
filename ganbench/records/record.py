"""What one seed of a baseline on a data set leaves behind: one Record, one JSON line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from re import sub
from typing import Annotated, Any, Literal, NotRequired, TypedDict, TypeVar

import msgspec
import numpy as np

from ganbench._util.convert import convert, fitted
from ganbench._util.markup import CONTROL, printable_in
from ganbench.errors import BadInput
from ganbench.records.key import CONDITIONS, key_of

SCHEMA = 2  # of the lines of records.jsonl; version 0.1 wrote lines without one
MIGRATE = "python -m ganbench.records.migrate"

Status = Literal["done", "diverged", "error"]
Weights = Literal["average", "last"]  # of a generator: averaged over the steps, or those after the last step
Better = Literal["lower", "higher", "target"]
Read = TypeVar("Read")

MOST = 2**53  # of a whole number: beyond it, programs that read JSON round
Count = Annotated[int, msgspec.Meta(ge=0, le=MOST)]
Positive = Annotated[int, msgspec.Meta(ge=1, le=MOST)]
Amount = Annotated[float, msgspec.Meta(ge=0)]


class Point(TypedDict):
    """A point of a learning curve."""

    step: Count
    metric: str
    value: float | None


class Note(TypedDict):
    """What is noted of training at a step."""

    step: Count
    discriminator: NotRequired[float | None]
    generator: NotRequired[float | None]
    monitor: NotRequired[float | None]


class PlanOf(TypedDict, total=False):
    """How long and how a cell is trained."""

    steps: Positive
    batch: Positive
    backend: str


class Origin(TypedDict, total=False):
    """Those parts of a provenance that are computed with or shown."""

    time: str
    host: str
    device: str
    seconds: Amount
    training_seconds: Amount
    group: Annotated[list[Count], msgspec.Meta(min_length=1)]
    backend: str
    league: str
    source: str
    remark: str
    resumed: list[Count]
    packages: dict[str, str]
    warnings: list[str]


class Shown(TypedDict):
    """Examples as bytes in base64."""

    dtype: str
    shape: list[Count]
    data: str


# What the tables of a record hold, beyond that they are tables: checked when a line is read.
INNER: dict[str, Any] = {
    "plan": PlanOf,
    "history": list[Note],
    "curve": list[Point],
    "cost": dict[str, Amount],
    "provenance": Origin,
}


@dataclass(frozen=True)
class Scores:
    """One metric of one seed, with the identity that makes it comparable.

    ``values`` holds one number for each set of samples, all sets against one draw of the reference after the other;
    None where it is undefined: ``reasons`` (same order) says why.
    """

    metric: str
    values: tuple[float | None, ...]
    reasons: tuple[str, ...]
    better: Better
    version: Count
    features: dict[str, str]  # extractor's name, weights' sha256, preprocessing
    reference: str  # data set and split
    n_real: Count
    n_fake: Count
    options: dict[str, Any]
    weights: Weights = "average"  # the generator's weights that the samples come from
    draws: Positive = 1  # of the reference

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
    version: Count | str  # of the baseline; of a user's own file its digest
    settings: dict[str, Any]  # all fields, defaults included
    dataset: str
    dataset_version: Count
    split: str
    seed: Count
    plan: dict[str, Any]  # steps, batch, backend as requested; not the device
    engine: Count  # version of the training code
    samples: Count  # that the scores are made from
    status: Status
    step: Count  # the last step known to be fine, or the last of all
    reason: str  # why it did not get to the end
    scores: tuple[Scores, ...]
    history: list[dict[str, Any]]  # {"step", "discriminator", "generator", "monitor"}
    curve: list[dict[str, Any]]  # {"step", "metric", "value"}
    cost: dict[str, float]  # samples_seen, gradients, flops, parameters
    # A few of the first samples, to be shown: {"dtype", "shape", "data"}, the bytes in base64.
    examples: dict[str, Any] = field(default_factory=dict, kw_only=True)
    # Differs between equal runs: time, host, seconds of the group, the group of seeds, the backend that was used,
    # versions of packages, digest of the source, trials of settings before these were chosen.
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def trained(self) -> dict[str, Any]:
        """The provenance of the samples, also where the scores were made anew from kept ones."""
        made: dict[str, Any] = self.provenance.get("trained", self.provenance)
        return made

    @property
    def usual(self) -> tuple[Scores, ...]:
        """The scores of samples from averaged weights; where there are none, those of the last step's."""
        averaged = tuple(score for score in self.scores if score.weights == "average")
        return averaged or self.scores

    @property
    def trials(self) -> int:
        """How many settings of the baseline were tried before these were chosen; 0 where none were."""
        return int(self.trained.get("trials", 0))

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


def usual_weights(records: Iterable[Record]) -> Weights:
    """Return which weights tables are about unless asked for others: averaged ones, or the last where these alone are.

    What is not trained has one kind of weights, which says nothing.
    """
    kinds = [{score.weights for score in record.scores} for record in records]
    only_last = {"last"} in kinds and {"average", "last"} not in kinds
    return "last" if only_last else "average"


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
    made = convert(value, kind, where)
    if isinstance(made, Record):
        check_inner(value, where)
        for i, score in enumerate(made.scores):
            check_counts(score, f"{where}: scores[{i}]")
    return made


def check_inner(record: Mapping[str, Any], where: str) -> None:
    """Raise BadInput where a table of a record holds what it cannot."""
    tables = [(name, record.get(name), kind) for name, kind in INNER.items()]
    if record.get("examples"):
        tables.append(("examples", record["examples"], Shown))
    if "trained" in record.get("provenance", {}):
        tables.append(("provenance.trained", record["provenance"]["trained"], Origin))
    for name, value, kind in tables:
        if value is not None:
            fitted(value, kind, f"{where}: {name}")


def check_counts(score: Scores, where: str) -> None:
    """Raise BadInput where a score does not have a value and a reason for each set against each draw."""
    if len(score.values) != len(score.reasons) or len(score.values) % score.draws:
        counts = f"{len(score.values)} values, {len(score.reasons)} reasons, {score.draws} draws"
        raise BadInput(f"{where}: expected a value and a reason for each set and draw, got {counts}")


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
