"""What a user sees of a metric: a plain function with a documented signature and an example that runs."""

from __future__ import annotations

import doctest
import pickle
import pkgutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from inspect import Parameter, getdoc, isfunction, signature
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest

from ganbench import metrics
from ganbench.metrics import METRICS, fid
from ganbench.metrics.spec import sections

each_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)


def test_every_metric_is_exported_so_that_type_checkers_let_users_import_it() -> None:
    assert set(METRICS) <= set(metrics.__all__)
    assert all(hasattr(metrics, name) for name in metrics.__all__)


MODULES = [module.name for module in pkgutil.walk_packages(metrics.__path__, "ganbench.metrics.")]


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_a_module_give_what_they_say(module: str) -> None:
    assert doctest.testmod(import_module(module)).failed == 0


@each_metric
def test_a_metric_is_a_module_s_own_function_that_pickles(metric: Callable[..., float]) -> None:
    assert isfunction(metric)
    assert getattr(import_module(metric.__module__), metric.__name__) is metric
    assert pickle.loads(pickle.dumps(metric)) is metric  # noqa: S301 - our own bytes


@each_metric
def test_a_docstring_describes_every_argument_and_the_result(metric: Any) -> None:
    parts = sections(getdoc(metric) or "")
    assert list(parts) == ["", "Parameters", "Returns", "Raises", "Notes", "References", "Examples"]
    names = [line.split(" : ")[0] for line in parts["Parameters"].splitlines() if " : " in line and line[0] != " "]
    assert [name for line in names for name in line.split(", ")] == list(signature(metric).parameters)
    direction = {"lower": "lower is better", "higher": "higher is better", "target": "best near"}[metric.spec.better]
    assert direction in parts["Returns"]
    assert f">>> from ganbench.metrics import {metric.__name__}" in parts["Examples"]


@each_metric
def test_data_may_be_given_by_place_and_options_by_name_alone(metric: Any) -> None:
    for parameter in signature(metric).parameters.values():
        is_data = parameter.default is Parameter.empty
        assert parameter.kind == (Parameter.POSITIONAL_OR_KEYWORD if is_data else Parameter.KEYWORD_ONLY), parameter


@each_metric
def test_a_docstring_gives_the_range_and_the_defaults_that_the_code_has(metric: Any) -> None:
    parts = sections(getdoc(metric) or "")
    low, high = (f"{bound:.4g}".replace("0.6931", "ln 2") for bound in metric.spec.bounds)
    spans = {(low, "inf"): f"at least {low}", ("-inf", high): f"at most {high}", ("-inf", "inf"): "any number"}
    assert parts["Returns"].splitlines()[0] == f"float, {spans.get((low, high), f'{low} to {high}')}"
    for name, default in metric.spec.options.items():
        assert f"{name} : " in parts["Parameters"]
        assert f"default {default!r}" in parts["Parameters"]


def test_a_process_pool_computes_a_metric() -> None:
    real, fake = np.random.default_rng(0).normal(size=(2, 30, 3))
    with ProcessPoolExecutor(1, get_context("forkserver")) as pool:
        assert pool.submit(fid, real, fake).result() == fid(real, fake)
