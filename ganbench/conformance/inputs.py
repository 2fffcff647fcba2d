"""The inputs of a claim: arrays made from the recipes in its file, and what an invariance changes in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import norm

from ganbench._util.names import find
from ganbench.dataset import Modes
from ganbench.errors import BadInput

Array = NDArray[Any]
Recipe = Mapping[str, Any]
Inputs = Mapping[str, Any]
FEATURES = {"real", "fake", "train", "fake_points"}


def make(recipe: Any, repetition: int = 0) -> Any:
    """Return what ``recipe`` describes: literal rows, or a table whose ``make`` names a recipe.

    ``repetition`` moves every seed, so that a statistical claim sees fresh draws. Raises BadInput or UnknownName.
    """
    if not isinstance(recipe, Mapping):
        return np.array(recipe, dtype=float)
    if "make" not in recipe:
        raise BadInput(f"recipe: expected rows or a table with 'make', got keys {', '.join(recipe)}")
    made = find("recipe", recipe["make"], RECIPES)(recipe, recipe.get("seed", 0) + 1000 * repetition)
    return finish(made, recipe) if isinstance(made, np.ndarray) else made


def finish(made: Array, recipe: Recipe) -> Array:
    """Scale, shift, set the last column to a constant, repeat rows, put in a bad value and cast, in this order."""
    made = made * recipe.get("scale", 1.0) + recipe.get("shift", 0.0) if made.dtype.kind == "f" else made
    if "constant" in recipe:
        made[:, -1] = recipe["constant"]
    made = np.repeat(made, recipe.get("each", 1), axis=0)
    if "spoil" in recipe:
        made.flat[-1] = {"nan": np.nan, "inf": np.inf}[recipe["spoil"]]
    return made.astype(recipe["dtype"]) if "dtype" in recipe else made


def rows(recipe: Recipe, _seed: int) -> Array:
    """Literal rows, each as often as ``times`` says."""
    return np.repeat(np.array(recipe["rows"], dtype=float), recipe.get("times", 1), axis=0)


def normal(recipe: Recipe, seed: int) -> Array:
    """Independent normal rows (n, d), rounded to 1/1024 so that float32 holds them exactly."""
    draws = np.random.default_rng(seed).normal(size=(recipe["n"], recipe["d"]))
    if "mixed" in recipe:  # features that depend on one another, in the same way for every seed
        noise = np.random.default_rng(recipe["mixed"]).normal(size=(recipe["d"], recipe["d"]))
        draws = draws @ (np.eye(recipe["d"]) + 0.3 * noise)
    return np.asarray(np.round((np.array(recipe.get("mean", 0.0)) + recipe.get("sd", 1.0) * draws) * 1024) / 1024)


def integers(recipe: Recipe, seed: int) -> Array:
    """Whole numbers below ``below`` as floats, (n, d): many distances are equal."""
    return np.random.default_rng(seed).integers(recipe["below"], size=(recipe["n"], recipe["d"])).astype(float)


def moments(recipe: Recipe, seed: int) -> Array:
    """Rows (n, d) whose sample mean and covariance (ddof 1) are exactly the ones asked for."""
    mean = np.broadcast_to(np.array(recipe["mean"], dtype=float), recipe.get("d", np.size(recipe["mean"])))
    covariance = np.array(recipe["covariance"], dtype=float)
    covariance = covariance * np.eye(len(mean)) if covariance.ndim == 0 else covariance
    draws = np.random.default_rng(seed).normal(size=(recipe["n"], len(mean)))
    white = np.linalg.qr(draws - draws.mean(0))[0] * np.sqrt(recipe["n"] - 1)
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(mean + white @ (vectors * np.sqrt(np.clip(values, 0, None))).T)


def quantiles(recipe: Recipe, _seed: int) -> Array:
    """Midpoint quantiles of a normal distribution in one dimension, (n, 1)."""
    levels = (np.arange(recipe["n"]) + 0.5) / recipe["n"]
    return np.asarray(norm.ppf(levels, recipe.get("mean", 0.0), recipe.get("sd", 1.0)))[:, None]


def lattice(recipe: Recipe, _seed: int) -> Array:
    """Evenly spaced points from ``low`` to ``high`` in one dimension, (n, 1)."""
    return np.linspace(recipe["low"], recipe["high"], recipe["n"])[:, None]


def confusion(recipe: Recipe, _seed: int) -> Array:
    """Posteriors of a classifier that is as sure of each class: ``accuracy`` there, the rest shared evenly."""
    k, a = recipe["classes"], recipe["accuracy"]
    return np.repeat(np.full((k, k), (1 - a) / (k - 1)) + np.eye(k) * (a - (1 - a) / (k - 1)), recipe["times"], axis=0)


def posteriors(recipe: Recipe, seed: int) -> Array:
    """Dirichlet rows rounded to multiples of 1/1024, none of them zero; the last class is the likeliest."""
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.linspace(1, recipe.get("tilt", 1.0), recipe["classes"]) / 2, size=recipe["n"])
    return (rng.multinomial(1024 - recipe["classes"], weights) + 1) / 1024


def one_hot(recipe: Recipe, _seed: int) -> Array:
    """Certain posteriors: ``counts`` of each class, in order."""
    return np.repeat(np.eye(len(recipe["counts"])), recipe["counts"], axis=0)


def labels(recipe: Recipe, _seed: int) -> Array:
    """Whole numbers below ``classes``, in turn."""
    return np.arange(recipe["n"]) % recipe["classes"]


def blocks(recipe: Recipe, _seed: int) -> Array:
    """Labels in blocks: ``counts`` of each class, in order."""
    return np.repeat(np.arange(len(recipe["counts"])), recipe["counts"])


def images(recipe: Recipe, seed: int) -> Array:
    """Noise on a ramp, (n, 2, 16, 16) between -1 and 1."""
    noise = np.random.default_rng(seed).normal(size=(recipe["n"], 2, 16, 16))
    return np.round(np.clip(np.linspace(-0.5, 0.5, 16) + recipe.get("sd", 0.2) * noise, -1, 1) * 256) / 256


def flat_images(recipe: Recipe, _seed: int) -> Array:
    """Images of one value each, (n, 2, 16, 16) or of another ``side``."""
    side = recipe.get("side", 16)
    return np.array(recipe["values"], dtype=float)[:, None, None, None] * np.ones((1, 2, side, side))


def ring(recipe: Recipe, seed: int) -> Array:
    """Samples about the given centres, evenly many of each."""
    centres = np.array(recipe["centres"], dtype=float)
    noise = np.random.default_rng(seed).normal(size=(recipe["n"], centres.shape[1]))
    return np.asarray(centres[np.arange(recipe["n"]) % len(centres)] + recipe["sd"] * noise)


def modes(recipe: Recipe, _seed: int) -> Modes:
    """Return the known centres and standard deviation of a mixture."""
    return Modes(torch.tensor(recipe["centres"], dtype=torch.float64), recipe["sd"])


RECIPES: dict[str, Callable[[Recipe, int], Any]] = {
    maker.__name__: maker
    for maker in (
        rows,
        normal,
        integers,
        moments,
        quantiles,
        lattice,
        confusion,
        posteriors,
        one_hot,
        labels,
        blocks,
        images,
        flat_images,
        ring,
        modes,
    )
}


def is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray)


def on_features(inputs: Inputs, change: Callable[[Any], Any]) -> dict[str, Any]:
    """Apply one change to every set of features."""
    return {name: change(value) if name in FEATURES else value for name, value in inputs.items()}


def counterparts(inputs: Inputs) -> list[tuple[str, str]]:
    """Return the pairs of reference and samples: real with fake, real_posteriors with fake_posteriors, ..."""
    return [(name, f"fake{name[4:]}") for name in inputs if name.startswith("real") and f"fake{name[4:]}" in inputs]


def identity(inputs: Inputs) -> dict[str, Any]:
    """Replace the samples by a copy of the reference."""
    return {**inputs, **{fake: inputs[real].copy() for real, fake in counterparts(inputs)}}


def swap(inputs: Inputs) -> dict[str, Any]:
    """Exchange reference and samples."""
    pairs = counterparts(inputs)
    exchanged = {a: inputs[b] for a, b in pairs} | {b: inputs[a] for a, b in pairs}
    return {name: exchanged.get(name, value) for name, value in inputs.items()}


def reverse(inputs: Inputs) -> dict[str, Any]:
    """Put the rows into reverse order."""
    return {name: value[::-1].copy() if is_array(value) else value for name, value in inputs.items()}


def shift(inputs: Inputs) -> dict[str, Any]:
    """Move all features by 1000 and -1000 in turn."""
    return on_features(inputs, lambda x: x + 1000.0 * (-1.0) ** np.arange(x.shape[1]))


def shift_near(inputs: Inputs) -> dict[str, Any]:
    """Move all features by 2 and -2 in turn."""
    return on_features(inputs, lambda x: x + 2.0 * (-1.0) ** np.arange(x.shape[1]))


def rotate(inputs: Inputs) -> dict[str, Any]:
    """Apply one orthogonal matrix to all features."""
    return on_features(inputs, lambda x: x @ rotation(x.shape[1]))


def rotation(dimension: int) -> Any:
    """Return an orthogonal matrix without zeros."""
    return np.linalg.qr(np.random.default_rng(0).normal(size=(dimension, dimension)))[0]


def scale(inputs: Inputs) -> dict[str, Any]:
    """Multiply all features by 1000."""
    return on_features(inputs, lambda x: 1000.0 * x)


def none(inputs: Inputs) -> dict[str, Any]:
    """Change nothing: the same inputs a second time."""
    return dict(inputs)


def float32(inputs: Inputs) -> dict[str, Any]:
    """Cast float64 arrays to float32."""
    single = {n: v.astype(np.float32) for n, v in inputs.items() if is_array(v) and v.dtype.kind == "f"}
    return {name: single.get(name, value) for name, value in inputs.items()}


def spoiled(inputs: Inputs, value: float) -> dict[str, Any]:
    """Put ``value`` into the last element of the samples."""
    name = next(n for n in ("fake", "fake_posteriors", "fake_points", "fake_images") if n in inputs)
    bad = inputs[name].copy()
    bad.flat[-1] = value
    return {**inputs, name: bad}


CHANGES: dict[str, Callable[[Inputs], dict[str, Any]]] = {
    "identity": identity,
    "swap": swap,
    "reverse": reverse,
    "shift": shift,
    "shift_near": shift_near,
    "rotate": rotate,
    "scale": scale,
    "none": none,
    "float32": float32,
    "nan": lambda inputs: spoiled(inputs, float("nan")),
    "inf": lambda inputs: spoiled(inputs, float("inf")),
}
