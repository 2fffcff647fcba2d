"""Changes of a suite that are typed behind a command: ``wgan_gp.penalty=1``, ``lr=1e-3``, ``batch=128``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, get_type_hints

from ganbench._util.convert import convert
from ganbench._util.names import check_names, suggestion
from ganbench._util.user_code import split as file_split
from ganbench.data.names import split
from ganbench.errors import BadInput, UnknownName
from ganbench.suites.suite import SHARED, Budget, Suite
from ganbench.training import registry

PLANNED = ("steps", "batch", "samples", "backend")  # which a suite may also set for one data set
PLAN = (*PLANNED, "sets", "references", "weights", "points", "examples", "watch")
OPTIONS = {"seeds": "--seeds", "metrics": "--metrics", "baselines": "--baseline or --add", "datasets": "--dataset"}


@dataclass(frozen=True)
class Change:
    """One new value: of a field of some baselines, of a field that every baseline has, or of the plan."""

    text: str
    owner: str  # whose field it is; empty: a field of the plan or of every baseline
    field: str
    value: Any

    @property
    def is_of_plan(self) -> bool:
        """Whether it is the suite's own field that is changed."""
        return not self.owner and self.field in PLAN


def changed(suite: Suite, texts: Iterable[str]) -> Suite:
    """Return a suite with new values, which count above everything that it says itself.

    Raises BadInput for a text that is no change, UnknownName with the nearest names for a baseline or a field that
    there is not.
    """
    changes = [parsed(text) for text in texts]
    seen: set[tuple[str, str]] = set()
    for change in changes:
        if (change.owner, change.field) in seen:
            raise BadInput(f"--set {change.text}: {change.field} is set twice")
        seen.add((change.owner, change.field))
        suite = planned(suite, change) if change.is_of_plan else set_up(suite, change)
    return suite


def parsed(text: str) -> Change:
    """Return what ``owner.field=value`` or ``field=value`` means."""
    name, equals, value = (piece.strip() for piece in text.partition("="))
    owner, dot, field = name.rpartition(".")
    if not equals or not value or not re.fullmatch(r"[A-Za-z_]\w*", field) or (dot and not owner):
        raise BadInput(f"--set: expected such as wgan_gp.penalty=1 or batch=128, got {text[:60]!r}")
    if not owner and field in OPTIONS:
        raise BadInput(f"--set {field}: {field} have an option of their own, {OPTIONS[field]}")
    if not owner and field not in (*PLAN, *SHARED):
        near = suggestion(field, [*PLAN, *SHARED])
        raise UnknownName(f"--set: unknown field {field!r}; {near}; of one baseline it is written NAME.{field}")
    return Change(text, owner, field, value_of(value))


def value_of(text: str) -> Any:
    """Return a value as TOML writes it; a word needs no quotes."""
    try:
        return tomllib.loads(f"x = {text}")["x"] if "\n" not in text else text
    except tomllib.TOMLDecodeError:
        return text


def planned(suite: Suite, change: Change) -> Suite:
    """Return a suite with a new value of its own field, on all data sets."""
    value = convert(change.value, get_type_hints(Suite)[change.field], f"--set {change.field}")
    plan = suite.plan
    if change.field in PLANNED:
        unset: dict[str, Any] = {change.field: getattr(Budget(), change.field)}
        plan = {name: replace(budget, **unset) for name, budget in plan.items()}
    new: dict[str, Any] = {change.field: value}
    return replace(suite, plan=plan, **new)


def set_up(suite: Suite, change: Change) -> Suite:
    """Return a suite in whose settings a field has a new value on every data set."""
    searched = {**suite.search, **{key: 0 for own in suite.search.values() if isinstance(own, dict) for key in own}}
    if change.field in searched:
        raise BadInput(f"--set {change.text}: {change.field} is searched over by {suite.name}")
    owners = owners_of(suite, change) if change.owner else []
    known = {name: suite.on(suite.settings, name) for name in suite.datasets}
    lent = {
        split(name)[0]: suite.on(suite.settings, suite.on(suite.like, name) or "") or {}
        for name, own in known.items()
        if own is None
    }
    settings = {name: with_value(table, change, owners) for name, table in {**lent, **suite.settings}.items()}
    return replace(suite, settings=settings)


def with_value(table: Mapping[str, Any], change: Change, owners: Iterable[str]) -> dict[str, Any]:
    """Return the settings of one data set with a new value, of some baselines or of all."""
    if change.owner:
        return {**table, **{name: {**table.get(name, {}), change.field: change.value} for name in owners}}
    own = {name: value for name, value in table.items() if name != change.field}
    return {name: without(value, change.field) for name, value in own.items()} | {change.field: change.value}


def without(value: Any, field: str) -> Any:
    """Return a baseline's own entries without a field; what is no table as it is."""
    return {name: each for name, each in value.items() if name != field} if isinstance(value, dict) else value


def owners_of(suite: Suite, change: Change) -> list[str]:
    """Return those of a suite's baselines that a change is about: one, or the members of a family.

    Raises UnknownName where none is, or where they have no such field.
    """
    names, asked = running(suite), registry.ordered(change.owner)
    called = {name: {name, file_split(name)[0], registry.title(name), *registry.names_of(name)} for name in names}
    if not (owners := [name for name in names if asked in called[name]]):
        there = sorted(set().union(*called.values()))
        raise UnknownName(f"--set: no {change.owner!r} among what runs; {suggestion(change.owner, there)}")
    for name in owners:
        known = [each.name for each in fields(registry.load(name))]
        check_names(f"field of {registry.title(name)}", [change.field], known)
    return owners


def running(suite: Suite) -> list[str]:
    """Return the names of all baselines that a suite runs on some data set."""
    asked = [suite.baselines_on(name) for name in suite.datasets]
    names = [name for each in asked for name in (registry.everyone() if each == "all" else each)]
    return list(dict.fromkeys(map(registry.canonical, [*names, *suite.added])))


def check_effect(texts: Iterable[str], settings: Iterable[Mapping[str, Any]]) -> None:
    """Raise BadInput for a field of every baseline that has an effect on none of those that run, by their settings."""
    names = {name for each in settings for name in each}
    for change in map(parsed, texts):
        if not change.is_of_plan and change.field not in names:
            raise BadInput(f"--set {change.text}: {change.field} has no effect on any of what runs")
