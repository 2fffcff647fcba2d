"""Tied data, such as pixels and points of a grid: no order of rows, rotation or shift picks among equals."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganbench.dataset import Modes
from ganbench.metrics import kernels
from ganbench.metrics.feature_vectors import Features
from tests.metrics.inputs import BASE, METRICS, metric_inputs, value

ROWS, DIMENSION = 160, 4
SHUFFLES = 3


def coarse(rng, n):
    """Rows of a coarse grid: many are equal, and most have several nearest others."""
    return rng.integers(1, 4, (n, DIMENSION)).astype(float)


def fine(rng, n):
    """Different rows of a finer grid: none are equal, and most have several nearest others."""
    every = np.stack(np.meshgrid(*[np.arange(1.0, 6.0)] * DIMENSION), -1).reshape(-1, DIMENSION)
    return every[rng.permutation(len(every))[:n]]


def coarse_posteriors(rng, n):
    """Class probabilities in quarters, whose most probable class is often one of two."""
    return rng.multinomial(4, np.full(5, 0.2), n) / 4


def tied_inputs(lattice, seed=0, n=ROWS, m=ROWS - 20):
    """A value for every need, full of ties; some samples copy the reference or the training rows."""
    rng = np.random.default_rng(seed)
    centres = torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 4.0]], dtype=torch.float64)
    real, train = lattice(rng, n), lattice(rng, n)
    fake = np.concatenate([lattice(rng, m - 40), real[:20], train[:20]])
    return {
        "real": real,
        "fake": fake,
        "train": train,
        "real_posteriors": coarse_posteriors(rng, n),
        "fake_posteriors": coarse_posteriors(rng, m),
        "real_labels": rng.integers(0, 4, n),
        "fake_labels": rng.integers(0, 4, m),
        "real_images": BASE["real_images"],
        "fake_images": BASE["fake_images"],
        "fake_points": rng.integers(0, 5, (m, 2)).astype(float),
        "modes": Modes(centres, 0.5),
    }


SETS = {"equal rows": tied_inputs(coarse), "different rows": tied_inputs(fine)}
SAMPLES = ("real", "fake", "train")
BY_ROUNDING = {
    "ndb": "k-means itself picks among equally near centres by rounding",
    "ndb_jsd": "k-means itself picks among equally near centres by rounding",
}


def shuffled(known, seed):
    """Return the inputs with the rows of each set of examples in another order."""
    rng, mixed = np.random.default_rng(seed), dict(known)
    for prefix in SAMPLES:
        own = [name for name in known if name.split("_")[0] == prefix]
        orders = {n: rng.permutation(n) for n in {len(known[name]) for name in own}}
        mixed |= {name: known[name][orders[len(known[name])]] for name in own}
    return mixed


def changed(known, change):
    """Return the inputs with the features of all sets changed alike."""
    return known | {name: change(known[name]) for name in SAMPLES}


CHANGES = {
    "rotation": lambda x: x @ np.linalg.qr(np.random.default_rng(1).normal(size=(DIMENSION, DIMENSION)))[0],
    "translation": lambda x: x + np.array([0.1, -0.7, 1 / 3, 0.9]),
    "scale": lambda x: x / 3,
}
each_set = pytest.mark.parametrize("known", SETS.values(), ids=SETS)


@pytest.mark.parametrize(
    "known", [*SETS.values(), metric_inputs(100, 90, 64)], ids=[*SETS, "many dimensions, without ties"]
)
@pytest.mark.parametrize("metric", [each for each in METRICS.values() if "permutation" in each.spec.invariances])
def test_the_order_of_rows_changes_nothing(metric, known):
    values = [value(metric, shuffled(known, seed)) for seed in range(SHUFFLES)]
    assert values == pytest.approx([value(metric, known)] * SHUFFLES, rel=1e-9, abs=1e-9)


@each_set
@pytest.mark.parametrize(
    ("metric", "change"),
    [
        pytest.param(metric, change, id=f"{name}-{change}")
        for name, metric in METRICS.items()
        for change in CHANGES
        if change in metric.spec.invariances and name not in BY_ROUNDING
    ],
)
def test_what_changes_distances_by_rounding_alone_breaks_no_tie(metric, change, known):
    after = value(metric, changed(known, CHANGES[change]))
    assert after == pytest.approx(value(metric, known), rel=1e-9, abs=1e-9)


@each_set
@pytest.mark.parametrize("metric", [each for each in METRICS.values() if "symmetric" in each.spec.invariances])
def test_ties_take_no_side(metric, known):
    other = {"real": "fake", "fake": "real"}
    sides = {name: name.replace(half, other[half]) for name in known for half in other if name.split("_")[0] == half}
    exchanged = known | {new: known[old] for old, new in sides.items() if new in known}
    assert value(metric, exchanged) == pytest.approx(value(metric, known), rel=1e-9, abs=1e-9)


def test_the_rows_that_give_the_median_distance_of_a_large_sample_are_chosen_by_no_order(monkeypatch):
    monkeypatch.setattr(kernels, "FEW", 40)
    rng = np.random.default_rng(2)
    rows = rng.integers(0, 2, (300, 12)).astype(float) * rng.integers(1, 4, 12) / 3
    values = {kernels.median_distance(Features(rows[rng.permutation(300)], "real")) for _ in range(SHUFFLES)}
    assert len(values) == 1
