"""What a cell leaves behind: one Record, one JSON line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from functools import cache
from hashlib import blake2b
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ganbench.errors import BadInput
from ganbench.find import check_names

Status = Literal["done", "diverged", "error"]
Read = TypeVar("Read")

WORDS = {str: "a string", int: "a whole number", float: "a number", bool: "true or false", NoneType: "null"}


@dataclass(frozen=True)
class Run:
    """How one seed of a cell ended."""

    seed: int
    status: Status
    step: int  # the last step known to be fine, or the last of all
    reason: str = ""


@dataclass(frozen=True)
class Scores:
    """One metric for every seed of a cell, with the identity that makes it comparable.

    ``values`` follow the order of the record's runs; None where the number is undefined, and then ``reasons``
    (same order) says why.
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


@dataclass(frozen=True)
class Record:
    """A finished cell: what was asked, how it ended, what was measured, and where it was made."""

    key: str  # digest of everything that the samples depend on
    baseline: str
    settings: dict[str, Any]  # all fields, defaults included
    dataset: str
    split: str
    seeds: tuple[int, ...]
    plan: dict[str, Any]  # steps, batch, way; not the device
    source: str  # digest of the code that made it
    runs: tuple[Run, ...]
    scores: tuple[Scores, ...]
    history: list[dict[str, Any]]  # {"step", "critic": [per seed], "generator": ..., "monitor": ...}
    curve: list[dict[str, Any]]  # {"step", "metric", "values": [per seed]}
    cost: dict[str, float]  # samples_seen, gradients, parameters
    provenance: dict[str, Any] = field(
        default_factory=dict
    )  # time, host, seconds, versions: differs between equal runs


def to_line(record: Any) -> str:
    """Return the record as one line of JSON without its newline; raises ValueError for a number that is not finite."""
    return json.dumps(asdict(record), allow_nan=False, ensure_ascii=False, separators=(",", ":"))


def read_line(line: str, kind: type[Read], where: str = "record") -> Read:
    """Return the dataclass that a line holds; raises BadInput or UnknownName that say ``where`` and what is wrong."""
    try:
        value = json.loads(line)
    except ValueError as error:
        raise BadInput(f"{where}: not JSON: {error}") from error
    record: Read = typed(value, kind, where)
    return record


def from_line(line: str, where: str = "record") -> Record:
    """Return the record of a cell that a line holds; raises as ``read_line``."""
    return read_line(line, Record, where)


def key_of(parts: Mapping[str, Any]) -> str:
    """Return the digest of named parts, whatever their order."""
    text = json.dumps(parts, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def typed(value: Any, hint: Any, where: str) -> Any:
    """Return a value read from JSON or TOML as the type ``hint``: lists as tuples, tables as dataclasses.

    Raises BadInput that says ``where``, what was expected and what was given, or UnknownName for a field.
    """
    origin, inner = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        return one_of(value, inner, where, hint)
    if is_dataclass(hint) and isinstance(value, Mapping):
        return built(value, hint, where)
    if origin is tuple and isinstance(value, list | tuple):
        kinds = inner[:1] * len(value) if inner[1:] == (...,) else inner
        if len(kinds) == len(value):
            return tuple(typed(item, kind, where) for item, kind in zip(value, kinds, strict=True))
    elif origin is list and isinstance(value, list):
        return [typed(item, inner[0], where) for item in value]
    elif origin is dict and isinstance(value, Mapping):
        return {typed(name, inner[0], where): typed(item, inner[1], f"{where}.{name}") for name, item in value.items()}
    elif hint is Any or (origin is Literal and value in inner) or is_plain(value, hint):
        return float(value) if hint is float else value
    raise BadInput(f"{where}: expected {words(hint)}, got {shortened(value)}")


def is_plain(value: Any, hint: Any) -> bool:
    """Whether a value is a string, number or None as ``hint`` says; a whole number is a number, true is neither."""
    if isinstance(value, bool):
        return hint is bool
    return isinstance(hint, type) and isinstance(value, (int, float) if hint is float else hint)


def one_of(value: Any, options: tuple[Any, ...], where: str, hint: Any) -> Any:
    """Return a value as the first of several types that it fits."""
    for option in options:
        try:
            return typed(value, option, where)
        except BadInput:
            continue
    raise BadInput(f"{where}: expected {words(hint)}, got {shortened(value)}")


def built(table: Mapping[str, Any], cls: Any, where: str) -> Any:
    """Return the dataclass that a table describes, with all of its fields checked."""
    kinds = hints_of(cls)
    names = [item.name for item in fields(cls)]
    check_names(f"field of {where}:", table, names)
    optional = {item.name for item in fields(cls) if item.default is not MISSING or item.default_factory is not MISSING}
    if missing := [name for name in names if name not in table and name not in optional]:
        raise BadInput(f"{where}: lacks {', '.join(missing)}")
    return cls(**{name: typed(item, kinds[name], f"{where}: {name}") for name, item in table.items()})


@cache
def hints_of(cls: Any) -> dict[str, Any]:
    """Return the types of a dataclass's fields; working them out takes longer than reading a record."""
    return get_type_hints(cls)


def words(hint: Any) -> str:
    """Say what a type is in words."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        return " or ".join(map(words, inner))
    if origin is Literal:
        return " or ".join(map(repr, inner))
    if origin in {tuple, list}:
        return f"a list of {words(inner[0]).removeprefix('a ')}s"
    return WORDS.get(hint, "a table")


def shortened(value: Any) -> str:
    """Return a value as text that fits a line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
