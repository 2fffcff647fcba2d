"""The Gaussian that fits a ring: what two moments see of it, and what they do not."""

from __future__ import annotations

import numpy as np
import pytest

from ganbench.notes.linear_vae import expected_quality
from tests.notes.measured import findings

pytestmark = pytest.mark.xdist_group("experiment-linear_vae")
NAME, CLAIM = "linear_vae", "two moments of a blurry ring"


def test_the_mass_near_the_centres_is_the_density_times_the_area() -> None:
    variance, line = 0.5 + 0.01**2, np.linspace(-0.03, 0.03, 601)
    x, y = np.meshgrid(line, line)
    density = np.exp(-((1 + x) ** 2 + y**2) / (2 * variance)) / (2 * np.pi * variance)
    inside = (x**2 + y**2 <= 0.03**2) * density
    assert expected_quality() == pytest.approx(8 * float(inside.sum()) * (line[1] - line[0]) ** 2, rel=5e-3)


def test_the_fitted_gaussian_is_blurred_and_its_distance_is_not() -> None:
    results = findings(NAME)
    # 10 times 2500 samples of a share of 0.27 %: sd 0.03 %
    assert results.mean("high quality, Gaussian") == pytest.approx(expected_quality(), abs=0.0015)
    assert results.mean("high quality, real") == pytest.approx(0.98889, abs=0.003)
    assert results.mean("modes covered, real") == 8
    assert results.mean("Frechet distance, Gaussian") < 0.01
