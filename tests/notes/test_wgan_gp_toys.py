from __future__ import annotations

from math import sqrt

import pytest
import torch

from ganbench.data.mixtures import ring
from ganbench.notes.wgan_gp_toys import distances, points
from tests.notes.measured import findings

pytestmark = pytest.mark.xdist_group("experiment-wgan_gp_toys")
NAME, NEAR, SCRIPT = "wgan_gp_toys", "WGAN-GP on the paper's ring", "the weight in WGAN-GP's script"


def test_distances_are_exact_for_a_shift_and_points_lie_on_the_ring():
    toy = ring(radius=sqrt(2), sd=0.01 * sqrt(2))
    truth = points(toy, 0, "truth")
    assert not torch.equal(truth, points(toy, 1, "truth"))
    assert (truth.norm(dim=1) - sqrt(2)).abs().max() < 6 * 0.01 * sqrt(2)
    moved = truth + torch.tensor([0.3, 0.4])
    assert distances([truth], moved[None]) == pytest.approx((0.5,), abs=1e-6)  # a translation's W1 is its length


@pytest.mark.slow
def test_the_floor_lies_below_every_generator_and_above_zero():
    results = findings(NAME)
    assert 0 < results.high("W1 floor") < 0.3
    for weight in ("10", "0.1"):
        assert results.mean(f"W1, weight {weight}") > results.low("W1 floor")
    # with weight 10 the generator overshoots back and forth for longer than the fast form lasts
    assert results.mean("W1 at the start, weight 0.1") > results.mean("W1, weight 0.1")


@pytest.mark.slow
def test_both_weights_start_from_the_same_generators():
    results = findings(NAME)
    starts = [results.numbers[f"W1 at the start, weight {weight}"] for weight in ("10", "0.1")]
    assert starts[0] == starts[1]
    assert len(set(starts[0])) == 3
