"""Whether a loss tells, rank_correlation a run, how good the samples are."""

from __future__ import annotations

import pytest

from ganbench.notes.emd_monitor import rank_correlation
from tests.notes.measured import findings

pytestmark = pytest.mark.xdist_group("experiment-emd_monitor")
NAME, CLAIM = "emd_monitor", "the discriminator's estimate as a monitor"


def test_rank_correlation_depends_on_order_alone() -> None:
    assert rank_correlation([1.0, 10.0, 100.0], [-3.0, -2.0, 7.0]) == pytest.approx(1)
    assert rank_correlation([1.0, 10.0, 100.0], [3.0, 2.0, 1.0]) == pytest.approx(-1)
    assert rank_correlation([1.0, 1.0], [3.0, 2.0]) == 0


@pytest.mark.slow
def test_both_methods_improve_during_training() -> None:
    results = findings(NAME)
    for name in ("wgan_gp", "ns_gan"):
        assert results.high(f"{name}: last distance") < results.low(f"{name}: first distance")


@pytest.mark.slow
def test_the_estimate_follows_the_distance() -> None:
    # 18 places: independent series have a standard deviation of 1/sqrt(17) = 0.24, the mean of four half of that
    assert findings(NAME).mean("wgan_gp: rank correlation") > 0.5
