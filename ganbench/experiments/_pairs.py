"""Pairs of samples that differ in one way, by a strength: what a two-sample test may or may not notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

ROWS, DIM = 100, 5


def normal(random: torch.Generator) -> Tensor:
    return torch.randn(ROWS, DIM, generator=random, dtype=torch.float64)


def shifted(strength: float, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """N(0, I) against a mean of ``strength`` along the first axis."""
    moved = torch.zeros(DIM, dtype=torch.float64)
    moved[0] = strength
    return normal(random), normal(random) + moved


def wider(strength: float, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """N(0, I) against a standard deviation of ``strength`` along every axis."""
    return normal(random), strength * normal(random)


def lost_modes(strength: float, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Four modes at the corners of a square against a share ``strength`` of them moved to two opposite corners."""
    corners = 4.0 * torch.randint(2, (2, ROWS, 2), generator=random).double() - 2
    drop = torch.rand(ROWS, generator=random) < strength
    corners[1, :, 1] = torch.where(drop, corners[1, :, 0], corners[1, :, 1])
    both = torch.stack([normal(random), normal(random)])
    both[:, :, :2] += corners
    return both[0], both[1]


def same_moments(strength: float, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """N(0, I) against a mixture of 32 Gaussians at the corners of a cube, with its mean and covariance."""
    signs = 2.0 * torch.randint(2, (ROWS, DIM), generator=random).double() - 1
    return normal(random), strength * signs + (1 - strength**2) ** 0.5 * normal(random)


Pair = Callable[[float, torch.Generator], tuple[Tensor, Tensor]]
WAYS: Mapping[str, tuple[Pair, tuple[float, ...]]] = {
    "shift": (shifted, (0.25, 0.5, 0.75)),
    "spread": (wider, (1.15, 1.3, 1.6)),
    "lost modes": (lost_modes, (0.25, 0.5, 1.0)),
    "equal moments": (same_moments, (0.8, 0.9, 0.97)),
}
