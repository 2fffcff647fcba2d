"""The Laplacian pyramid and its patches against what they must be, and the distance on images made to differ."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ganbench._util.streams import stream
from ganbench.errors import BadInput
from ganbench.metrics.images import laplacian_pyramid, laplacian_swd, patches, swd_by_level


def noise_images(n, side, seed, channels=1):
    return np.random.default_rng(seed).uniform(-1, 1, size=(n, channels, side, side)).astype(np.float32)


@pytest.mark.parametrize(("side", "levels"), [(8, 1), (28, 1), (32, 2), (33, 2), (64, 3)])
def test_the_pyramid_halves_down_to_sixteen_pixels(side, levels):
    bands = laplacian_pyramid(torch.from_numpy(noise_images(2, side, 0)))
    assert len(bands) == levels
    assert bands[-1].shape[-1] == -(-side // 2 ** (levels - 1))


def test_a_plain_image_has_nothing_in_the_bands_but_the_coarsest():
    *fine, coarse = laplacian_pyramid(torch.full((1, 3, 65, 70), 0.7))
    assert max(band.abs().max().item() for band in fine) < 1e-6
    assert coarse.sub(0.7).abs().max().item() < 1e-6


def test_patches_are_standardised_by_channel():
    band = torch.from_numpy(noise_images(20, 16, 0, channels=3)) * torch.tensor([1.0, 5.0, 0.1])[:, None, None] + 3
    cut = patches(band, 30, stream(0, "x")).view(600, 3, 49)
    assert cut.mean((0, 2)).tolist() == pytest.approx([0, 0, 0], abs=1e-6)
    assert cut.square().mean((0, 2)).tolist() == pytest.approx([1, 1, 1], abs=1e-6)


def test_patches_are_windows_of_their_image():
    band = torch.arange(2 * 9 * 9, dtype=torch.float32).view(2, 1, 9, 9)
    cut = patches(band, 4, stream(0, "x")).view(2, 4, 7, 7)
    step_right = (cut[..., 1] - cut[..., 0]).flatten()
    step_down = (cut[:, :, 1] - cut[:, :, 0]).flatten()
    assert torch.allclose(step_down, 9 * step_right[0], rtol=1e-4)  # rows of the image are 9 pixels apart
    assert torch.allclose(step_right, step_right[0], rtol=1e-4)
    assert (cut[0].max() < cut[1].min()).item()


def test_the_pyramid_distance_names_the_level_that_differs():
    real, other = noise_images(80, 64, 0), noise_images(80, 64, 1)
    smooth = np.repeat(np.repeat(noise_images(80, 16, 2), 4, axis=2), 4, axis=3)
    same, blurred = swd_by_level(real, other, per_image=24), swd_by_level(real, smooth, per_image=24)
    assert len(same) == len(blurred) == 3
    assert blurred[0] > 2 * max(same)  # noise has no flat squares
    assert blurred[0] > 1.5 * blurred[2]  # both are noise where squares of four pixels have become one
    assert laplacian_swd(real, smooth, per_image=24) == pytest.approx(np.mean(blurred), rel=1e-12)


def test_the_pyramid_distance_ignores_brightness_and_contrast_alone():
    real = noise_images(30, 16, 0)
    assert laplacian_swd(real, real, per_image=8) == 0
    assert laplacian_swd(real, 0.5 * real + 0.2, per_image=8) == pytest.approx(0, abs=0.01)
    assert laplacian_swd(real, real**3, per_image=8) > 10


def test_the_pyramid_distance_takes_unequal_counts_and_constant_channels():
    real = noise_images(12, 16, 0, channels=2)
    real[:, 1] = 0.25
    assert math.isfinite(laplacian_swd(real, noise_images(9, 16, 1, channels=2), per_image=8))


def test_images_that_do_not_match_are_refused():
    real = noise_images(4, 16, 0)
    for fake in (noise_images(4, 18, 0), noise_images(4, 16, 0, channels=3), real[0], np.full_like(real, np.nan)):
        with pytest.raises(BadInput, match="fake_images"):
            laplacian_swd(real, fake)
    with pytest.raises(BadInput, match="at least 7 pixels"):
        laplacian_swd(noise_images(4, 6, 0), noise_images(4, 6, 0))
