"""From a name to the thing it names; a miss teaches the nearest names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

from ganbench.errors import UnknownName

T = TypeVar("T")


def find(kind: str, name: str, known: Mapping[str, T]) -> T:
    """Return ``known[name]``, or raise UnknownName with the nearest names of that ``kind``."""
    check_names(kind, [name], known)
    return known[name]


def check_names(kind: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raise UnknownName for the first of ``names`` that is not ``known``."""
    options = sorted(known)
    for name in names:
        if name not in options:
            raise UnknownName(f"unknown {kind} {name!r}; {suggestion(name, options)}")


def suggestion(name: str, options: Iterable[str]) -> str:
    """Name the nearest of the ``options``, or all of them when none is near."""
    listed = list(options)
    near = get_close_matches(name, listed, n=3, cutoff=0.6)
    return f"did you mean {' or '.join(map(repr, near))}?" if near else f"expected one of {', '.join(listed)}"
