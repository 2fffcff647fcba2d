"""Mode counts against the control rows whose values are known: real data, centres, half of the modes, twice the sd."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ganbench.dataset import Modes
from ganbench.errors import BadInput
from ganbench.metrics.modes import (
    high_quality,
    jensen_shannon,
    mode_jsd,
    modes_captured,
    modes_covered,
    reverse_kl,
    within_mode_spread,
)

ALL = [modes_captured, modes_covered, high_quality, reverse_kl, mode_jsd, within_mode_spread]
ANGLES = torch.arange(8, dtype=torch.float64) * math.pi / 4
RING = Modes(torch.stack([ANGLES.cos(), ANGLES.sin()], 1), 0.01)
AXIS = torch.arange(-4.0, 5.0, 2.0)
GRID = Modes(torch.cartesian_prod(AXIS, AXIS), 0.05)


def samples(modes, n=2500, sd=1.0, among=None, seed=0):
    rng = np.random.default_rng(seed)
    centres = modes.centres.double().numpy()
    which = rng.integers(among or len(centres), size=n)
    return centres[which] + sd * modes.sd * rng.normal(size=(n, centres.shape[1]))


@pytest.mark.parametrize("modes", [RING, GRID], ids=["ring", "grid"])
def test_real_data_captures_and_covers_every_mode(modes):
    real = samples(modes, n=20_000)
    assert modes_captured(real, modes) == modes_covered(real, modes) == len(modes.centres)
    ceiling = 1 - math.exp(-4.5)
    assert high_quality(real, modes) == pytest.approx(ceiling, abs=4 * math.sqrt(ceiling * (1 - ceiling) / 20_000))
    assert within_mode_spread(real, modes) == pytest.approx(1, abs=0.02)  # 4 standard errors of a median of 20 000


def test_the_kl_of_real_data_is_its_floor():
    floors = [reverse_kl(samples(RING, seed=seed), RING) for seed in range(60)]
    floor = 7 / 5000
    # 2 n KL is chi-square with 7 degrees: the mean of 60 has standard error floor * sqrt(2 / 7 / 60).
    assert np.mean(floors) == pytest.approx(floor, abs=4 * floor * math.sqrt(2 / 7 / 60))


def test_copies_of_the_centres_are_perfect_in_every_column_but_the_spread():
    copies = samples(RING, sd=0)
    assert modes_captured(copies, RING) == 8
    assert high_quality(copies, RING) == 1
    assert within_mode_spread(copies, RING) == 0


def test_twice_the_deviation_shows_as_a_spread_of_two():
    wide = samples(RING, n=10_000, sd=2)
    assert within_mode_spread(wide, RING) == pytest.approx(2, abs=0.05)
    assert high_quality(wide, RING) == pytest.approx(1 - math.exp(-9 / 8), abs=0.02)


def test_a_collapse_beside_the_centres_is_not_taken_for_spread():
    beside = RING.centres.numpy().repeat(50, axis=0) + 0.01
    assert within_mode_spread(beside, RING) == pytest.approx(0, abs=1e-12)


def test_stray_samples_hardly_move_the_spread():
    rng = np.random.default_rng(5)
    real = samples(RING, n=5000)
    real[:250] = rng.uniform(-1, 1, size=(250, 2))
    assert within_mode_spread(real, RING) == pytest.approx(1, abs=0.1)


def test_spread_holds_in_other_dimensions():
    modes = Modes(torch.tensor([[0.0] * 16, [10.0] * 16]), 0.5)
    assert within_mode_spread(samples(modes, n=4000), modes) == pytest.approx(1, abs=0.02)


def test_half_of_the_modes_cost_a_kl_of_ln_two():
    half = RING.centres[:4].repeat(100, 1)
    assert modes_captured(half, RING) == modes_covered(half, RING) == 4
    assert reverse_kl(half, RING) == pytest.approx(math.log(2), rel=1e-12)
    assert reverse_kl(RING.centres[:1].repeat(9, 1), RING) == pytest.approx(math.log(8), rel=1e-12)


def test_two_of_eight_modes_have_the_published_divergence():
    p = torch.tensor([0.5, 0.5, 0, 0, 0, 0, 0, 0], dtype=torch.float64)
    uniform = torch.full((8,), 1 / 8, dtype=torch.float64)
    assert jensen_shannon(p, uniform).item() == pytest.approx(0.3804, abs=5e-5)
    assert jensen_shannon(p, p).item() == 0
    q = torch.tensor([0, 0, 1.0, 0, 0, 0, 0, 0], dtype=torch.float64)
    assert jensen_shannon(p, q).item() == pytest.approx(math.log(2), rel=1e-12)


def test_the_divergence_has_a_bin_for_samples_of_no_mode():
    nowhere = torch.full((50, 2), 9.0)
    refused = math.exp(-4.5)  # what the true distribution itself puts there
    closed = (math.log(2 / (1 + refused)) + refused * math.log(2 * refused / (1 + refused))) / 2
    closed += (1 - refused) * math.log(2) / 2
    assert mode_jsd(nowhere, RING) == pytest.approx(closed, rel=1e-12)
    assert mode_jsd(samples(RING, n=50_000), RING) < 2e-4  # about 8 / (8 n) of bias


def test_a_gaussian_blob_captures_modes_but_covers_none():
    blob = np.random.default_rng(0).normal(size=(2500, 2)) * math.sqrt(8)
    assert 12 <= modes_captured(blob, GRID) <= 24
    assert modes_covered(blob, GRID) == 0
    assert high_quality(blob, GRID) == pytest.approx(0.0156, abs=0.01)


@pytest.mark.parametrize("n", [400, 560, 2480])
def test_covered_needs_a_tenth_of_the_fair_share_in_good_samples(n):
    centres, least = RING.centres, n // 80
    counts = [n - 4 * least + 1, least, least - 1, least]
    points = torch.cat([centre.repeat(count, 1) for centre, count in zip(centres, counts, strict=False)])
    points = torch.cat([points, centres[4:5].repeat(least, 1) * 1.5])  # near it, but not good
    assert len(points) == n
    assert modes_covered(points, RING) == 3
    assert modes_captured(points, RING) == 4
    assert modes_covered(points, RING, share=0.2) == 1


def test_noise_captures_most_modes_of_the_grid_and_covers_none():
    noise = np.random.default_rng(3).uniform(-5, 5, (2500, 2))
    assert modes_captured(noise, GRID) >= 20
    assert modes_covered(noise, GRID) == 0


def test_quality_is_strict_at_three_deviations():
    modes = Modes(torch.tensor([[0.0, 0.0]]), 1.0)
    points = [[3.0, 0.0], [np.nextafter(3.0, 0.0), 0.0], [3.1, 0.0], [0.0, 0.0]]
    assert high_quality(np.array(points), modes) == 0.5


def test_quality_is_measured_from_the_nearest_mode():
    modes = Modes(torch.tensor([[0.0, 0.0], [4.0, 0.0]]), 1.0)
    assert reverse_kl(np.array([[1.9, 0.0]]), modes) == pytest.approx(math.log(2))


def test_without_a_high_quality_sample_the_kl_is_undefined():
    with pytest.raises(BadInput, match="no high-quality sample"):
        reverse_kl(np.full((10, 2), 5.0), RING)


def test_a_spread_needs_samples():
    with pytest.raises(BadInput, match="no mode has 10 samples"):
        within_mode_spread(RING.centres, RING)


@pytest.mark.parametrize("score", ALL, ids=lambda m: m.__name__)
def test_points_of_another_dimension_or_none_are_refused(score):
    with pytest.raises(BadInput, match="expected 2 columns"):
        score(np.zeros((10, 3)), RING)
    with pytest.raises(BadInput, match="at least one row"):
        score(np.zeros((0, 2)), RING)


def test_the_ring_far_from_the_origin_scores_as_it_does_at_it():
    far = Modes(RING.centres + 1e6, RING.sd)
    assert high_quality(samples(RING) + 1e6, far) == high_quality(samples(RING), RING)
