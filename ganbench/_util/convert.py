"""Values read from JSON or TOML as the types that a dataclass declares, with one line for what does not fit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from ganbench._util.names import check_names, suggestion
from ganbench.errors import BadInput, RequestError

Kind = TypeVar("Kind")

WORDS = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
    "array": "a list",
    "object": "a table",
}
EXPECTED = re.compile(r"Expected `(?P<kind>[^`]+)`, got `(?P<given>[^`]+)`")
MISSING = re.compile(r"Object missing required field `(?P<name>[^`]+)`")
PLACE = re.compile(r" - at `\$(?P<path>[^`]*)`$")


def convert(value: Any, kind: type[Kind], where: str) -> Kind:
    """Return a value of dictionaries, lists, strings and numbers as ``kind``: lists as tuples, tables as dataclasses.

    A whole number is read as a number where one is expected; nothing else is converted. Raises UnknownName for a field
    that does not exist, with the nearest one, and BadInput that says ``where``, what was expected and what was given.
    """
    check_fields(value, kind, where)
    return fitted(value, kind, where)


def fitted(value: Any, kind: type[Kind], where: str) -> Kind:
    """Return a value as ``kind`` as ``convert`` does; fields that do not exist are passed over."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, RequestError):  # raised by the dataclass itself
            raise error.__cause__ from None
        raise BadInput(sentence(str(error), value, kind, where)) from error


def check_fields(value: Any, kind: Any, where: str) -> None:
    """Raise UnknownName for a field that a dataclass at any depth of ``kind`` does not have."""
    if holds_fields(kind) and isinstance(value, Mapping):
        hints = hints_of(kind)
        if unknown := [name for name in value if name not in hints]:
            check_names(f"field of {where}:", unknown, hints)
        for name in tables_of(kind):
            check_fields(value.get(name), hints[name], f"{where}: {name}")
    elif isinstance(value, list | tuple):
        for item in value:
            for inner in get_args(kind):
                check_fields(item, inner, where)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            check_fields(item, get_args(kind)[-1] if get_args(kind) else Any, f"{where}.{name}")


def holds_fields(kind: Any) -> bool:
    """Whether a type is a dataclass."""
    return is_dataclass(kind)


@cache
def hints_of(kind: Any) -> dict[str, Any]:
    """Return the types of a dataclass's fields by name."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind) if field.init}


@cache
def tables_of(kind: Any) -> tuple[str, ...]:
    """Return the fields of a dataclass that hold other dataclasses."""

    def holds(hint: Any) -> bool:
        return holds_fields(hint) or any(map(holds, get_args(hint)))

    return tuple(name for name, hint in hints_of(kind).items() if holds(hint))


def sentence(message: str, value: Any, kind: Any, where: str) -> str:
    """Return what msgspec found wrong as one line in the words of this package."""
    place = PLACE.search(message)
    path = place["path"].lstrip(".") if place else ""
    here = f"{where}: {path}" if path else where
    if missing := MISSING.search(message):
        return f"{here}: lacks {missing['name']}"
    given, hint = at(value, path), hint_at(kind, path)
    if given is not ...:
        if options := choices(hint, given):
            return f"{here}: got {given!r}; {suggestion(given, options)}"
        if hint is not None:
            return f"{here}: expected {words(hint)}, got {shortened(given)}"
    if expected := EXPECTED.search(message):
        kinds = " or ".join(WORDS.get(each, each) for each in expected["kind"].split(" | "))
        got = WORDS.get(expected["given"], expected["given"]) if given is ... else shortened(given)
        return f"{here}: expected {kinds}, got {got}"
    return f"{here}: {PLACE.sub('', message)}" + ("" if given is ... else f", got {shortened(given)}")


def at(value: Any, path: str) -> Any:
    """Return what stands at a path such as ``plan.steps`` or ``seeds[2]``, an Ellipsis where it cannot be told."""
    for name, index in re.findall(r"([^.\[\]]+)|\[([^\]]*)\]", path):
        try:
            value = value[name] if name else value[int(index)]
        except (KeyError, IndexError, TypeError, ValueError):
            return ...
    return value


def hint_at(kind: Any, path: str) -> Any:
    """Return the type of the field that a path names, ``kind`` itself for no path, None inside of a field."""
    if not path:
        return kind
    return hints_of(kind).get(path) if holds_fields(kind) else None


def choices(hint: Any, given: Any) -> Sequence[str]:
    """Return the strings that a string must be one of, none where others or no strings fit as well."""
    return get_args(hint) if get_origin(hint) is Literal and isinstance(given, str) else ()


def words(hint: Any) -> str:
    """Say what a type is in words."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " or ".join(map(repr, inner))
    if origin in {tuple, list}:
        count = f"{len(inner)} " if origin is tuple and inner[-1] is not ... else ""
        return f"a list of {count}{words(inner[0]).removeprefix('a ')}s"
    if inner and origin is not dict:
        return " or ".join(map(words, inner))
    return WORDS.get("null" if hint is type(None) else getattr(hint, "__name__", ""), "a table")


def shortened(value: Any) -> str:
    """Return a value as text that fits a line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
