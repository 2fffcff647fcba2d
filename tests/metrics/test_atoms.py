"""Moment atoms: what they have of a sample, and what no metric but the Frechet distance takes for it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganbench.errors import BadInput
from ganbench.metrics import authenticity, coverage, fid, mind, recall
from ganbench.metrics.atoms import moment_atoms
from ganbench.metrics.feature_vectors import Features
from ganbench.scoring.api import Options, score


def sample(seed, n, d):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) @ (np.eye(d) + 0.3 * np.tri(d)) + rng.integers(0, 2, (n, 1)) * 5


def atoms_of(real, n):
    features = Features(real)
    return moment_atoms(features.mean, features.covariance, n).numpy()


def test_atoms_have_the_mean_and_the_covariance_and_come_once_without_a_number():
    real = Features(sample(0, 500, 5))
    atoms = moment_atoms(real.mean, real.covariance)
    assert atoms.shape == (10, 5)
    assert torch.allclose(atoms.mean(0), real.mean, rtol=1e-12)
    assert torch.allclose(atoms.T.cov(correction=0), real.covariance, rtol=1e-10)


def test_the_frechet_distance_of_atoms_is_nothing_and_other_metrics_disagree():
    real, held_out = sample(1, 1000, 8), sample(2, 1000, 8)
    atoms = atoms_of(real, 1000)
    assert len(atoms) == 992  # 62 times 16
    assert fid(real, atoms) < 1e-12 * np.trace(np.cov(real.T))
    assert fid(real, held_out) > 1e-3
    assert mind(real, atoms) > 10 * mind(real, held_out)
    assert recall(real, atoms) == 0
    assert coverage(real, atoms) < 0.1
    assert recall(real, held_out) > 0.7
    assert authenticity(sample(3, 1000, 8), atoms) > authenticity(sample(3, 1000, 8), held_out) + 0.05


def test_atoms_are_warned_of_with_and_without_controls_and_honest_samples_are_not():
    real = sample(1, 1000, 8)
    for controls in (False, True):
        options = Options(controls=controls)
        bought = score(atoms_of(real, 500), real, metrics="fid,mind", options=options).warnings
        (warned,) = [str(each) for each in bought if each.code == "W119"]
        assert "better than real data" in warned
        assert "lies below" in warned
        honest = score(sample(5, 500, 8), real, metrics="fid,mind", options=options).warnings
        assert "W119" not in {each.code for each in honest}


def test_samples_that_only_a_held_out_half_unmasks_are_warned_of_with_controls():
    """Near copies of half of the reference: their distance to the whole is possible, to that half it is not."""
    real = sample(1, 2000, 32)
    plain, controlled = Options(), Options(controls=True)
    floor = score(sample(5, 1000, 32), real, metrics="fid", options=controlled).rows[1]
    assert floor.reference is not None
    near = floor.reference.feature_set.values.numpy() + 1e-3
    reports = [score(near, real, metrics="fid", options=options) for options in (plain, controlled)]
    codes = [{each.code for each in report.warnings} for report in reports]
    assert ["W119" in each for each in codes] == [False, True]


def test_directions_without_variance_have_no_atoms():
    real = np.concatenate([sample(4, 60, 3), np.zeros((60, 2))], 1)
    assert atoms_of(real, 60).shape == (60, 5)
    assert len(atoms_of(np.ones((9, 3)), 9)) == 8
    with pytest.raises(BadInput, match="covariance: expected no negative eigenvalue, got -1"):
        moment_atoms(torch.zeros(2), torch.diag(torch.tensor([1.0, -1.0])))
