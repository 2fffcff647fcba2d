"""Metrics of images as images: multi-scale structural similarity within a set of samples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d

from ganbench.errors import BadInput
from ganbench.metrics.base import metric
from ganbench.streams import stream

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # Wang et al., 2003, finest scale first
WINDOW, WIDTH = 11, 1.5  # side and standard deviation, in pixels


def images(values: Any, name: str) -> Tensor:
    """Return finite images (n, c, h, w) of a floating type, or raise BadInput."""
    tensor = values.detach() if isinstance(values, Tensor) else torch.from_numpy(np.array(values))
    if tensor.ndim != 4 or not tensor.numel():
        raise BadInput(f"{name}: expected images (n, channels, height, width), got shape {tuple(tensor.shape)}")
    if tensor.is_complex():
        raise BadInput(f"{name}: expected real numbers, got {tensor.dtype}")
    for row in (~tensor.isfinite()).flatten(1).any(1).nonzero().flatten()[:1].tolist():
        raise BadInput(f"{name}: image {row} has values that are not finite")
    return tensor if tensor.is_floating_point() else tensor.double()


def similarity(a: Tensor, b: Tensor, span: float) -> tuple[Tensor, Tensor]:
    """SSIM and its contrast-structure part of image pairs, (n,), (n,) (Wang et al., 2004, equations 12 and 13)."""
    side = min(WINDOW, *a.shape[2:])
    at = torch.arange(side, dtype=a.dtype, device=a.device) - (side - 1) / 2
    bell = (-0.5 * (at / (WIDTH * side / WINDOW)).square()).exp()
    kernel = torch.outer(bell, bell)[None, None] / bell.sum().square()

    def blurred(x: Tensor) -> Tensor:
        return conv2d(x.flatten(0, 1)[:, None], kernel).view(len(x), -1)

    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    mean_a, mean_b = blurred(a), blurred(b)
    variances = blurred(a * a) - mean_a**2 + blurred(b * b) - mean_b**2
    structure = (2 * (blurred(a * b) - mean_a * mean_b) + c2) / (variances + c2)
    luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    return (luminance * structure).mean(1), structure.mean(1)


def multi_scale_similarity(a: Tensor, b: Tensor, span: float) -> Tensor:
    """MS-SSIM of image pairs (n, c, h, w), (n,), in [0, 1] (Wang et al., 2003, equation 7).

    Five scales need 176 pixels; smaller images use as many as keep an 11-pixel window, with the weights
    rescaled to sum to one, and images below 11 pixels a window of their own size. Negatives count as 0.
    """
    scales = max(1, min(len(WEIGHTS), 1 + int(math.log2(max(1.0, min(a.shape[2:]) / WINDOW)))))
    total = math.fsum(WEIGHTS[:scales]) if scales < len(WEIGHTS) else 1.0  # the published five sum to 1.0001
    weights = [weight / total for weight in WEIGHTS[:scales]]
    product = a.new_ones(len(a))
    for scale, weight in enumerate(weights):
        whole, structure = similarity(a, b, span)
        last = scale == scales - 1
        product = product * (whole if last else structure).clamp(min=0) ** weight
        if not last:
            a, b = avg_pool2d(a, 2), avg_pool2d(b, 2)
    return product


def mean_similarity(values: Any, name: str, pairs: int, span: float, seed: int) -> float:
    """Mean MS-SSIM of pairs of different images: all of them, or ``pairs`` seeded ones where there are more."""
    x = images(values, name)
    n = len(x)
    if n < 2 or pairs < 1:
        raise BadInput(f"{name}: expected at least 2 images and 1 pair, got {n} and {pairs}")
    if n * (n - 1) // 2 <= pairs:
        first, second = torch.triu_indices(n, n, offset=1)
    else:
        draws = stream(seed, "ms_ssim")
        first = torch.randint(n, (pairs,), generator=draws)
        second = (first + torch.randint(1, n, (pairs,), generator=draws)) % n
    blocks = zip(first.split(256), second.split(256), strict=True)
    return torch.cat([multi_scale_similarity(x[i].double(), x[j].double(), span) for i, j in blocks]).mean().item()


@metric(
    needs=("fake_images",),
    better="lower",
    ideal=None,
    bounds=(0.0, 1.0),
    paper="Odena et al., 2017 (AC-GAN), arXiv:1610.09585; Wang et al., 2003",
    minimum=1000,
)
def ms_ssim(fake_images: Any, *, pairs: int = 2000, span: float = 2.0, seed: int = 0) -> float:
    """Mean MS-SSIM of pairs of samples: 1 where all are one image. Says nothing of quality: noise scores best.

    ``span`` is the width of the value range, 2 for images in [-1, 1].
    """
    return mean_similarity(fake_images, "fake_images", pairs, span, seed)


@metric(
    needs=("real_images", "fake_images"),
    better="target",
    ideal=0.0,
    bounds=(-1.0, 1.0),
    paper="Odena et al., 2017 (AC-GAN), arXiv:1610.09585, figure 5; relative to the data's own MS-SSIM",
    laws={"identity"},
    minimum=1000,
)
def ms_ssim_excess(real_images: Any, fake_images: Any, *, pairs: int = 2000, span: float = 2.0, seed: int = 0) -> float:
    """MS-SSIM within the samples minus that within the reference: above 0 less diverse than real, below 0 more."""
    inside_real = mean_similarity(real_images, "real_images", pairs, span, seed)
    return mean_similarity(fake_images, "fake_images", pairs, span, seed) - inside_real
