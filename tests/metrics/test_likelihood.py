"""Parzen windows against closed forms and a density written out; bits per dimension against definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from scipy.stats import norm

from ganbench._util.streams import stream
from ganbench.errors import BadInput
from ganbench.metrics.likelihood import BANDWIDTHS, bits_per_dimension, parzen, parzen_log_likelihood


def normal(n, d, seed):
    return np.random.default_rng(seed).normal(size=(n, d))


@pytest.mark.parametrize(("bandwidth", "value"), [(1.0, -720.44781), (0.2, 541.35151)])
def test_one_sample_at_the_point_itself_has_the_gaussian_peak(bandwidth, value):
    at = np.full((1, 784), 0.3)
    assert parzen_log_likelihood(at, at, bandwidth).item() == pytest.approx(value, abs=5e-6)


def test_the_window_is_the_mean_of_gaussians():
    x, centres = normal(5, 3, 0), normal(300, 3, 1)
    terms = norm.logpdf(x[:, None], centres, 0.4).sum(2)
    expected = logsumexp(terms, axis=1) - math.log(300)
    assert parzen_log_likelihood(x, centres, 0.4).tolist() == pytest.approx(expected, rel=1e-12)


def test_a_point_far_from_every_sample_keeps_a_finite_density():
    assert parzen_log_likelihood([[1e6]], [[0.0]], 1.0).item() == pytest.approx(-5e11, rel=1e-9)


def test_the_score_approaches_the_entropy_of_the_law():
    value = parzen(normal(2000, 1, 0), normal(4000, 1, 1))
    # Mean log-density of N(0, 1) is -1.4189 with standard error .022 over the 1000 scored rows.
    assert value == pytest.approx(-0.5 * math.log(2 * math.pi * math.e), abs=0.08)


def test_the_bandwidth_is_the_best_of_the_grid_on_rows_that_are_not_scored():
    real, fake = normal(60, 2, 0), normal(80, 2, 1)
    order = torch.randperm(60, generator=stream(3, "parzen")).numpy()
    chosen, scored = real[order[:30]], real[order[30:]]
    centred = real - real.mean(0)
    widths = BANDWIDTHS.numpy() * math.sqrt((centred**2).mean())
    best = max(widths, key=lambda width: parzen_log_likelihood(chosen, fake, width).mean().item())
    expected = parzen_log_likelihood(scored, fake, best).mean().item()
    assert parzen(real, fake, seed=3) == pytest.approx(expected, rel=1e-10)
    assert parzen(real, fake, seed=4) != parzen(real, fake, seed=3)


def test_a_scale_adds_its_logarithm():
    real, fake = normal(60, 3, 0), normal(80, 3, 1)
    assert parzen(7 * real, 7 * fake) == pytest.approx(parzen(real, fake) - 3 * math.log(7), rel=1e-10)


def test_a_mixture_of_noise_costs_at_most_its_logarithm():
    real, good = normal(200, 2, 0), normal(500, 2, 1)
    noisy = np.concatenate([good, np.full((500, 2), 1e4)])
    assert parzen(real, noisy) == pytest.approx(parzen(real, good) - math.log(2), rel=1e-9)


def test_the_grid_holds_distribution_much_narrower_than_their_extent():
    ring = np.array([[math.cos(a), math.sin(a)] for a in np.arange(8) * math.pi / 4])
    real, fake = (
        ring.repeat(100, axis=0) + 0.01 * normal(800, 2, 0),
        ring.repeat(100, axis=0) + 0.01 * normal(800, 2, 1),
    )
    entropy = math.log(8) + math.log(2 * math.pi * math.e * 1e-4)
    assert parzen(real, fake) == pytest.approx(-entropy, abs=0.2)


def test_references_without_rows_or_scale_are_refused():
    with pytest.raises(BadInput, match="at least 4 rows"):
        parzen(normal(3, 2, 0), normal(5, 2, 0))
    with pytest.raises(BadInput, match="copies of one"):
        parzen(np.ones((5, 2)), normal(5, 2, 0))
    with pytest.raises(BadInput, match="samples: expected rows of 2 columns"):
        parzen_log_likelihood(normal(3, 2, 0), normal(5, 3, 0), 1.0)
    with pytest.raises(BadInput, match="bandwidth"):
        parzen_log_likelihood(normal(3, 2, 0), normal(5, 2, 0), 0)


def test_uniform_bytes_cost_eight_bits_however_they_are_scaled():
    assert bits_per_dimension(0.0, 784) == pytest.approx(8, rel=1e-14)  # density 1 on [0, 1]
    assert bits_per_dimension(-784 * math.log(256), 784, bin_width=1) == pytest.approx(8, rel=1e-14)
    assert bits_per_dimension(-784 * math.log(2), 784, bin_width=1 / 128) == pytest.approx(8, rel=1e-14)  # on [-1, 1]


def test_a_nat_per_dimension_is_worth_its_bits():
    assert bits_per_dimension(10.0, 10) == pytest.approx(8 - 1 / math.log(2), rel=1e-14)


def test_bits_of_nothing_are_refused():
    for arguments in ((math.nan, 3), (0.0, 0), (0.0, 3, 0.0)):
        with pytest.raises(BadInput):
            bits_per_dimension(*arguments)


def test_no_window_is_wider_than_the_grid_s_last():
    variance = 0.5 * 10**0.5  # of reals at +-1 on one of two axes, times that of the last of the grid
    reals, far = np.array([[-1.0, 0.0], [1.0, 0.0]] * 4), np.array([[0.0, 10.0]] * 3)
    expected = -math.log(2 * math.pi * variance) - 101 / (2 * variance)
    assert parzen(reals, far) == pytest.approx(expected, rel=1e-9)
