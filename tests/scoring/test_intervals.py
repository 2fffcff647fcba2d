"""Intervals over samples hold the value's expectation as often as they say; a bootstrap's would not."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.features.extraction import given
from ganbench.io import open_source
from ganbench.metrics import fid, kid, metric
from ganbench.scoring.inputs import FileInputs
from ganbench.scoring.intervals import interval
from ganbench.scoring.scorer import Scorer

N, D, REPEATS = 200, 3, 200


@metric(needs=("fake",), better="lower", ideal=None, bounds=(-1e9, 1e9), paper="none")
def mean_square(fake: Any) -> float:
    """Mean of the squares of the first feature."""
    return float(fake.values[:, 0].double().square().mean())


def inputs(x: Tensor, role: str) -> FileInputs:
    source = open_source(x)
    return FileInputs(source, given(source), role)


def drawn(i: int) -> Tensor:
    """Samples of another place and width than the reference."""
    return torch.randn(N, D, generator=stream(0, "fake", i)) * 0.8 + torch.tensor([0.7, 0.0, 0.0])


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer(inputs(torch.randn(1000, D, generator=stream(0, "real")), "real"), None, None, {"name": "given"})


@pytest.mark.slow
@pytest.mark.parametrize(("of", "expected"), [(mean_square, 0.8**2 + 0.7**2), (fid, None), (kid, None)])
def test_an_interval_of_95_percent_holds_the_expectation_about_as_often(
    scorer: Scorer, of: Any, expected: float | None
) -> None:
    outcomes = []
    for i in range(REPEATS):
        fake = inputs(drawn(i), "fake")
        value = scorer.value(of, fake)[0]
        assert value is not None
        outcomes.append((value, interval(scorer, of, fake, value)))
    centre = expected if expected is not None else math.fsum(value for value, _ in outcomes) / REPEATS
    held = sum(low <= centre <= high for _, (low, high) in outcomes)  # type: ignore[misc]
    # of 200 draws of a chance of 95 %, all but one in a thousand lie within 4.6 % of it
    assert 0.904 * REPEATS <= held <= 0.996 * REPEATS


def test_a_bootstrap_of_a_frechet_distance_lies_above_the_value_itself(scorer: Scorer) -> None:
    """Why it is not used: a draw repeats samples, and the bias of a small number is added once more."""
    x = drawn(0)[:30]
    value = fid(scorer.real.features, x)
    draws = [x[torch.randint(30, (30,), generator=stream(0, "boot", i))] for i in range(200)]
    assert sum(fid(scorer.real.features, each) > value for each in draws) > 0.6 * len(draws)
