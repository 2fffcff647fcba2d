"""Samples that add most to a distance are those without which it would be smallest."""

from __future__ import annotations

import pytest
import torch

from ganbench.metrics import fid
from ganbench.metrics.feature_vectors import Features
from ganbench.report.influence import influence, suspects


def normal(n: int, d: int, seed: int) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("spread", [0.5, 2.0])
def test_what_a_sample_adds_is_the_distance_less_the_one_without_it(spread: float) -> None:
    real, fake = normal(300, 4, 0) @ normal(4, 4, 1), normal(400, 4, 2) * spread + 1
    without = [fid(real, torch.cat([fake[:i], fake[i + 1 :]])) for i in range(60)]
    left_out = fid(real, fake) - torch.tensor(without, dtype=torch.float64)
    adds = influence(real, fake)[:60]
    assert torch.allclose(adds, left_out, atol=0.03 * float(left_out.abs().max()))


def test_directions_without_samples_do_no_harm() -> None:
    real, fake = normal(50, 3, 0), normal(50, 3, 1)
    fake[:, 2] = 0.0
    assert influence(real, fake).isfinite().all()
    real[:, 2] = 0.0
    assert influence(real, fake).isfinite().all()


def test_a_sample_far_from_all_others_comes_first_and_meets_its_nearest_training_example() -> None:
    fake = normal(100, 2, 0)
    fake[17] = torch.tensor([9.0, 9.0])
    train = torch.cat([normal(100, 2, 1), torch.tensor([[9.0, 8.0]], dtype=torch.float64)])
    first = suspects(Features(normal(100, 2, 2)), Features(train), Features(fake), 3)[0]
    assert (first.index, first.nearest) == (17, 100)
    assert first.distance == pytest.approx(1.0)
    assert first.adds > 0
