"""All metrics of the package, and a value for every need of theirs: plain, generic and exact in float16."""

from __future__ import annotations

import math
import pkgutil
from functools import cache
from importlib import import_module

import numpy as np
import pytest
import torch

from ganbench import metrics
from ganbench.dataset import Modes
from ganbench.errors import RequestError
from ganbench.metrics.spec import is_metric

ROWS, IMAGES = 240, 14
CLASSES, DIMENSION = 5, 4
OPTIONS = {
    "kid_subsets": {"size": 100, "subsets": 10},  # the published subsets are larger than these samples
    "laplacian_swd": {"per_image": 16},  # fewer patches and runs say as much here, sooner
    "prd_f8": {"runs": 2},
    "prd_f1_8": {"runs": 2},
}
MAY_BE_INFINITE = {"birthday_support": "no two samples collide"}


def half(x):
    """Round to what float16 holds exactly."""
    return x.astype(np.float16).astype(float)


def sample(rng, n, dimension, mean=0.0, sd=1.0):
    """Normal rows with a covariance that no axis is an eigenvector of."""
    mixing = np.eye(dimension) + 0.3 * np.tri(dimension)
    return half(mean + sd * rng.normal(size=(n, dimension)) @ mixing)


def posteriors(rng, n, concentration):
    """Rows of multiples of 1/1024 that sum to one, and their mode: exact in float16."""
    parts = rng.multinomial(1019, rng.dirichlet(concentration, size=n)) + 1  # no class is impossible
    return parts / 1024, parts.argmax(1)


def pictures(rng, n, sd):
    """Noise on a ramp: images of 16 pixels with two channels."""
    ramp = np.linspace(-0.5, 0.5, 16)
    return half(np.clip(ramp + sd * rng.normal(size=(n, 2, 16, 16)), -1, 1))


def side(rng, prefix, n, dimension, mean, sd, tilt):
    """Everything known of one set of examples."""
    p, labels = posteriors(rng, n, np.linspace(1, tilt, CLASSES) / 2)
    return {
        prefix: half(sample(rng, n, dimension, mean, sd) + np.eye(CLASSES, dimension)[labels]),
        f"{prefix}_posteriors": p,
        f"{prefix}_labels": labels,
        f"{prefix}_images": pictures(rng, min(n, IMAGES), 0.2 * sd),
    }


def metric_inputs(n=ROWS, m=ROWS, dimension=DIMENSION, mean=0.25, sd=1.25, tilt=2.0, seed=0):
    """Return a value for every Need: a reference and samples that differ a little in every respect."""
    rng = np.random.default_rng(seed)
    centres = torch.from_numpy(half(4 * rng.normal(size=(6, 2))))
    return {
        **side(rng, "real", n, dimension, 0.0, 1.0, 1.0),
        **side(rng, "fake", m, dimension, mean, sd, tilt),
        "train": sample(rng, n, dimension),
        "fake_points": half(centres.numpy()[rng.integers(6, size=m)] + 0.2 * sd * rng.normal(size=(m, 2))),
        "modes": Modes(centres, 0.2),
    }


def every_metric():
    """Return all metrics that the package's modules define, by name."""
    modules = [import_module(f"ganbench.metrics.{module.name}") for module in pkgutil.iter_modules(metrics.__path__)]
    return {each.spec.name: each for module in modules for each in vars(module).values() if is_metric(each)}


METRICS = every_metric()
each_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS.keys())


def value(metric, known):
    return metric(*(known[need] for need in metric.spec.needs), **OPTIONS.get(metric.spec.name, {}))


def value_or_refusal(metric, known):
    try:
        return value(metric, known)
    except RequestError as error:
        return str(error)


def within(metric, number):
    low, high = metric.spec.bounds
    return (math.isfinite(number) or metric.spec.name in MAY_BE_INFINITE) and low - 1e-9 <= number <= high + 1e-9


BASE = metric_inputs()


@cache
def base_value(metric):
    """Return the metric's value on the plain inputs."""
    return value(metric, BASE)
