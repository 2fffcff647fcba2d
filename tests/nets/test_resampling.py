"""Enlarging and halving are the filter [1, 3, 3, 1] of StyleGAN2 and R3GAN, borders included."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from ganbench.nets.resampling import enlarged, halved, smoothed

TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.double)
KERNEL = (TAPS[:, None] * TAPS / 64)[None, None]


def planes(side: int) -> Tensor:
    return torch.randn(3, 1, side, side, dtype=torch.double, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("side", [2, 5, 8])
def test_enlarging_puts_zeros_between_pixels_and_filters(side: int) -> None:
    x = planes(side)
    torch.testing.assert_close(enlarged(x, 2 * side), F.conv_transpose2d(x, 4 * KERNEL, stride=2, padding=1))
    torch.testing.assert_close(enlarged(x, 2 * side - 1)[..., :-2, :-2], enlarged(x, 2 * side)[..., :-3, :-3])


@pytest.mark.parametrize("side", [2, 5, 8])
def test_halving_filters_and_takes_every_second_pixel(side: int) -> None:
    x = planes(side)
    torch.testing.assert_close(halved(x), F.conv2d(x, KERNEL, stride=2, padding=1))
    torch.testing.assert_close(smoothed(x), F.conv2d(x, KERNEL, padding=2))
