from __future__ import annotations

from math import cos, exp, log, pi, sin

import pytest
import torch
from scipy.integrate import dblquad

from ganbench._util.streams import stream
from ganbench.notes._controls import CONTROLS, N, expected, variance
from ganbench.notes.control_rows import true_modes
from tests.notes.measured import findings

pytestmark = pytest.mark.xdist_group("experiment-control_rows")
NAME = "control_rows"


def test_the_closed_form_of_a_blob_agrees_with_the_density_integrated_over_a_disc():
    modes = true_modes("grid25")
    spread, total = variance(modes), 0.0
    for a, b in modes.centres.tolist():

        def density(angle, r, a=a, b=b):
            x, y = a + r * cos(angle), b + r * sin(angle)
            return r / (2 * pi * spread) * exp(-(x * x + y * y) / (2 * spread))

        total += dblquad(density, 0, 3 * modes.sd, 0, 2 * pi, epsabs=1e-9)[0]
    assert expected(modes)[1] == pytest.approx(100 * total, rel=1e-4)


@pytest.mark.parametrize(("name", "captured", "quality"), [("ring8", 4.504, 0.2649), ("grid25", 17.735, 1.5248)])
def test_a_gaussian_captures_what_the_closed_form_says(name, captured, quality):
    results = findings(NAME)
    exact = (
        results.mean(f"expected modes of a blob, {name}"),
        results.mean(f"expected high quality % of a blob, {name}"),
    )
    assert exact[0] == pytest.approx(captured, abs=0.001)
    assert exact[1] == pytest.approx(quality, abs=0.0001)
    # Four standard errors of a mean over 40 draws, whose half interval is 2.02 of them.
    assert results.mean(f"modes captured, Gaussian fit, {name}") == pytest.approx(
        exact[0], abs=2 * results.half_width(f"modes captured, Gaussian fit, {name}")
    )
    assert results.mean(f"high quality %, Gaussian fit, {name}") == pytest.approx(
        exact[1], abs=2 * results.half_width(f"high quality %, Gaussian fit, {name}")
    )


def test_the_variance_is_that_of_the_drawn_mixture():
    modes = true_modes("grid25")
    points = torch.cat([CONTROLS["real"](modes, stream(seed, "variance")) for seed in range(40)])
    # The relative error of a variance of 100 000 draws with this light-tailed distribution is below sqrt(2 / n).
    assert points.var(0).tolist() == [pytest.approx(variance(modes), rel=5 * (2 / len(points)) ** 0.5)] * 2


def test_missing_modes_cost_the_logarithm_of_their_number():
    results = findings(NAME)
    for name, most in (("ring8", 8), ("grid25", 25)):
        assert results.mean(f"reverse KL, one mode, {name}") == pytest.approx(log(most), abs=1e-9)
        kept = most // 2
        floor = (kept - 1) / (2 * N)
        assert results.mean(f"reverse KL, half of the modes, {name}") == pytest.approx(
            log(most / kept) + floor, abs=1e-3
        )
        assert set(results.numbers[f"modes captured, half of the modes, {name}"]) == {kept}


def test_twice_the_width_keeps_what_a_wider_disc_would():
    # P(chi_2 < 3 / 2) = 1 - exp(-9/8).
    for name in ("ring8", "grid25"):
        share = findings(NAME).mean(f"high quality %, real, twice as wide, {name}")
        assert share == pytest.approx(100 * (1 - exp(-9 / 8)), abs=0.6)


def test_the_published_row_stands_beside_the_gaussian():
    matrix = findings(NAME).matrices["A published row beside a blob"]
    assert [line[0] for line in matrix.cells] == ["15.8", "1.6"]
