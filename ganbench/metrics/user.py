"""Metrics by name: those of the catalogue, and anybody's own in a Python file by its path."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import wraps
from hashlib import sha256
from inspect import Parameter, getmembers, signature
from pathlib import Path
from types import ModuleType
from typing import Any, cast, get_args

import numpy as np
import torch

from ganbench._util.names import check_names, find
from ganbench._util.user_code import content_of, imported, in_one_line, is_path, raising_line, split
from ganbench.errors import BadInput, RequestError, UserCodeError
from ganbench.metrics import METRICS
from ganbench.metrics.feature_vectors import Features
from ganbench.metrics.spec import Better, Invariance, Metric, Need, is_metric


def find_metric(name: str) -> Metric[Any]:
    """Return the metric of that name, or the one in the file at that path: ``FILE.py``, or ``FILE.py:NAME``.

    A file is run. Its metric is called by the file's name without folders, carries the file's digest among its options
    and is given plain tensors. Raises UnknownName with the nearest names, Missing where there is no such file, BadInput
    for a file that does not import, does not hold exactly one metric, or holds one with impossible facts.
    """
    if not is_path(name):
        return find("metric", name, METRICS)
    base, member = split(name)
    path = Path(base)
    digest = sha256(content_of(path, "metric")).hexdigest()
    own = only_metric(imported(path, "metric"), path.name, member)
    title = f"{path.name}:{member}" if member else path.name
    check_facts(own, title)
    described = cast("Metric[Any]", guarded(own, title, path))
    options = {**own.spec.options, "file_sha256": digest}
    described.spec = replace(own.spec, name=title, options=options, file_sha256=digest)
    return described


def find_metrics(names: Iterable[str]) -> list[Metric[Any]]:
    """Return metrics by name; raises as ``find_metric``, and BadInput where two files share a name in tables."""
    metrics = [find_metric(name) for name in dict.fromkeys(names)]
    titles = [each.spec.name for each in metrics]
    for title in titles:
        if titles.count(title) > 1:
            raise BadInput(f"two metrics would be called {title} in tables; rename one of the files")
    return metrics


def only_metric(module: ModuleType, name: str, member: str) -> Metric[Any]:
    """Return the public metric that a module defines, the one called ``member`` where that is asked for."""
    own = {
        label: item
        for label, item in getmembers(module)
        if is_metric(item) and item.__module__ == module.__name__ and not label.startswith("_")
    }
    if member and own:
        return find(f"metric of {name}", member, own)
    if len(own) != 1:
        advice = f"; choose one, as in {name}:{next(iter(own))}" if own else ""
        raise BadInput(
            f'{name}: expected one public function under @metric(better="lower"), with `from ganbench.metrics import '
            f"metric`; got {' and '.join(own) or 'none'}{advice}"
        )
    return next(iter(own.values()))


def check_facts(metric: Metric[Any], title: str) -> None:
    """Raise RequestError for facts that no metric can have: an unknown need, a direction, a wrong number of needs."""
    spec = metric.spec
    check_names(f"need of {title}", spec.needs, get_args(Need))
    check_names(f"invariance of {title}", spec.invariances, get_args(Invariance))
    check_names(f"direction of {title}", [spec.better], get_args(Better))
    arguments = [each for each in signature(metric).parameters.values() if each.default is Parameter.empty]
    if len(arguments) != len(spec.needs):
        taken = ", ".join(each.name for each in arguments) or "none"
        raise BadInput(f"{title}: expected one argument for each of its needs ({', '.join(spec.needs)}), got {taken}")


def guarded(function: Callable[..., Any], title: str, path: Path) -> Callable[..., float]:
    """Return the function with plain tensors for arguments, and with its errors told with their line.

    A RequestError passes: with it a metric says that it is undefined for its input. Anything else that the function
    raises, or returns that is no number, is a UserCodeError.
    """

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> float:  # a wrapper must pass on what it is given
        try:
            value = function(*map(plain, args), **kwargs)
        except RequestError:
            raise
        except Exception as error:  # whatever a user's file may raise
            line, text = raising_line(error, path.resolve())
            where = f"{title}, line {line}" if line else title
            raise UserCodeError(f"{where}: {in_one_line(error)}{hint(error, text)}") from error
        return number(value, title)

    return call


def hint(error: Exception, line: str) -> str:
    """Return what a line of 0.1, where metrics were given Features, should be told."""
    old = re.search(r"\.(values|mean|covariance|moments|radii|nearest|derived)\b", line)
    new = "; metrics are given tensors (n, d): write real.mean(0), torch.cov(real.T), real itself for its values"
    return new if old and isinstance(error, AttributeError | TypeError) else ""


def plain(argument: Any) -> Any:
    """Return features and arrays as tensors of their own, for a metric may write into them; anything else as it is."""
    if isinstance(argument, Features):
        argument = argument.values
    if isinstance(argument, torch.Tensor):
        return argument.clone()
    return torch.from_numpy(argument.copy()) if isinstance(argument, np.ndarray) else argument


def number(value: Any, title: str) -> float:
    """Return what a user's metric returned as a float; raises UserCodeError where it is no number."""
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError) as error:
        shape = f" of shape {tuple(value.shape)}" if hasattr(value, "shape") else ""
        raise UserCodeError(f"{title}: expected a number, got {type(value).__name__}{shape}: {value!r:.40}") from error
