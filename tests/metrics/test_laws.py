"""What every metric declares about itself, tried on every metric of the package."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganbench import metrics
from tests.metrics.evidence import (
    BASE,
    CLASSES,
    DIMENSION,
    IMAGES,
    METRICS,
    ROWS,
    base_value,
    cloud,
    each_metric,
    evidence,
    pictures,
    value,
    value_or_refusal,
    within,
)

CLOUDS = ("real", "fake", "train")
# A law that holds must be declared, unless it holds by the nature of these data. Seeded metrics are not asked.
BY_LUCK = {
    ("gan_train", "rotation"): "standardising does not rotate, but the accuracy of so few rows seldom changes",
    ("gan_test", "rotation"): "standardising does not rotate, but the accuracy of so few rows seldom changes",
}
BLIND_TO_DISTANCE = {
    "authenticity": "samples far from the training set are no copies of it",
    "copies": "samples far from the training set are no copies of it",
    "within_class_is": "posteriors that never change are as even as they are right",
    "rarity": "far samples lie in no ball and are left out",
}


@each_metric
def test_a_value_is_a_finite_python_float_within_its_bounds(metric):
    number = base_value(metric)
    assert type(number) is float
    assert within(metric, number)


@each_metric
def test_a_value_repeats_and_leaves_inputs_and_global_randomness_alone(metric):
    known = evidence()
    states = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    assert value(metric, known) == base_value(metric)
    assert torch.equal(torch.random.get_rng_state(), states[0])
    assert (np.random.get_state()[1] == states[1]).all()  # noqa: NPY002
    assert all((known[need] == BASE[need]).all() for need in metric.needs if need != "modes")


def transformed(law, known):
    """Return the evidence changed in the way that ``law`` says does not matter."""
    rng = np.random.default_rng(7)
    if law == "symmetric":
        other = {"real": "fake", "fake": "real"}
        swapped = {other.get(need.split("_")[0], "") + need[4:]: need for need in known if need[:4] in other}
        return known | {new: known[old] for new, old in swapped.items() if new != "real_points"}
    if law == "permutation":
        orders = {size: rng.permutation(size) for size in {len(v) for k, v in known.items() if k != "modes"}}
        return {k: v if k == "modes" else v[orders[len(v)]] for k, v in known.items()}
    change = {
        "rotation": lambda x: x @ np.linalg.qr(np.random.default_rng(8).normal(size=(DIMENSION, DIMENSION)))[0],
        "translation": lambda x: x + np.array([10.0, -3.0, 0.5, 7.0]),
        "scale": lambda x: 3.7 * x,
    }[law]
    return known | {name: change(known[name]) for name in CLOUDS}


def applies(law, metric):
    """Whether a law says anything about a metric's evidence."""
    if law == "symmetric":
        return {n[5:] for n in metric.needs if n[:4] == "real"} == {n[5:] for n in metric.needs if n[:4] == "fake"}
    return law == "permutation" or "real" in metric.needs or "fake" in metric.needs


@pytest.mark.parametrize("law", ["symmetric", "rotation", "translation", "scale", "permutation"])
@each_metric
def test_a_law_is_declared_if_and_only_if_it_holds(metric, law):
    if not applies(law, metric):
        assert law not in metric.laws
        return
    before, after = base_value(metric), value(metric, transformed(law, BASE))
    if law in metric.laws:
        assert after == pytest.approx(before, rel=1e-7, abs=1e-9)
    elif (metric.name, law) not in BY_LUCK and "seed" not in metric.options:
        assert after != pytest.approx(before, rel=1e-7, abs=1e-9)


def copied(known):
    """Return the evidence where the samples are the reference itself."""
    return known | {need.replace("real", "fake"): known[need] for need in known if need.startswith("real")}


@each_metric
def test_the_ideal_is_declared_to_be_reached_by_the_reference_itself_if_and_only_if_it_is(metric):
    if "identity" in metric.laws:
        assert metric.ideal is not None
        assert value(metric, copied(BASE)) == pytest.approx(metric.ideal, abs=1e-7)
    elif metric.ideal is not None and any(need.startswith("real") for need in metric.needs):
        assert value(metric, copied(BASE)) != pytest.approx(metric.ideal, abs=1e-7)


def badness(metric, number):
    if metric.better == "target":
        assert metric.ideal is not None
        return abs(number - metric.ideal)
    return number if metric.better == "lower" else -number


@each_metric
def test_samples_collapsed_far_away_score_worse_than_fresh_real_ones(metric):
    if metric.name in BLIND_TO_DISTANCE:
        pytest.skip(BLIND_TO_DISTANCE[metric.name])
    fresh = evidence(mean=0.0, sd=1.0, tilt=1.0)
    rng = np.random.default_rng(9)
    far = fresh | {
        "fake": 30 + 0.01 * cloud(rng, ROWS, DIMENSION),
        "fake_points": 50 + 0.01 * rng.normal(size=(ROWS, 2)),
        "fake_posteriors": np.tile([0.28, 0.18, 0.18, 0.18, 0.18], (ROWS, 1)) + 1e-6 * rng.normal(size=(ROWS, CLASSES)),
        "fake_images": np.tile(pictures(rng, 1, 1.0), (IMAGES, 1, 1, 1)),
    }
    near, distant = value(metric, fresh), value_or_refusal(metric, far)
    # A refusal says that the score of such samples is undefined: worse than any number.
    assert isinstance(distant, str) or badness(metric, distant) > badness(metric, near)


@each_metric
def test_a_metric_tells_what_it_is(metric):
    assert METRICS[metric.name] is metric
    assert metric.summary.endswith(".")
    assert metric.paper
    assert metric.minimum >= 1
    assert metric.better in ("lower", "higher", "target")
    assert metric.ideal is None or metric.bounds[0] <= metric.ideal <= metric.bounds[1]


def test_the_table_of_contents_lists_every_metric_once():
    listed = getattr(metrics, "METRICS", METRICS)
    assert dict(listed) == METRICS
