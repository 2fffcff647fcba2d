"""Metrics take every form of their input alike, and refuse what they cannot use in a line of words.

Arrays enter by a few functions: every form and fault is tried on one metric for each of them, and one of each on all.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganbench.errors import BadInput
from ganbench.metrics import METRICS
from ganbench.metrics.feature_vectors import Features
from tests.metrics.inputs import BASE, base_value, each_metric, metric_inputs, value, value_or_refusal, within


def answers(metric, known):
    """Whether the metric gives a number within its bounds, or refuses in a line of words."""
    given = value_or_refusal(metric, known)
    return ("\n" not in given and len(given) > 10) if isinstance(given, str) else within(metric, given)


FORMS = {
    "float32 array": lambda x: x.astype(np.float32),
    "read-only column-major float16 array": lambda x: read_only(np.asfortranarray(x.astype(np.float16))),
    "strided array": lambda x: np.repeat(x, 2, axis=0)[::2],
    "backward array": lambda x: x[::-1].copy()[::-1],
    "float16 tensor": lambda x: torch.from_numpy(x).half(),
    "transposed float32 tensor": lambda x: torch.from_numpy(x.T.copy()).float().permute(*reversed(range(x.ndim))),
    "tensor with a gradient": lambda x: torch.from_numpy(x.copy()).requires_grad_(),
    "features": lambda x: Features(x) if x.ndim == 2 else x,
}


def read_only(x):
    x.flags.writeable = False
    return x


ENTRIES = ("fid", "welch_statistic", "w1", "inception_score", "intra_fid", "high_quality", "ms_ssim")
each_entry = pytest.mark.parametrize("metric", [METRICS[name] for name in ENTRIES], ids=ENTRIES)


@pytest.mark.parametrize("form", FORMS)
@each_entry
def test_a_value_does_not_depend_on_the_form_of_its_input(metric, form):
    same_value(metric, form)


@each_metric
def test_every_metric_takes_read_only_float16_arrays(metric):
    same_value(metric, "read-only column-major float16 array")


def same_value(metric, form):
    reshaped = {k: v if k == "modes" or "labels" in k else FORMS[form](v) for k, v in BASE.items()}
    reshaped |= {k: torch.from_numpy(v) if "tensor" in form else v.tolist() for k, v in BASE.items() if "labels" in k}
    # float32 sums of some hundred terms keep six digits.
    assert value(metric, reshaped) == pytest.approx(base_value(metric), rel=1e-5, abs=1e-6)


@each_metric
def test_unequal_counts_are_scored_or_refused_in_words(metric):
    assert answers(metric, metric_inputs(m=200))


@each_metric
def test_samples_with_a_missing_number_are_refused_by_name(metric):
    refused_by_name(metric, "nan")


@pytest.mark.parametrize("broken", ["inf", "shape"])
@each_entry
def test_broken_samples_are_refused_by_name(metric, broken):
    refused_by_name(metric, broken)


def refused_by_name(metric, broken):
    name = next(need for need in ("fake", "fake_posteriors", "fake_points", "fake_images") if need in metric.spec.needs)
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
    known = metric_inputs(
        n=n, m=m, dimension=dimension, sd=spread if metric.spec.needs[0] != "fake_posteriors" else 1.0
    )
    forms = {k: v if k == "modes" or "labels" in k else v.astype(dtype) for k, v in known.items()}
    if not all(np.isfinite(v).all() for k, v in forms.items() if k != "modes"):
        return  # beyond float16's range
    assert answers(metric, forms)
