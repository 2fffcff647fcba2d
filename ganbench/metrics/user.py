"""Metrics by name: those of the catalogue, and anybody's own in a Python file by its path."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import wraps
from hashlib import sha256
from inspect import Parameter, getmembers, signature
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

from ganbench.errors import BadInput, RequestError
from ganbench.find import check_names, find
from ganbench.metrics import METRICS
from ganbench.metrics.base import Better, Law, Metric, Need
from ganbench.user_files import content_of, imported, in_one_line, is_path, split


def find_metric(name: str) -> Metric[Any]:
    """Return the metric of that name, or the one in the file at that path: ``FILE.py``, or ``FILE.py:NAME``.

    A file is run. Its metric is called by the file's name without folders, and carries the file's digest among its
    options. Raises UnknownName with the nearest names, Missing where there is no such file, BadInput for a file that
    does not import, does not hold exactly one metric, or holds one with impossible facts.
    """
    if not is_path(name):
        return find("metric", name, METRICS)
    base, member = split(name)
    path = Path(base)
    digest = sha256(content_of(path, "metric")).hexdigest()
    found = only_metric(imported(path, "metric"), path.name, member)
    title = f"{path.name}:{member}" if member else path.name
    check_facts(found, title)
    return replace(found, function=guarded(found.function, title), label=title, file_sha256=digest)


def find_metrics(names: Iterable[str]) -> list[Metric[Any]]:
    """Return metrics by name; raises as ``find_metric``, and BadInput where two files share a name in tables."""
    found = [find_metric(name) for name in dict.fromkeys(names)]
    titles = [each.name for each in found]
    for title in titles:
        if titles.count(title) > 1:
            raise BadInput(f"two metrics would be called {title} in tables; rename one of the files")
    return found


def only_metric(module: ModuleType, name: str, member: str) -> Metric[Any]:
    """Return the public metric that a module defines, the one called ``member`` where that is asked for."""
    found = {
        label: item
        for label, item in getmembers(module)
        if isinstance(item, Metric) and item.function.__module__ == module.__name__ and not label.startswith("_")
    }
    if member and found:
        return find(f"metric of {name}", member, found)
    if len(found) != 1:
        advice = f"; choose one, as in {name}:{next(iter(found))}" if found else ""
        held = " and ".join(found) or "none"
        raise BadInput(f"{name}: expected exactly one public metric (see ganbench.metrics.base), found {held}{advice}")
    return next(iter(found.values()))


def check_facts(metric: Metric[Any], title: str) -> None:
    """Raise RequestError for facts that no metric can have: an unknown need, a direction, a wrong number of needs."""
    check_names(f"need of {title}", metric.needs, get_args(Need))
    check_names(f"law of {title}", metric.laws, get_args(Law))
    check_names(f"direction of {title}", [metric.better], get_args(Better))
    arguments = [each for each in signature(metric.function).parameters.values() if each.default is Parameter.empty]
    if len(arguments) != len(metric.needs):
        taken = ", ".join(each.name for each in arguments) or "none"
        raise BadInput(f"{title}: expected one argument for each of its needs ({', '.join(metric.needs)}), got {taken}")


def guarded(function: Callable[..., Any], title: str) -> Callable[..., float]:
    """Return the function with whatever else it raises, or returns that is no number, as BadInput in one line."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> float:  # a wrapper must pass on what it is given
        try:
            return float(function(*args, **kwargs))
        except RequestError:
            raise
        except Exception as error:  # whatever a user's file may raise
            raise BadInput(f"{title}: {in_one_line(error)}") from error

    return call
