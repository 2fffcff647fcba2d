from __future__ import annotations

from math import log10

import pytest
import torch

from ganbench import data
from ganbench.notes import generator_inputs
from ganbench.notes.base import Form
from ganbench.notes.generator_inputs import LATENT, MODELS, ratio

SPACE = data.load("digits").space


@pytest.mark.parametrize(("name", "edge", "spread"), [("uniform noise", 1.0, 3**-0.5), ("normal noise", 6.0, 1.0)])
def test_noise_is_of_the_distribution_that_is_named(name: str, edge: float, spread: float) -> None:
    z = MODELS[name].noise(SPACE)["z"](2000, torch.Generator().manual_seed(0))
    assert z.shape == (2000, LATENT)
    assert float(z.abs().max()) <= edge
    assert float(z.std()) == pytest.approx(spread, rel=0.02)


def test_the_two_ways_of_joining_differ_in_nothing_else() -> None:
    one, other = MODELS["concatenation"], MODELS["Hadamard product"]
    differing = {name for name in vars(one) if getattr(one, name) != getattr(other, name)}
    assert differing == {"fusion"}


def test_ratios_are_logarithms_seed_by_seed() -> None:
    assert ratio({"distance, a": (10.0, 1.0), "distance, b": (1.0, 10.0)}, "a", "b") == pytest.approx((1, -1))


@pytest.mark.slow
def test_all_models_are_measured_and_those_with_classes_by_these(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator_inputs, "SIZES", {"fast": (2, 2)})
    numbers = generator_inputs.measure(Form("fast")).numbers
    first = (numbers["distance, uniform noise"][0], numbers["distance, normal noise"][0])
    assert numbers["uniform over normal"][0] == pytest.approx(log10(first[0] / first[1]))
    assert all(0 <= share <= 1 for share in numbers["class as asked, concatenation"])
    assert "class as asked, normal noise" not in numbers
