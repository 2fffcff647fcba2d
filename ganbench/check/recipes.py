"""From the recipe of an input, as a claim's file writes it, to the array itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import norm

from ganbench.dataset import Modes
from ganbench.errors import BadInput
from ganbench.find import find

Array = NDArray[Any]
Recipe = Mapping[str, Any]


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
    """Scale, shift, hold a column constant, repeat rows, spoil and cast, in this order."""
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
    if "mixed" in recipe:  # features that depend on one another, in the same way for both sides
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
    """Midpoint quantiles of a normal law in one dimension, (n, 1)."""
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
        images,
        flat_images,
        ring,
        modes,
    )
}
