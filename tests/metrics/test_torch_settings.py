"""Torch's global settings around a call change no value: gradients off, inference mode, another default type."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from ganbench.metrics import feature_vectors, laplacian_swd
from ganbench.metrics._engine import median, pairs
from tests.metrics.inputs import BASE, METRICS, base_value, each_metric, value


@contextmanager
def float64_by_default() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


SETTINGS = {
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "float64 by default": float64_by_default,
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
}


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
@each_metric
def test_a_value_is_the_same_under_any_setting(metric, setting):
    with setting():
        assert value(metric, BASE) == base_value(metric)


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.enable_grad])
@each_metric
def test_tensors_of_inference_mode_and_those_with_gradients_are_as_good_as_arrays(metric, mode):
    with mode():
        known = {name: torch.from_numpy(x) if isinstance(x, np.ndarray) else x for name, x in BASE.items()}
        if mode is torch.enable_grad:
            known |= {
                name: x.requires_grad_() for name, x in known.items() if torch.is_tensor(x) and x.is_floating_point()
            }
    assert value(metric, known) == base_value(metric)


@pytest.mark.parametrize("name", ["precision", "kid", "energy_distance", "mmd", "one_nn_accuracy", "realism"])
def test_autocast_rounds_none_of_the_fast_products(name, monkeypatch):
    for module in (feature_vectors, median, pairs):
        monkeypatch.setattr(module, "working_type", lambda *_: torch.float32)
    expected = value(METRICS[name], BASE)
    with torch.autocast("cpu", torch.bfloat16):
        assert value(METRICS[name], BASE) == expected


def test_autocast_rounds_no_level_of_a_pyramid():
    real, fake = (np.random.default_rng(seed).uniform(-1, 1, (4, 1, 32, 32)) for seed in (0, 1))
    expected = laplacian_swd(real, fake, per_image=4)
    with torch.autocast("cpu", torch.bfloat16):
        assert laplacian_swd(real, fake, per_image=4) == expected
