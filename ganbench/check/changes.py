"""What a law does to a metric's inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Inputs = Mapping[str, Any]
CLOUDS = {"real", "fake", "train", "fake_points"}


def is_samples(value: Any) -> bool:
    return isinstance(value, np.ndarray)


def on_clouds(inputs: Inputs, change: Callable[[Any], Any]) -> dict[str, Any]:
    """Change every cloud of points alike."""
    return {name: change(value) if name in CLOUDS else value for name, value in inputs.items()}


def twins(inputs: Inputs) -> list[tuple[str, str]]:
    """Return the pairs of reference and samples: real with fake, real_posteriors with fake_posteriors, ..."""
    return [(name, f"fake{name[4:]}") for name in inputs if name.startswith("real") and f"fake{name[4:]}" in inputs]


def identity(inputs: Inputs) -> dict[str, Any]:
    return {**inputs, **{fake: inputs[real].copy() for real, fake in twins(inputs)}}


def swap(inputs: Inputs) -> dict[str, Any]:
    pairs = twins(inputs)
    exchanged = {a: inputs[b] for a, b in pairs} | {b: inputs[a] for a, b in pairs}
    return {name: exchanged.get(name, value) for name, value in inputs.items()}


def reverse(inputs: Inputs) -> dict[str, Any]:
    return {name: value[::-1].copy() if is_samples(value) else value for name, value in inputs.items()}


def shift(inputs: Inputs) -> dict[str, Any]:
    return on_clouds(inputs, lambda x: x + 1000.0 * (-1.0) ** np.arange(x.shape[1]))


def rotate(inputs: Inputs) -> dict[str, Any]:
    return on_clouds(inputs, lambda x: x @ rotation(x.shape[1]))


def rotation(dimension: int) -> Any:
    """Return an orthogonal matrix without zeros."""
    return np.linalg.qr(np.random.default_rng(0).normal(size=(dimension, dimension)))[0]


def scale(inputs: Inputs) -> dict[str, Any]:
    return on_clouds(inputs, lambda x: 1000.0 * x)


def none(inputs: Inputs) -> dict[str, Any]:
    return dict(inputs)


def float32(inputs: Inputs) -> dict[str, Any]:
    single = {n: v.astype(np.float32) for n, v in inputs.items() if is_samples(v) and v.dtype.kind == "f"}
    return {name: single.get(name, value) for name, value in inputs.items()}


def spoiled(inputs: Inputs, value: float) -> dict[str, Any]:
    """Put ``value`` into the last place of the samples."""
    name = next(n for n in ("fake", "fake_posteriors", "fake_points", "fake_images") if n in inputs)
    bad = inputs[name].copy()
    bad.flat[-1] = value
    return {**inputs, name: bad}


CHANGES: dict[str, Callable[[Inputs], dict[str, Any]]] = {
    "identity": identity,
    "swap": swap,
    "reverse": reverse,
    "shift": shift,
    "rotate": rotate,
    "scale": scale,
    "none": none,
    "float32": float32,
    "nan": lambda inputs: spoiled(inputs, float("nan")),
    "inf": lambda inputs: spoiled(inputs, float("inf")),
}
