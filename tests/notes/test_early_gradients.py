from __future__ import annotations

from math import log

import pytest

from ganbench.notes.early_gradients import SPREADS, WORKED, exact
from tests.notes.measured import findings

pytestmark = pytest.mark.xdist_group("experiment-early_gradients")


@pytest.mark.parametrize(
    ("spread", "pull", "push"),
    [(0.1, 4.46e-5, 100.0), (0.2, 0.237, 24.8), (0.3, 0.790, 10.3), (0.5, 0.899, 3.10), (1.0, 0.398, 0.602)],
)
def test_the_gradients_at_the_best_discriminator_are_the_worked_ones(spread: float, pull: float, push: float) -> None:
    _, found_pull, found_push = exact(1.0, spread)
    assert (found_pull, found_push) == pytest.approx((pull, push), rel=5e-3)
    assert found_pull + found_push == pytest.approx(1 / spread**2, rel=1e-9)


@pytest.mark.parametrize(("spread", "worked"), list(zip(SPREADS, WORKED, strict=True)))
def test_the_divergence_is_the_worked_one(spread: float, worked: float) -> None:
    assert exact(1.0, spread)[0] == pytest.approx(worked, abs=1e-6)


@pytest.mark.parametrize("spread", [0.2, 0.5, 1.0])
def test_the_saturating_gradient_is_twice_the_divergence_s_by_the_envelope_theorem(spread: float) -> None:
    step = 1e-4
    change = (exact(1 + step, spread)[0] - exact(1 - step, spread)[0]) / (2 * step)
    assert exact(1.0, spread)[1] == pytest.approx(2 * change, rel=1e-5)


def test_the_divergence_depends_on_distance_and_noise_through_their_ratio_alone() -> None:
    assert exact(3.0, 0.6)[0] == pytest.approx(exact(1.0, 0.2)[0], rel=1e-12)
    assert exact(1.0, 0.01)[0] == pytest.approx(log(2), abs=1e-9)


@pytest.mark.slow
def test_a_discriminator_that_wins_silences_one_loss_and_sharpens_the_other() -> None:
    results = findings("early_gradients")
    for gap in ("near", "far"):
        assert min(results.numbers[f"accuracy_{gap}_500"]) >= 0.999
        assert max(results.numbers[f"saturating_{gap}_ratio"]) < 0.03
        assert min(results.numbers[f"non_saturating_{gap}_ratio"]) > 1.3
    # The logit decides how the gradient is shared: the two differ by the factor (1 - D) / D.
    assert results.mean("non_saturating_far_2000") > 1000 * results.mean("saturating_far_2000")
