"""What every metric declares about itself, tried on every metric of the package."""

from __future__ import annotations

import math
import pkgutil
from importlib import import_module

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganbench import metrics
from ganbench.dataset import Modes
from ganbench.errors import BadInput, RequestError
from ganbench.metrics.base import Metric
from ganbench.metrics.features import Features

CLOUDS = ("real", "fake", "train")
ROWS, IMAGES = 160, 14
CLASSES, DIMENSION = 5, 4
OPTIONS = {"kid_subsets": {"size": 100, "subsets": 10}}  # the published subsets are larger than these samples
MAY_BE_INFINITE = {"birthday_support": "no two samples collide"}
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


def every_metric():
    """Return all metrics that the package's modules define, by name."""
    modules = [import_module(f"ganbench.metrics.{module.name}") for module in pkgutil.iter_modules(metrics.__path__)]
    return {thing.name: thing for module in modules for thing in vars(module).values() if isinstance(thing, Metric)}


METRICS = every_metric()
each_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS.keys())


def half(x):
    """Round to what float16 holds exactly."""
    return x.astype(np.float16).astype(float)


def cloud(rng, n, dimension, mean=0.0, sd=1.0):
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
        prefix: half(cloud(rng, n, dimension, mean, sd) + np.eye(CLASSES, dimension)[labels]),
        f"{prefix}_posteriors": p,
        f"{prefix}_labels": labels,
        f"{prefix}_images": pictures(rng, min(n, IMAGES), 0.2 * sd),
    }


def evidence(n=ROWS, m=ROWS, dimension=DIMENSION, mean=0.25, sd=1.25, tilt=2.0, seed=0):
    """Return a value for every Need: a reference and samples that differ a little in every respect."""
    rng = np.random.default_rng(seed)
    centres = torch.from_numpy(half(4 * rng.normal(size=(6, 2))))
    return {
        **side(rng, "real", n, dimension, 0.0, 1.0, 1.0),
        **side(rng, "fake", m, dimension, mean, sd, tilt),
        "train": cloud(rng, n, dimension),
        "fake_points": half(centres.numpy()[rng.integers(6, size=m)] + 0.2 * sd * rng.normal(size=(m, 2))),
        "modes": Modes(centres, 0.2),
    }


def value(metric, known):
    return metric(*(known[need] for need in metric.needs), **OPTIONS.get(metric.name, {}))


def value_or_refusal(metric, known):
    try:
        return value(metric, known)
    except RequestError as error:
        return str(error)


def answers(metric, known):
    """Whether the metric gives a number within its bounds, or refuses in a line of words."""
    given = value_or_refusal(metric, known)
    return ("\n" not in given and len(given) > 10) if isinstance(given, str) else within(metric, given)


def within(metric, number):
    low, high = metric.bounds
    return (math.isfinite(number) or metric.name in MAY_BE_INFINITE) and low - 1e-9 <= number <= high + 1e-9


BASE = evidence()


@each_metric
def test_a_value_is_a_finite_python_float_within_its_bounds(metric):
    number = value(metric, BASE)
    assert type(number) is float
    assert within(metric, number)


@each_metric
def test_a_value_repeats_and_leaves_inputs_and_global_randomness_alone(metric):
    known = evidence()
    states = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    first = value(metric, known)
    assert value(metric, known) == first
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
    known = evidence()
    if not applies(law, metric):
        assert law not in metric.laws
        return
    before, after = value(metric, known), value(metric, transformed(law, known))
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
    distant = value_or_refusal(metric, far)
    if isinstance(distant, str):
        assert "undefined" in distant  # worse than any number
    else:
        assert badness(metric, distant) > badness(metric, value(metric, fresh))


FORMS = {
    "float32 array": lambda x: x.astype(np.float32),
    "float16 array": lambda x: x.astype(np.float16),
    "column-major array": np.asfortranarray,
    "read-only array": lambda x: read_only(x.copy()),
    "strided array": lambda x: np.repeat(x, 2, axis=0)[::2],
    "backward array": lambda x: x[::-1].copy()[::-1],
    "float64 tensor": torch.from_numpy,
    "float32 tensor": lambda x: torch.from_numpy(x).float(),
    "float16 tensor": lambda x: torch.from_numpy(x).half(),
    "transposed tensor": lambda x: torch.from_numpy(x.T.copy()).permute(*reversed(range(x.ndim))),
    "tensor with a gradient": lambda x: torch.from_numpy(x).requires_grad_(),
    "features": lambda x: Features(x) if x.ndim == 2 else x,
}


def read_only(x):
    x.flags.writeable = False
    return x


@pytest.mark.parametrize("form", FORMS)
@each_metric
def test_a_value_does_not_depend_on_the_form_of_its_input(metric, form):
    reshaped = {k: v if k == "modes" or "labels" in k else FORMS[form](v) for k, v in BASE.items()}
    reshaped |= {k: torch.from_numpy(v) if "tensor" in form else v.tolist() for k, v in BASE.items() if "labels" in k}
    # float32 sums of some hundred terms keep six digits.
    assert value(metric, reshaped) == pytest.approx(value(metric, BASE), rel=1e-5, abs=1e-6)


@each_metric
def test_unequal_counts_are_scored_or_refused_in_words(metric):
    assert answers(metric, evidence(m=120))


@pytest.mark.parametrize("broken", ["nan", "inf", "shape"])
@each_metric
def test_broken_samples_are_refused_by_name(metric, broken):
    name = next(need for need in ("fake", "fake_posteriors", "fake_points", "fake_images") if need in metric.needs)
    bad = BASE[name].copy()
    bad.flat[-1] = {"nan": math.nan, "inf": math.inf}.get(broken, bad.flat[-1])
    with pytest.raises(BadInput, match=name.split("_")[0]):
        value(metric, BASE | {name: bad.ravel()[:, None, None] if broken == "shape" else bad})


@pytest.mark.slow
@each_metric
@settings(derandomize=True, deadline=None, max_examples=8, database=None)
@given(
    n=st.integers(1, 40),
    m=st.integers(1, 40),
    dimension=st.integers(1, 6),
    spread=st.sampled_from([0.0, 1e-6, 1.0, 1e4]),
    dtype=st.sampled_from([np.float16, np.float32, np.float64]),
)
def test_small_and_degenerate_samples_are_scored_or_refused_in_words(metric, n, m, dimension, spread, dtype):
    known = evidence(n=n, m=m, dimension=dimension, sd=spread if metric.needs[0] != "fake_posteriors" else 1.0)
    forms = {k: v if k == "modes" or "labels" in k else v.astype(dtype) for k, v in known.items()}
    if not all(np.isfinite(v).all() for k, v in forms.items() if k != "modes"):
        return  # beyond float16's range
    assert answers(metric, forms)


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
