"""Metrics of images as images: multi-scale structural similarity, and the distance of patches level by level."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, pad

from ganbench._util.streams import stream
from ganbench.errors import BadInput
from ganbench.metrics._engine.blocks import in_full_precision
from ganbench.metrics.spec import distance_metric, metric
from ganbench.metrics.transport import directions, sorted_cost

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
    bell = (bell / bell.sum()).view(1, 1, 1, side)

    def blurred(x: Tensor) -> Tensor:
        return conv2d(conv2d(x.flatten(0, 1)[:, None], bell), bell.mT).view(len(x), -1)  # a Gaussian is separable

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


@metric(better="lower", scale="logit", bounds=(0.0, 1.0), minimum=1000, cost="4000 pairs p")
def ms_ssim(fake_images: Any, *, pairs: int = 2000, span: float = 2.0, seed: int = 0) -> float:
    """Mean multi-scale structural similarity of pairs of samples.

    1 where all are one image. Says nothing of quality: noise scores best.

    Parameters
    ----------
    fake_images : array_like, (m, c, h, w)
        Images in a range of width ``span``, at least 2.
    pairs : int, default 2000
        All pairs are taken where there are no more; else so many at random.
    span : float, default 2.0
        Width of the range of values: 2 for images in [-1, 1].
    seed : int, default 0
        Fixes the pairs.

    Returns
    -------
    float, 0 to 1
        The mean over pairs; negative similarities count as 0; lower is better.

    Raises
    ------
    BadInput
        For fewer than 2 images or 1 pair.

    Notes
    -----
    The product over scales of the contrast-structure terms, and of luminance at the coarsest, to published powers;
    small images use fewer scales.

    References
    ----------
    .. [1] Odena et al., 2017 (AC-GAN), arXiv:1610.09585; Wang et al., 2003

    Examples
    --------
    >>> from ganbench.metrics import ms_ssim
    >>> import numpy as np
    >>> round(ms_ssim(np.zeros((3, 1, 16, 16))), 4)
    1.0
    """
    return mean_similarity(fake_images, "fake_images", pairs, span, seed)


@metric(
    better="target",
    scale="linear",
    ideal=0.0,
    bounds=(-1.0, 1.0),
    invariances={"identity"},
    minimum=1000,
    cost="8000 pairs p",
)
def ms_ssim_excess(real_images: Any, fake_images: Any, *, pairs: int = 2000, span: float = 2.0, seed: int = 0) -> float:
    """Multi-scale structural similarity within the samples less that within the reference.

    Above 0 less diverse than real, below 0 more.

    Parameters
    ----------
    real_images, fake_images : array_like, (n, c, h, w) and (m, c, h, w)
        Images in a range of width ``span``, at least 2 each.
    pairs : int, default 2000
        Pairs within each set, all where there are no more.
    span : float, default 2.0
        Width of the range of values, 2 for [-1, 1].
    seed : int, default 0
        Fixes which pairs.

    Returns
    -------
    float, -1 to 1
        The difference of the means; best near 0.

    Raises
    ------
    BadInput
        For fewer than 2 images or 1 pair.

    Notes
    -----
    ``ms_ssim(fake_images) - ms_ssim(real_images)``

    References
    ----------
    .. [1] Odena et al., 2017 (AC-GAN), arXiv:1610.09585, figure 5; relative to the data's own MS-SSIM

    Examples
    --------
    >>> from ganbench.metrics import ms_ssim_excess
    >>> import numpy as np
    >>> ms_ssim_excess(np.zeros((3, 1, 16, 16)), np.zeros((2, 1, 16, 16)))
    0.0
    """
    inside_real = mean_similarity(real_images, "real_images", pairs, span, seed)
    return mean_similarity(fake_images, "fake_images", pairs, span, seed) - inside_real


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
    """Sliced Wasserstein-1 distance x 1000 of the patches of each level of a Laplacian pyramid.

    Parameters
    ----------
    real_images, fake_images : array_like, (n, c, h, w) and (m, c, h, w)
        Images of one shape.
    per_image : int, default 128
        Patches of 7 x 7 pixels that are cut from each image of a level.
    seed : int, default 0
        Fixes the places of the patches and the 512 directions.

    Returns
    -------
    list of float, at least 0
        The distances, finest level first; lower is better.

    Raises
    ------
    BadInput
        Where the shapes differ or the images are smaller than a patch.

    Examples
    --------
    >>> import numpy as np
    >>> from ganbench.metrics.images import swd_by_level
    >>> images = np.random.default_rng(0).normal(size=(4, 1, 32, 32))
    >>> swd_by_level(images, images, per_image=2)
    [0.0, 0.0]
    """
    a, b = images(real_images, "real_images").float(), images(fake_images, "fake_images").float()
    if a.shape[1:] != b.shape[1:]:
        raise BadInput(
            f"fake_images: expected the shape {tuple(a.shape[1:])} of the reference, got {tuple(b.shape[1:])}"
        )
    if min(a.shape[2:]) < SIDE or per_image < 1:
        raise BadInput(f"expected images of at least {SIDE} pixels and a patch of each, got {tuple(a.shape[2:])}")
    with in_full_precision(a.device):
        pyramids = laplacian_pyramid(a), laplacian_pyramid(b)
    values = []
    for level, bands in enumerate(zip(*pyramids, strict=True)):
        # Both sets are cut at the same places, so that a set compared with itself scores 0.
        p, q = (patches(band, per_image, stream(seed, "patches", level)) for band in bands)
        chosen = directions(512, p.shape[1], seed, f"swd/{level}").to(p)
        costs = [sorted_cost(p @ some, q @ some, 1.0) for some in torch.split(chosen, 16, dim=1)]
        values.append(1000 * torch.cat(costs).mean().item())
    return values


@distance_metric(
    invariances={"identity", "symmetric"},
    minimum=1000,
    slow=True,
    cost="2000000 per_image n + 2000000 per_image m",
)
def laplacian_swd(real_images: Any, fake_images: Any, *, per_image: int = 128, seed: int = 0) -> float:
    """Sliced Wasserstein-1 distance x 1000 of 7 x 7 patches, averaged over the levels of a Laplacian pyramid.

    Levels halve the side down to 16 pixels; smaller images have one level, themselves. Each set is standardised by
    itself, channel by channel, so a global change of contrast or brightness goes unseen. Takes some 15 ms for an image
    of 28 pixels.

    Parameters
    ----------
    real_images, fake_images : array_like, (n, c, h, w) and (m, c, h, w)
        Images of one shape, at least 7 pixels wide and high, in any range.
    per_image : int, default 128
        Patches cut from each image of a level; fewer are faster.
    seed : int, default 0
        Fixes the patches and the 512 directions.

    Returns
    -------
    float, at least 0
        The mean over levels; lower is better, ideally 0.

    Raises
    ------
    BadInput
        Where the shapes differ or the images are smaller than a patch.

    Notes
    -----
    ``1000 W_1`` of the projected patches, averaged over directions and levels.

    References
    ----------
    .. [1] Karras et al., 2018 (ProGAN), arXiv:1710.10196, section 5

    Examples
    --------
    >>> from ganbench.metrics import laplacian_swd
    >>> import numpy as np
    >>> images = np.random.default_rng(0).normal(size=(4, 1, 8, 8))
    >>> laplacian_swd(images, images, per_image=2)
    0.0
    """
    values = swd_by_level(real_images, fake_images, per_image, seed)
    return math.fsum(values) / len(values)
