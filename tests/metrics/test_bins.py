"""Counts in bins: NDB on samples whose cells are known, captured classes, and stacked digits."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ganbench.errors import BadInput
from ganbench.metrics.modes import (
    cell_counts,
    classes_captured,
    jensen_shannon,
    ndb,
    ndb_jsd,
    stacked_counts,
    stacked_kl,
    stacked_modes,
    two_proportion_z,
)


def test_two_proportions_differ_by_the_published_z():
    z = two_proportion_z(torch.tensor([100, 900]), torch.tensor([130, 870]))
    assert z.tolist() == pytest.approx([-2.1027406, 2.1027406], abs=5e-8)
    assert two_proportion_z(torch.tensor([0, 5]), torch.tensor([0, 7])).tolist() == [0, 0]


def test_bin_divergences_have_their_worked_values():
    half, one = torch.tensor([0.5, 0.5], dtype=torch.float64), torch.tensor([1.0, 0.0], dtype=torch.float64)
    assert jensen_shannon(half, one).item() == pytest.approx(0.2157616, abs=5e-8)


def blobs(n, distribution, seed):
    rng = np.random.default_rng(seed)
    return np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])[
        rng.choice(4, p=distribution, size=n)
    ] + rng.normal(size=(n, 2), scale=0.1)


def test_bins_find_the_blobs_and_what_samples_drop():
    even = [0.25] * 4
    real, fake = blobs(2000, even, 0), blobs(2000, [0.5, 0.5, 0, 0], 1)
    assert ndb(real, fake, bins=4) == 1
    a, b = cell_counts(real, fake, 4, 0)
    expected = jensen_shannon(a.double() / 2000, b.double() / 2000).item()
    assert ndb_jsd(real, fake, bins=4) == pytest.approx(expected, rel=1e-12)
    assert expected == pytest.approx(0.2157616, abs=0.02)  # half of the mass on half of the bins
    assert ndb(real, real, bins=4) == ndb_jsd(real, real, bins=4) == 0


def test_bins_do_not_move_with_the_origin():
    real, fake = blobs(500, [0.25] * 4, 0), blobs(500, [0.4, 0.2, 0.2, 0.2], 1)
    assert ndb_jsd(real + 1e6, fake + 1e6, bins=20) == pytest.approx(ndb_jsd(real, fake, bins=20), rel=1e-6)


@pytest.mark.parametrize(("fakes", "share"), [(125, 0), (130, 1)])  # z = 1.77 and 2.10, around 1.96
def test_a_bin_differs_from_the_two_sided_five_percent_point_on(fakes, share):
    spread = np.linspace(0, 0.1, 1000)[:, None]  # k-means needs distinct rows, not wide ones
    real, fake = ((np.arange(1000)[:, None] < few) * 10 + spread for few in (100, fakes))
    assert ndb(real, fake, bins=2) == share


@pytest.mark.slow
def test_a_perfect_sampler_differs_in_five_percent_of_the_bins_by_a_divergence_of_its_floor():
    rng = np.random.default_rng(0)
    pairs = [(rng.normal(size=(4000, 2)), rng.normal(size=(4000, 2))) for _ in range(12)]
    share = np.mean([ndb(real, fake, bins=40) for real, fake in pairs])
    assert share == pytest.approx(0.05, abs=0.03)  # 480 bins: three standard errors of .01
    divergence = np.mean([ndb_jsd(real, fake, bins=40) for real, fake in pairs])
    assert divergence == pytest.approx(39 / 8 * (2 / 4000), rel=0.25)  # the mean of 12 chi-squares with 39 degrees


def test_more_bins_than_distinct_rows_are_refused():
    with pytest.raises(BadInput, match="between 1 and the 2 distinct rows"):
        ndb(np.array([[0.0], [1.0], [1.0]]), np.zeros((3, 1)), bins=3)


def test_captured_classes_are_counted_by_the_most_probable():
    p = np.array([[0.6, 0.4, 0.0], [0.9, 0.1, 0.0], [0.2, 0.3, 0.5]])
    assert classes_captured(p) == 2
    assert classes_captured(p, at_least=2) == 1


def test_stacked_digits_are_read_as_a_number_of_three_places():
    assert stacked_counts([[1, 2, 3], [1, 2, 3], [0, 0, 9]]).nonzero().flatten().tolist() == [9, 123]
    assert stacked_modes([[1, 2, 3], [1, 2, 3], [0, 0, 9]]) == 2
    assert stacked_modes([[1, 2, 3], [1, 2, 3], [0, 0, 9]], at_least=2) == 1


def test_the_stacked_kl_has_its_closed_forms():
    every = np.stack(np.meshgrid(*[range(10)] * 3, indexing="ij"), -1).reshape(-1, 3)
    assert stacked_kl(every) == pytest.approx(0, abs=1e-12)
    assert stacked_kl(every[:100]) == pytest.approx(math.log(10), rel=1e-12)
    assert stacked_kl(every[:100], every[:200]) == pytest.approx(math.log(2), rel=1e-12)
    assert stacked_modes(every[:100]) == 100


def test_the_stacked_kl_of_a_perfect_sampler_is_its_floor():
    digits = np.random.default_rng(0).integers(10, size=(26_000, 3))
    # 2 n KL is about chi-square with 999 degrees: a relative deviation of 4 sqrt(2 / 999).
    assert stacked_kl(digits) == pytest.approx(999 / 52_000, rel=4 * math.sqrt(2 / 999))


def test_stacks_that_are_none_are_refused():
    for digits in (np.zeros((4, 2), int), np.zeros((0, 3), int), [[0, 0, 10]], [[0, 0, -1]], [[0.5, 0, 0]]):
        with pytest.raises(BadInput, match="digits"):
            stacked_modes(digits)
    with pytest.raises(BadInput, match="lacks the stack 009"):
        stacked_kl([[0, 0, 9]], reference=[[0, 0, 1]])
