"""What every metric declares about itself, tried on every metric of the package."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganbench import metrics
from ganbench.errors import RequestError
from tests.metrics.inputs import (
    BASE,
    CLASSES,
    DIMENSION,
    IMAGES,
    METRICS,
    ROWS,
    base_value,
    each_metric,
    metric_inputs,
    pictures,
    sample,
    value,
    value_or_refusal,
    within,
)

SAMPLES = ("real", "fake", "train")
# An invariance that holds must be declared, unless it holds by the nature of these data. Seeded metrics are not asked.
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


def numpy_state():
    return np.random.get_state(legacy=False)["state"]["key"].copy()  # noqa: NPY002


@each_metric
def test_a_value_repeats_and_leaves_inputs_and_global_randomness_alone(metric):
    known = metric_inputs()
    states = torch.random.get_rng_state(), numpy_state()
    assert value(metric, known) == base_value(metric)
    assert torch.equal(torch.random.get_rng_state(), states[0])
    assert (numpy_state() == states[1]).all()
    assert all((known[need] == BASE[need]).all() for need in metric.spec.needs if need != "modes")


def transformed(invariance, known):
    """Return the inputs changed as ``invariance`` says does not matter."""
    rng = np.random.default_rng(7)
    if invariance == "symmetric":
        other = {"real": "fake", "fake": "real"}
        swapped = {other.get(need.split("_")[0], "") + need[4:]: need for need in known if need[:4] in other}
        return known | {new: known[old] for new, old in swapped.items() if new != "real_points"}
    if invariance == "permutation":
        orders = {size: rng.permutation(size) for size in {len(v) for k, v in known.items() if k != "modes"}}
        return {k: v if k == "modes" else v[orders[len(v)]] for k, v in known.items()}
    change = {
        "rotation": lambda x: x @ np.linalg.qr(np.random.default_rng(8).normal(size=(DIMENSION, DIMENSION)))[0],
        "translation": lambda x: x + np.array([10.0, -3.0, 0.5, 7.0]),
        "scale": lambda x: 3.7 * x,
    }[invariance]
    return known | {name: change(known[name]) for name in SAMPLES}


def applies(invariance, metric):
    """Whether an invariance says anything about a metric's inputs."""
    if invariance == "symmetric":
        return {n[5:] for n in metric.spec.needs if n[:4] == "real"} == {
            n[5:] for n in metric.spec.needs if n[:4] == "fake"
        }
    return invariance == "permutation" or "real" in metric.spec.needs or "fake" in metric.spec.needs


@pytest.mark.parametrize("invariance", ["symmetric", "rotation", "translation", "scale", "permutation"])
@each_metric
def test_an_invariance_is_declared_if_and_only_if_it_holds(metric, invariance):
    if not applies(invariance, metric):
        assert invariance not in metric.spec.invariances
        return
    before, after = base_value(metric), value(metric, transformed(invariance, BASE))
    if invariance in metric.spec.invariances:
        assert after == pytest.approx(before, rel=1e-7, abs=1e-9)
    elif (metric.spec.name, invariance) not in BY_LUCK and "seed" not in metric.spec.options:
        assert after != pytest.approx(before, rel=1e-7, abs=1e-9)


def copied(known):
    """Return the inputs where the samples are the reference itself."""
    return known | {need.replace("real", "fake"): known[need] for need in known if need.startswith("real")}


@each_metric
def test_the_ideal_is_declared_to_be_reached_by_the_reference_itself_if_and_only_if_it_is(metric):
    if "identity" in metric.spec.invariances:
        assert metric.spec.ideal is not None
        assert value(metric, copied(BASE)) == pytest.approx(metric.spec.ideal, abs=1e-7)
    elif metric.spec.ideal is not None and any(need.startswith("real") for need in metric.spec.needs):
        assert value(metric, copied(BASE)) != pytest.approx(metric.spec.ideal, abs=1e-7)


def badness(metric, number):
    if metric.spec.better == "target":
        assert metric.spec.ideal is not None
        return abs(number - metric.spec.ideal)
    return number if metric.spec.better == "lower" else -number


@each_metric
def test_samples_collapsed_far_away_score_worse_than_fresh_real_ones(metric):
    if metric.spec.name in BLIND_TO_DISTANCE:
        pytest.skip(BLIND_TO_DISTANCE[metric.spec.name])
    fresh = metric_inputs(mean=0.0, sd=1.0, tilt=1.0)
    rng = np.random.default_rng(9)
    far = fresh | {
        "fake": 30 + 0.01 * sample(rng, ROWS, DIMENSION),
        "fake_points": 50 + 0.01 * rng.normal(size=(ROWS, 2)),
        "fake_posteriors": np.tile([0.28, 0.18, 0.18, 0.18, 0.18], (ROWS, 1)) + 1e-6 * rng.normal(size=(ROWS, CLASSES)),
        "fake_images": np.tile(pictures(rng, 1, 1.0), (IMAGES, 1, 1, 1)),
    }
    near, distant = value(metric, fresh), value_or_refusal(metric, far)
    # A refusal says that the score of such samples is undefined: worse than any number.
    assert isinstance(distant, str) or badness(metric, distant) > badness(metric, near)


@each_metric
def test_a_metric_tells_what_it_is(metric):
    assert METRICS[metric.spec.name] is metric
    assert metric.spec.summary.endswith(".")
    assert metric.spec.paper
    assert metric.spec.minimum >= 1
    assert metric.spec.better in ("lower", "higher", "target")
    assert metric.spec.ideal is None or metric.spec.bounds[0] <= metric.spec.ideal <= metric.spec.bounds[1]


UNBIASED = {"kid", "kid_subsets", "mmd", "mmd_mixture", "energy_distance", "fid_infinity"} | {
    "intra_fid_infinity",
    "between_class_fid_infinity",
}
DISTANCES_BELOW_ONE = {"class_distribution_chi_square"}


@each_metric
def test_the_scale_is_that_of_the_range(metric):
    spec, low = metric.spec, metric.spec.bounds[0]
    if spec.name in UNBIASED or low < 0:
        assert spec.scale == "linear"  # may be negative, which no ratio can
    elif spec.bounds == (0.0, 1.0):
        assert spec.scale == ("log" if spec.name in DISTANCES_BELOW_ONE else "logit")
    elif spec.name.endswith(("_captured", "_covered")):
        assert spec.scale == "count"
    elif spec.better == "lower" and low == 0:
        assert spec.scale == "log"
    else:
        assert spec.scale in ("linear", "log")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"scale": "logs"}, "unknown scale of mine 'logs'; did you mean 'log'"),
        ({"scale": "log"}, r"mine: scale log is for values of at least 0, got bounds \(-inf, inf\)"),
        (
            {"scale": "count", "bounds": (-1.0, 5.0)},
            r"mine: scale count is for values of at least 0, got bounds \(-1, 5\)",
        ),
        ({"scale": "logit", "bounds": (0.0, 2.0)}, r"mine: scale logit is for shares, bounds \(0, 1\), got \(0, 2\)"),
    ],
)
def test_a_scale_that_does_not_fit_the_range_is_refused(facts, said):
    with pytest.raises(RequestError, match=said):

        @metrics.metric(better="lower", **facts)
        def mine(real, fake):
            return 0.0


def test_the_table_of_contents_lists_every_metric_once():
    listed = getattr(metrics, "METRICS", METRICS)
    assert dict(listed) == METRICS
