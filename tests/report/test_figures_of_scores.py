"""What pictures of a comparison are drawn from: tiles, spectra and curves that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganbench.metrics.feature_vectors import Features
from ganbench.report.score_figures import curve, rings, tiled


def test_a_wave_has_its_power_at_its_own_frequency_in_both_directions() -> None:
    at = np.arange(16)
    for wave in (np.cos(2 * np.pi * 3 * at / 16)[None, :], np.cos(2 * np.pi * 3 * at / 16)[:, None]):
        power = rings(np.broadcast_to(wave, (2, 16, 16)).astype(np.float64))
        assert len(power) == 9
        assert int(power.argmax()) == 3
        assert power[[0, 1, 2, 5, 6, 7, 8]] == pytest.approx(0, abs=1e-20)


def test_noise_has_its_variance_as_power_everywhere_also_in_oblong_pictures() -> None:
    noise = np.random.default_rng(0).normal(0, 3, (400, 12, 20))
    assert rings(noise)[1:] == pytest.approx(9, rel=0.1)


def test_tiles_stand_a_pixel_apart_on_white_and_small_ones_fill_their_corner() -> None:
    black, small = np.zeros((2, 2, 3), np.uint8), np.full((1, 1, 1), 7, np.uint8)
    whole = tiled([black, small, black], across=2)
    assert whole.shape == (5, 5, 3)
    assert whole[..., 0].tolist() == [
        [0, 0, 255, 7, 255],
        [0, 0, 255, 255, 255],
        [255, 255, 255, 255, 255],
        [0, 0, 255, 255, 255],
        [0, 0, 255, 255, 255],
    ]


def test_the_curve_of_equal_clouds_reaches_the_corner_and_of_distant_ones_stays_at_the_axes() -> None:
    x = torch.randn(300, 2, generator=torch.Generator().manual_seed(0))
    precision, recall = curve(Features(x), Features(x.clone()))
    assert max(np.minimum(precision, recall)) == pytest.approx(1)
    precision, recall = curve(Features(x), Features(x + 1000))
    assert max(np.minimum(precision, recall)) == 0
