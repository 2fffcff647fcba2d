"""Sliced Wasserstein distance between the patches of two image sets, level by level of a Laplacian pyramid."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from ganbench.errors import BadInput
from ganbench.metrics.base import metric
from ganbench.metrics.images import images
from ganbench.metrics.transport import directions, sorted_cost
from ganbench.streams import stream

SIDE = 7  # pixels of a patch
COARSEST = 16  # pixels: no level is made smaller
BINOMIAL = torch.outer(*2 * (torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]),)) / 256


def filtered(x: Tensor, stride: int) -> Tensor:
    """Blur each channel with the 5 x 5 binomial filter, mirrored at the border, and keep every ``stride``-th pixel."""
    n, c, _, _ = x.shape
    kernel = BINOMIAL.to(x)[None, None]
    blurred = conv2d(pad(x.flatten(0, 1)[:, None], (2, 2, 2, 2), mode="reflect"), kernel, stride=stride)
    return blurred.view(n, c, *blurred.shape[2:])


def laplacian_pyramid(x: Tensor) -> list[Tensor]:
    """Bands of the images, finest first: what each halving loses, and the coarsest image (Burt & Adelson, 1983)."""
    bands = []
    while min(x.shape[2:]) >= 2 * COARSEST:
        small = filtered(x, stride=2)
        spread = torch.zeros_like(x)
        spread[:, :, ::2, ::2] = small
        bands.append(x - 4 * filtered(spread, stride=1))
        x = small
    return [*bands, x]


def patches(band: Tensor, count: int, draws: torch.Generator) -> Tensor:
    """``count`` random patches of each image as rows (n * count, c * 49), channels standardised over all of them."""
    n, c, h, w = band.shape
    top = torch.randint(h - SIDE + 1, (n, count), generator=draws).to(band.device)
    left = torch.randint(w - SIDE + 1, (n, count), generator=draws).to(band.device)
    step = torch.arange(SIDE, device=band.device)
    rows = (top[..., None] + step)[:, :, None, :, None]
    columns = (left[..., None] + step)[:, :, None, None, :]
    image = torch.arange(n, device=band.device)[:, None, None, None, None]
    channel = torch.arange(c, device=band.device)[None, None, :, None, None]
    cut = band[image, channel, rows, columns]  # (n, count, c, 7, 7)
    sd, mean = torch.std_mean(cut.double(), dim=(0, 1, 3, 4), keepdim=True, correction=0)
    return ((cut - mean) / torch.where(sd > 0, sd, 1.0)).flatten(2).flatten(0, 1)


def swd_by_level(real_images: Any, fake_images: Any, per_image: int = 128, seed: int = 0) -> list[float]:
    """Sliced Wasserstein-1 distance x 1000 of each level's patches, finest first; 512 directions.

    Raises BadInput where the shapes differ or the images are smaller than a patch of 7 pixels.
    """
    a, b = images(real_images, "real_images").float(), images(fake_images, "fake_images").float()
    if a.shape[1:] != b.shape[1:]:
        raise BadInput(
            f"fake_images: expected the shape {tuple(a.shape[1:])} of the reference, got {tuple(b.shape[1:])}"
        )
    if min(a.shape[2:]) < SIDE or per_image < 1:
        raise BadInput(f"expected images of at least {SIDE} pixels and a patch of each, got {tuple(a.shape[2:])}")
    values = []
    for level, bands in enumerate(zip(laplacian_pyramid(a), laplacian_pyramid(b), strict=True)):
        # Both sets are cut at the same places, so that a set compared with itself scores 0.
        p, q = (patches(band, per_image, stream(seed, "patches", level)) for band in bands)
        chosen = directions(512, p.shape[1], seed, f"swd/{level}").to(p)
        costs = [sorted_cost(p @ some, q @ some, 1.0) for some in torch.split(chosen, 16, dim=1)]
        values.append(1000 * torch.cat(costs).mean().item())
    return values


@metric(
    needs=("real_images", "fake_images"),
    better="lower",
    ideal=0.0,
    bounds=(0.0, math.inf),
    paper="Karras et al., 2018 (ProGAN), arXiv:1710.10196, section 5",
    laws={"identity", "symmetric"},
    minimum=1000,
)
def laplacian_swd(real_images: Any, fake_images: Any, *, per_image: int = 128, seed: int = 0) -> float:
    """Sliced Wasserstein-1 distance x 1000 of 7 x 7 patches, averaged over the levels of a Laplacian pyramid.

    Levels halve the side down to 16 pixels; smaller images have one level, themselves. Each set is standardised
    by itself, channel by channel, so a global change of contrast or brightness goes unseen. Sorting half a million
    patches 512 times takes its time: some 15 ms for an image of 28 pixels; fewer ``per_image`` are faster.
    """
    values = swd_by_level(real_images, fake_images, per_image, seed)
    return math.fsum(values) / len(values)
