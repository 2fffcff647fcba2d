"""Implementations as they really are: located by name, called in their own order, their answers made numbers."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import isclass, signature
from pathlib import Path
from typing import Any

import numpy as np

from ganbench._util.names import find, suggestion
from ganbench._util.user_code import imported
from ganbench.errors import BadInput, Missing, UnknownName
from ganbench.metrics import METRICS


class NotApplicable(Exception):
    """A claim that this implementation cannot be checked against, and why."""


class NoNumber(Exception):
    """An answer that is no finite number."""


@dataclass(frozen=True)
class Implementation:
    """A callable on arrays, the order of its arguments, and which part of its answer counts.

    ``order`` names inputs and, where wanted, options; empty: the metric's needs in their order, options as keywords.
    An entry ``nearest_k=k`` gives what is called ``k`` here to the callable's keyword ``nearest_k``.
    """

    function: Callable[..., Any]
    order: tuple[str, ...] = ()
    returns: str = ""

    def __call__(self, inputs: Mapping[str, Any], options: Mapping[str, Any]) -> float:
        """Call it; raises NotApplicable, NoNumber, BadInput for a wrong ``returns``, and what the callable raises."""
        known = {**inputs, **options}
        entries = [tuple(entry.split("=", 1)) for entry in self.order or tuple(inputs)]
        order = [entry[-1].strip() for entry in entries]
        if missing := [name for name in order if name not in known]:
            raise NotApplicable(f"it takes {missing[0]!r}, which the claim does not state")
        keywords = {name: value for name, value in options.items() if name not in order}
        keywords |= {entry[0].strip(): known[entry[1].strip()] for entry in entries if len(entry) == 2}
        positional = [known[entry[0]] for entry in entries if len(entry) == 1]
        self._check_signature(len(positional), keywords)
        return number(part(self.function(*positional, **keywords), self.returns))

    def _check_signature(self, arguments: int, keywords: Mapping[str, Any]) -> None:
        try:
            parameters = signature(self.function)
        except (TypeError, ValueError):  # built in: it will say so itself
            return
        try:
            parameters.bind(*[None] * arguments, **keywords)
        except TypeError as error:
            options = f"the claim sets {', '.join(keywords)}; " if keywords else ""
            raise NotApplicable(f"{options}{error}: name its arguments with --order or write an adapter") from error


def part(answer: Any, returns: str) -> Any:
    """Return the part of a tuple, dict or object that ``returns`` names; raises BadInput where there is none."""
    if not returns:
        return answer
    if isinstance(answer, Mapping):
        return find("part of the answer", returns, answer)
    if hasattr(answer, returns):
        return getattr(answer, returns)
    index = returns.removeprefix("-")
    if index.isdecimal() and isinstance(answer, Sequence) and int(index) < len(answer) + returns.startswith("-"):
        return answer[int(returns)]
    raise BadInput(f"--returns: expected a key, an attribute or an index of {type(answer).__name__}, got {returns!r}")


def number(answer: Any) -> float:
    """Return a finite float; raises NoNumber that says what came instead."""
    if isinstance(answer, str | bytes) or answer is None:
        raise NoNumber(f"expected a number, got {answer!r:.60}")
    if hasattr(answer, "detach"):
        answer = answer.detach().cpu()
    array = np.asarray(answer)
    if array.dtype.kind not in "fiub":
        raise NoNumber(f"expected a number, got {type(answer).__name__}: pick a part of it with --returns")
    if array.size != 1:
        raise NoNumber(f"expected one number, got an array of shape {array.shape}: pick one with --returns")
    if not np.isfinite(array).all():
        raise NoNumber(f"expected a finite number, got {array.reshape(-1)[0]}")
    return float(array.reshape(-1)[0])


def locate(where: str) -> Any:
    """Return the object at ``package.module:name`` or ``file.py:name``.

    Raises BadInput for another form, Missing where the import fails (whose, why), UnknownName for a wrong name.
    """
    source, colon, name = where.rpartition(":")
    if not colon or not source or not name:
        raise BadInput(f"--implementation: expected package.module:function or file.py:function, got {where!r}")
    thing: Any = load(source)
    for piece in name.split("."):
        if not hasattr(thing, piece):
            public = [key for key in dir(thing) if not key.startswith("_")]
            raise UnknownName(f"{source} has no {name!r}; {suggestion(piece, public[:40])}")
        thing = getattr(thing, piece)
    return thing


def load(source: str) -> Any:
    """Import a module by name or from a file; raises Missing or BadInput with the reason in a line."""
    if source.endswith(".py"):
        return imported(Path(source), "implementation")
    try:
        return importlib.import_module(source)
    except (Exception, SystemExit) as error:  # whatever a user's module does when imported
        raise Missing(f"{source}: its import fails: {type(error).__name__}: {one_line(error)}") from error


def one_line(error: BaseException) -> str:
    """Return the error's first line, cut to a readable length."""
    return (str(error).strip().splitlines() or [""])[0][:160]


def implementation(where: str, order: Sequence[str], returns: str, adapter: str) -> Implementation:
    """Return the implementation that a user names; raises RequestErrors that say what cannot be used."""
    thing = locate(where)
    if adapter:
        adapt = getattr(load(adapter), "adapt", None)
        if not callable(adapt):
            raise BadInput(f"{adapter}: expected a function adapt(thing) that returns a callable on arrays")
        thing = adapt(thing)
    if isclass(thing) and hasattr(thing, "update") and hasattr(thing, "compute"):
        raise BadInput(f"{where}: a class with update and compute needs --adapter FILE.py with adapt(cls) -> function")
    if not callable(thing):
        raise BadInput(f"{where}: expected a callable, got {type(thing).__name__}")
    return Implementation(thing, tuple(order), returns)


def ours(metric: str) -> Implementation:
    """Return this package's own implementation."""
    return Implementation(METRICS[metric])
