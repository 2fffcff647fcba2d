"""The gradient of Brenier's potential against exact transport, and against a network."""

from __future__ import annotations

import pytest
import torch

from ganbench.notes._brenier import borders, cells, four, grid, heights, off_modes, targets, worked
from tests.notes.measured import findings

pytestmark = pytest.mark.xdist_group("experiment-brenier")
NAME = "brenier"
EXACT, FOUND = "separate modes by the optimal map", "the singular set of the optimal map"


def test_the_worked_example_on_a_line() -> None:
    assert worked(1000) == pytest.approx(0.0153333, rel=0.005)
    y, mass = torch.tensor([[-0.4], [0.0], [0.4]], dtype=torch.float64), torch.tensor([0.2, 0.5, 0.3]).double()
    h = heights(y, mass, 1000, 0)
    cuts = [float((h[i] - h[i + 1]) / (y[i + 1] - y[i])) + 0.5 for i in range(2)]
    assert cuts == pytest.approx([0.2, 0.7], abs=0.003)  # where two lines of the potential meet


def test_cells_of_two_targets() -> None:
    y, h = torch.tensor([[1.0, 0.0], [-1.0, 0.0]]).double(), torch.zeros(2, dtype=torch.float64)
    w = torch.tensor([[0.25, 0.4], [-0.1, 0.0]]).double()
    assert cells(w, y, h)[:, 0].tolist() == [0, 1]


def test_borders_are_where_labels_change() -> None:
    label = torch.tensor([[0, 0, 1], [0, 0, 1], [2, 2, 2]])
    assert borders(label).view(3, 3).int().tolist() == [[0, 1, 0], [1, 1, 1], [0, 0, 0]]


def test_off_the_modes_is_farther_than_five_deviations() -> None:
    points = torch.tensor([[1.24, 0.0], [1.26, 0.0], [0.0, 0.0], [0.0, -1.0]])
    assert off_modes(points) == 0.5
    y, mode = targets(400, 0)
    assert off_modes(y) == 0
    assert torch.bincount(mode).tolist() == [100] * 4
    modes = four().modes
    assert modes is not None
    assert torch.equal(torch.cdist(y.float(), modes.centres).argmin(1), mode)


def test_the_grid_fills_the_unit_square() -> None:
    assert grid(64).square().mean().item() == pytest.approx(1 / 12, rel=1e-3)


@pytest.mark.slow
def test_the_map_is_exact_and_the_network_is_not() -> None:
    results = findings(NAME)
    assert max(results.numbers["off the modes, map"]) == 0
    assert max(results.numbers["largest error of a cell's mass"]) < 0.1
    assert results.mean("W2 of the map") == pytest.approx(results.mean("W2 of the assignment"), rel=0.01)
    # 4000 samples of each of three seeds: the share's own sampling error is below 0.005
    assert min(results.numbers["off the modes, network"]) > 0.002
