"""From a name to the thing it names; a miss teaches the nearest names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

from ganbench.errors import UnknownName

T = TypeVar("T")
LISTED = 100  # names of a message, at most

RENAMED = {  # names of version 0.1 and what they are called since
    "n_critic": "d_steps",
    "parameters_critic": "parameters_discriminator",
    "critic_first": "discriminator_first",
    "critic_loss": "discriminator_loss",
    "slope": "target",  # of dragan
    "way": "backend",
    "replay": "traced",
    "optimal_critic": "optimal_discriminator",
    "class_law_kl": "class_distribution_kl",
    "class_law_chi_square": "class_distribution_chi_square",
}


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
    """Name the nearest of the ``options``, or all of them when none is near; of an old name, the new one."""
    listed = list(options)
    if RENAMED.get(name) in listed:
        return f"since version 0.2 it is called {RENAMED[name]!r}"
    near = nearest(name, listed)
    if near:
        return f"did you mean {' or '.join(map(repr, near))}?"
    more = f" and {len(listed) - LISTED} others" if len(listed) > LISTED else ""
    return f"expected one of {', '.join(listed[:LISTED])}{more}"


def nearest(name: str, options: Iterable[str]) -> list[str]:
    """Return up to three options spelled nearly like a name, only those that differ in case or hyphens if there are."""
    alike: dict[str, list[str]] = {}
    for option in options:
        alike.setdefault(plain(option), []).append(option)
    spelled = get_close_matches(plain(name), alike, n=3, cutoff=0.6)
    return [option for each in (spelled[:1] if plain(name) in alike else spelled) for option in alike[each]][:3]


def plain(name: str) -> str:
    """Return a name in lower case, with underscores."""
    return name.casefold().replace("-", "_").replace(" ", "_")
