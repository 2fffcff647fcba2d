from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from ganbench.notes._fitting import GRID, log_normal
from ganbench.notes.variational_bounds import EXACT, POINTS, exact, tabulated, w1
from tests.notes.measured import findings

pytestmark = pytest.mark.xdist_group("experiment-variational_bounds")

P, Q = POINTS


@pytest.mark.parametrize(
    ("name", "worked"),
    [
        ("total_variation", 0.4),
        ("kl", 0.5 * log(2.5) + 0.3 * log(1.5) + 0.2 * log(1 / 3)),
        ("reverse_kl", 0.2 * log(0.4) + 0.2 * log(2 / 3) + 0.6 * log(3)),
        ("pearson", 0.09 / 0.2 + 0.01 / 0.2 + 0.16 / 0.6),
        ("neyman", 0.09 / 0.5 + 0.01 / 0.3 + 0.16 / 0.2),
        ("hellinger", 2 - 2 * (0.1**0.5 + 0.06**0.5 + 0.12**0.5)),
        ("jensen_shannon", 2 * 0.0905658499),
        ("gan", -1.2051626612),
    ],
)
def test_a_divergence_of_three_points_is_the_worked_one(name: str, worked: float) -> None:
    assert exact(name, P, Q) == pytest.approx(worked, abs=1e-9)


def test_relations_between_the_divergences_hold() -> None:
    assert exact("jeffrey", P, Q) == pytest.approx(exact("kl", P, Q) + exact("reverse_kl", P, Q))
    assert exact("neyman", P, Q) == pytest.approx(exact("pearson", Q, P))
    assert exact("gan", P, Q) == pytest.approx(exact("jensen_shannon", P, Q) - log(4))


@pytest.mark.parametrize("name", EXACT)
def test_the_best_discriminator_of_three_points_attains_the_divergence(name: str) -> None:
    assert tabulated(name, P, Q) == pytest.approx(exact(name, P, Q), abs=1e-6)
    assert tabulated(name, P, Q) <= exact(name, P, Q) + 1e-12


def test_the_earth_mover_s_distance_of_shifted_gaussians_is_the_shift() -> None:
    assert w1(log_normal(0, 1), log_normal(0.7, 1)) == pytest.approx(0.7, rel=1e-6)
    p, q = log_normal(0, 1), log_normal(0.7, 2)
    expected = wasserstein_distance(GRID, GRID, np.exp(p), np.exp(q))
    assert w1(p, q) == pytest.approx(expected, rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "worked"),
    [
        ("kl", 0.125),
        ("reverse_kl", 0.125),
        ("jeffrey", 0.25),
        ("pearson", exp(0.25) - 1),
        ("neyman", exp(0.25) - 1),
        ("hellinger", 2 - 2 * exp(-1 / 32)),
    ],
)
def test_learned_discriminators_bound_the_closed_form_from_below(name: str, worked: float) -> None:
    results = findings("variational_bounds")
    assert results.mean(f"{name}_exact") == pytest.approx(worked, rel=1e-6)
    assert all(0.95 * worked < each <= worked + 1e-6 for each in results.numbers[f"{name}_learned"])
