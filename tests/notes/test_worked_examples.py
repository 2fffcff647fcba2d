from __future__ import annotations

from math import log

import pytest

from ganbench.notes.worked_examples import P, Q
from tests.notes.measured import findings

pytestmark = pytest.mark.xdist_group("experiment-worked_examples")


@pytest.mark.parametrize(
    ("name", "worked"),
    [
        ("D of p and q, GAN", P / (P + Q)),
        ("one of two, largest log D", 0.0),  # log .5 = -.69 against (log .1 + log .95) / 2 = -1.18
        ("one of two, least log(1 - D)", 1.0),  # log .5 = -.69 against (log .9 + log .05) / 2 = -1.55
        ("distance after ascent", 1.5),
        ("distance after descent", 0.5),
        ("factor, both at once", 1.01**0.5),
        ("upsampling, side of the output", 5.0),
        ("cross entropy less KL", -sum(p * log(p) for p in (0.1, 0.2, 0.3, 0.4))),
        ("gradient through argmax", 0.0),
        ("EBGAN's discriminator: output over input", 1.0),
        ("directions of samples", 16.0),  # a layer of 16 numbers lets no more through
    ],
)
def test_each_number_is_the_worked_one(name: str, worked: float) -> None:
    assert findings("worked_examples").mean(name) == pytest.approx(worked, abs=1e-4)


def test_in_turn_the_rounds_turn_without_growing_whoever_begins() -> None:
    results = findings("worked_examples")
    for who in ("generator", "discriminator"):
        assert results.mean(f"factor, {who} first") == pytest.approx(1, abs=1e-12)
