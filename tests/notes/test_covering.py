from __future__ import annotations

from math import e, hypot, log, pi

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from ganbench.notes._fitting import DIVERGENCES, log_normal
from ganbench.notes.covering import distribution
from tests.notes.measured import findings

pytestmark = pytest.mark.xdist_group("experiment-covering")


@pytest.mark.parametrize(
    ("name", "shift", "mean", "sd", "value"),
    [
        ("kl", 2, 0, 2.0616, 0.7236),
        ("reverse_kl", 2, 2.000, 0.5004, 0.6931),
        ("jensen_shannon", 2, 0, 2.0424, 0.2010),
        ("kl", 3, 0, 3.0414, 1.1123),
        ("reverse_kl", 3, 3, 0.5, log(2)),
        ("jensen_shannon", 3, 3, 0.5, 0.2158),
        ("kl", 1, 0, 1.118, None),
        ("reverse_kl", 1, 0, 1.024, None),
        ("jensen_shannon", 1, 0, 1.098, None),
    ],
)
def test_the_nearest_gaussian_is_the_worked_one(
    name: str, shift: int, mean: float, sd: float, value: float | None
) -> None:
    results = findings("covering")
    assert results.mean(f"{name}_mean_{shift}") == pytest.approx(mean, abs=1e-3)
    assert results.mean(f"{name}_sd_{shift}") == pytest.approx(sd, abs=1e-3)
    if value is not None:
        assert results.mean(f"{name}_value_{shift}") == pytest.approx(value, abs=1e-3)


def test_the_kl_of_the_best_gaussian_is_the_difference_of_the_entropies() -> None:
    density = distribution(2.0)

    def surprise(x: float) -> float:
        p = sum(
            w * float(norm.pdf(x, m, s)) for w, m, s in zip(density.weights, density.means, density.sds, strict=True)
        )
        return -p * log(p) if p else 0.0

    entropy = quad(surprise, -8, 8, limit=200)[0]
    expected = log(2 * pi * e * hypot(2, 0.5) ** 2) / 2 - entropy
    assert findings("covering").mean("kl_value_2") == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("name", "worked"), [("reverse_kl", 2 * 2.800), ("jensen_shannon", 2 * 4.245)])
def test_the_optimum_lets_go_of_a_mode_at_the_worked_distance(name: str, worked: float) -> None:
    assert findings("covering").mean(f"{name}_switch") == pytest.approx(worked, abs=3e-3)


@pytest.mark.parametrize(
    ("name", "worked"),
    # N(0, 1) and N(0.5, 1.5^2): closed forms of both KLs and of Pearson's.
    [
        ("kl", log(1.5) + (1 + 0.25) / (2 * 2.25) - 0.5),
        ("reverse_kl", -log(1.5) + (2.25 + 0.25) / 2 - 0.5),
        ("pearson", 1.5**2 / np.sqrt(2 * 1.5**2 - 1) * np.exp(0.25 / (2 * 1.5**2 - 1)) - 1),
    ],
)
def test_a_divergence_of_two_gaussians_is_its_closed_form(name: str, worked: float) -> None:
    assert DIVERGENCES[name](log_normal(0, 1), log_normal(0.5, 1.5)) == pytest.approx(worked, rel=1e-9)
