"""A generator trained on the Frechet distance: descent cannot better it, and no other metric takes it for data."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics import authenticity, coverage, fid, mind, recall
from ganbench.metrics.feature_vectors import Features
from ganbench.metrics.frechet_matching import CurveGenerator, frechet_matching, optimal_layer
from tests.metrics.test_atoms import sample


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def trained(real: np.ndarray, n: int, seed: int = 0) -> Tensor:
    moments = Features(real)
    z = torch.rand(n, generator=seeded(seed), dtype=torch.float64)
    return frechet_matching(moments.mean, moments.covariance, seeded(seed + 1), z)(z)


def distance(rows: Tensor, mean: Tensor, covariance: Tensor) -> Tensor:
    """The Frechet distance as a function that can be differentiated: eigenvalues of the product of covariances."""
    root = torch.linalg.cholesky(covariance)
    inner = torch.linalg.eigvalsh(root.T @ rows.T.cov() @ root)
    return (rows.mean(0) - mean).square().sum() + rows.T.cov().trace() + covariance.trace() - 2 * inner.sqrt().sum()


def test_the_gradient_of_the_distance_is_zero_there() -> None:
    real = Features(sample(0, 500, 12))
    z = torch.rand(1000, generator=seeded(2), dtype=torch.float64)
    made = frechet_matching(real.mean, real.covariance, seeded(3), z)
    weights, bias = made.weights.clone().requires_grad_(), made.bias.clone().requires_grad_()
    torch.autograd.backward(distance(made.hidden(z) @ weights + bias, real.mean, real.covariance))
    scale = float(real.covariance.trace())
    assert weights.grad is not None
    assert bias.grad is not None
    assert float(weights.grad.abs().max()) < 1e-6 * scale
    assert float(bias.grad.abs().max()) < 1e-9 * scale


def test_descent_from_another_start_arrives_at_the_same_distance() -> None:
    real = Features(sample(0, 500, 3))
    z = torch.rand(200, generator=seeded(2), dtype=torch.float64)
    frequencies, phases = torch.tensor([[2.0, 1.0, 3.0], [0.0, 0.0, 0.0]], dtype=torch.float64)
    start = CurveGenerator(frequencies, phases, torch.eye(3, dtype=torch.float64), real.mean)
    weights, bias = (each.clone().requires_grad_() for each in (start.weights, start.bias))
    adam = torch.optim.Adam([weights, bias], lr=0.1)
    for _ in range(300):
        adam.zero_grad()
        torch.autograd.backward(distance(start.hidden(z) @ weights + bias, real.mean, real.covariance))
        adam.step()
    rows = (start.hidden(z) @ weights + bias).detach()
    assert fid(real, rows) == pytest.approx(0.0, abs=1e-4 * float(real.covariance.trace()))


def test_its_samples_are_at_no_frechet_distance_and_other_metrics_disagree() -> None:
    real, held_out = sample(1, 1000, 8), sample(2, 1000, 8)
    made = trained(real, 1000).numpy()
    assert fid(real, made) < 1e-10 * np.trace(np.cov(real.T))
    assert fid(real, held_out) > 1e-3
    assert mind(real, made) > 3 * mind(real, held_out)
    assert recall(real, made) < recall(real, held_out) - 0.2
    assert coverage(real, made) < coverage(real, held_out) - 0.2
    assert authenticity(sample(3, 1000, 8), made) > authenticity(sample(3, 1000, 8), held_out) + 0.05


@pytest.mark.parametrize("n", [10, 30, 31])
def test_fewer_samples_than_features_come_as_near_as_they_can(n: int) -> None:
    """Of n rows the covariance has rank n - 1: what the smallest eigenvalues are is missing, and no less can be."""
    real = sample(0, 400, 30)
    values = torch.linalg.eigvalsh(Features(real).covariance)
    assert fid(real, trained(real, n)) == pytest.approx(float(values[: 31 - n].sum()), rel=1e-8, abs=1e-8)


def test_without_noise_the_distribution_has_the_moments() -> None:
    real = Features(sample(5, 300, 4))
    made = frechet_matching(real.mean, real.covariance, seeded(0))
    rows = made((torch.arange(4000, dtype=torch.float64) + 0.5) / 4000)
    assert torch.allclose(rows.mean(0), real.mean, atol=1e-12)
    assert torch.allclose(rows.T.cov(correction=0), real.covariance, rtol=1e-9, atol=1e-11)
    assert sorted(made.frequencies.tolist()) == [1, 2, 3, 4]


def test_features_without_variance_stay_where_they_are() -> None:
    real = np.concatenate([sample(4, 60, 3), np.full((60, 2), 7.0)], 1)
    made = trained(real, 60)
    assert fid(real, made) < 1e-9 * np.trace(np.cov(real.T))
    assert torch.allclose(made[:, 3:], torch.tensor(7.0).double(), atol=1e-6)
    with pytest.raises(BadInput, match="covariance: expected no negative eigenvalue, got -1"):
        optimal_layer(torch.eye(2).double(), torch.diag(torch.tensor([1.0, -1.0])).double())


def test_blocks_of_rows_are_one_set() -> None:
    made = frechet_matching(torch.zeros(2), torch.eye(2), seeded(0))
    z = torch.rand(5000, generator=seeded(1), dtype=torch.float64)
    assert torch.equal(made(z)[4990:], made(z[4990:]))
