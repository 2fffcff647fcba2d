from __future__ import annotations

from math import log

import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm

from ganbench.notes.optimal_discriminator import BEST, WIDE, WINDOW, value
from tests.notes.measured import findings

pytestmark = pytest.mark.xdist_group("experiment-optimal_discriminator")


def divergence(shift: float) -> float:
    """Jensen-Shannon divergence of N(0, 1) and N(shift, 1), by another quadrature."""

    def part(x: float) -> float:
        p, q = float(norm.pdf(x)), float(norm.pdf(x, shift))
        return (p * log(2 * p / (p + q)) + q * log(2 * q / (p + q))) / 2

    return float(quad(part, -12, 13, epsabs=1e-12)[0])


def test_the_best_value_is_twice_the_divergence_less_log_4() -> None:
    assert pytest.approx(2 * divergence(1.0) - log(4), abs=1e-6) == BEST
    assert value((0.5 - WIDE)[None], 1.0, alone=False).item() == pytest.approx(BEST, abs=1e-6)
    assert value(torch.zeros(1, len(WIDE), dtype=torch.float64), 0.0, alone=False).item() == pytest.approx(
        -log(4), abs=1e-9
    )


@pytest.mark.slow
def test_learned_discriminators_meet_the_closed_form_within_the_published_band() -> None:
    results = findings("optimal_discriminator")
    assert max(results.numbers["error_apart"]) < 0.015
    assert all(BEST - 0.006 < each <= BEST for each in results.numbers["value_apart"])  # a supremum bounds every seed
    assert max(results.numbers["error_equal"]) < 0.01


@pytest.mark.slow
def test_log_d_alone_drives_the_discriminator_to_a_step_at_the_crossing() -> None:
    results = findings("optimal_discriminator")
    curve = dict(zip(WINDOW.tolist(), results.curves["log D alone, seed 0"], strict=True))
    assert min(y for x, y in curve.items() if x < 0.3) > 0.9
    assert max(y for x, y in curve.items() if x > 0.7) < 0.1
