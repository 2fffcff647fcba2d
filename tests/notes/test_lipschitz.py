"""Norms of discriminators' gradients on the points that penalties are taken at, and elsewhere."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ganbench.nets.net import Net
from ganbench.notes.lipschitz import norms, penalty_of_line, spokes, square
from tests.notes.measured import findings

pytestmark = pytest.mark.xdist_group("experiment-lipschitz")
NAME = "lipschitz"
TWO_SIDED, BOUNDS = "the two sides of the penalty", "the penalty as a constraint"


def test_a_gradient_of_one_half_is_penalised_by_wgan_gp_only() -> None:
    assert [penalty_of_line("wgan_gp", s) for s in (0.0, 0.5, 1.0, 2.0)] == pytest.approx([10, 2.5, 0, 10], abs=1e-12)
    assert [penalty_of_line("wgan_lp", s) for s in (0.0, 0.5, 1.0, 2.0)] == pytest.approx([0, 0, 0, 10], abs=1e-12)


def test_the_gradient_of_a_plane_is_the_length_of_its_normal() -> None:
    plane = nn.Sequential(nn.Linear(2, 1), nn.Flatten(0))
    weights = {"0.weight": torch.tensor([[3.0, -4.0]]).double(), "0.bias": torch.zeros(1).double()}
    assert norms(Net(plane, weights, {}), square()).tolist() == pytest.approx([5.0] * len(square()))


def test_spokes_lie_between_the_centre_and_the_modes() -> None:
    points = spokes(0)
    assert points.norm(dim=1).max() < 1.6
    angle = torch.atan2(points[:, 1], points[:, 0])[points.norm(dim=1) > 1] * 4 / torch.pi
    assert (angle - angle.round()).abs().max() < 0.2  # of an eighth of a turn


@pytest.mark.slow
def test_spectral_normalisation_bounds_every_gradient() -> None:
    assert max(findings(NAME).numbers["sngan: largest anywhere"]) <= 1 + 1e-6  # a bound: no sampling error


@pytest.mark.slow
@pytest.mark.parametrize(("name", "penalty"), [("wgan_gp", 10), ("wgan_gp, weak", 0.1), ("wgan_lp", 10)])
def test_penalised_discriminators_settle_above_one(name: str, penalty: float) -> None:
    results, norm = findings(NAME), torch.linspace(0, 20, 200_001, dtype=torch.float64)
    best = float(norm[(norm * 2**0.5 - penalty * (norm - 1) ** 2).argmax()])
    # the seeds' sd is about 3 % of the norm: 10 % is more than 5 standard errors of the mean
    assert results.mean(f"{name}: mean on the spokes") == pytest.approx(best, rel=0.1)
    assert results.low(f"{name}: mean on the spokes") > 1
