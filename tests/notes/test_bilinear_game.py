from __future__ import annotations

import numpy as np
import pytest

from ganbench.notes.bilinear_game import CLOSED, METHODS, PULL, STEP
from tests.notes.measured import findings

pytestmark = pytest.mark.xdist_group("experiment-bilinear_game")


def matrix(name: str) -> np.ndarray:
    """One step of a way as a matrix, from its values at the unit vectors: the ways are linear."""
    return np.array([METHODS[name](1, 0, STEP), METHODS[name](0, 1, STEP)]).T


@pytest.mark.parametrize("name", METHODS)
def test_the_measured_factor_is_the_spectral_radius_of_the_step(name: str) -> None:
    radius = float(np.abs(np.linalg.eigvals(matrix(name))).max())
    assert radius == pytest.approx(CLOSED[name], rel=1e-12)
    assert findings("bilinear_game").mean(name) == pytest.approx(radius, rel=1e-9)


def test_extragradient_and_consensus_are_what_their_papers_say() -> None:
    field = np.array([[0.0, -1.0], [1.0, 0.0]])  # x descends, y ascends
    identity = np.eye(2)
    assert matrix("extragradient") == pytest.approx(identity + STEP * field @ (identity + STEP * field))
    assert matrix("consensus") == pytest.approx(identity + STEP * (field - PULL * field.T @ field))


def test_alternating_steps_keep_their_ellipse_to_rounding() -> None:
    assert findings("bilinear_game").mean("ellipse") < 1e-12


def test_the_loss_swings_while_the_distance_stands_still() -> None:
    results = findings("bilinear_game")
    assert results.mean("crossings") == 40
    assert results.mean("mean_loss") == pytest.approx(0, abs=0.01)
    assert results.mean("wander") < 0.01
