"""Log-likelihoods of samplers that have none: the Parzen window, with its warning, and units for those that do."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.errors import BadInput
from ganbench.metrics.feature_vectors import features
from ganbench.metrics.spec import metric
from ganbench.metrics.transport import centred_samples

BANDWIDTHS = torch.logspace(-3, 0.25, 27, dtype=torch.float64)  # in units of the reference's spread, 8 a decade


def parzen_log_likelihood(points: Any, samples: Any, bandwidth: float) -> Tensor:
    """Log-density of each point under a Parzen window on the samples.

    Parameters
    ----------
    points : array_like, (n, d)
        Where the density is taken.
    samples : array_like, (m, d)
        Centres of the Gaussian kernels.
    bandwidth : float
        Standard deviation of a kernel.

    Returns
    -------
    Tensor, (n,), float64
        In nats; higher is better.

    Raises
    ------
    BadInput
        For no samples, another number of columns, or a bandwidth that is not positive.

    Examples
    --------
    >>> from ganbench.metrics.likelihood import parzen_log_likelihood
    >>> round(parzen_log_likelihood([[0.0]], [[0.0]], 1.0).item(), 4)
    -0.9189
    """
    if not bandwidth > 0:
        raise BadInput(f"bandwidth: expected a positive number, got {bandwidth}")
    x, centres = features(points, "points").values.double(), features(samples, "samples").values.double()
    if not len(centres) or x.shape[1] != centres.shape[1]:
        raise BadInput(f"samples: expected rows of {x.shape[1]} columns as in points, got shape {tuple(centres.shape)}")
    middle = centres.mean(0)
    return log_densities(x - middle, centres - middle, torch.tensor([bandwidth], dtype=torch.float64))[0]


def log_densities(x: Tensor, centres: Tensor, bandwidths: Tensor) -> Tensor:
    """Parzen log-densities (B, n) of centred ``x`` for each bandwidth, from one pass over the distances."""
    blocks = []
    for block in torch.split(x, 256):
        squared = torch.cdist(block, centres, compute_mode="use_mm_for_euclid_dist").square()
        near = [(squared / (-2 * width * width)).logsumexp(1) for width in bandwidths.tolist()]
        blocks.append(torch.stack(near))
    constant = math.log(len(centres)) + x.shape[1] / 2 * (2 * math.pi * bandwidths.to(x.device) ** 2).log()
    return torch.cat(blocks, 1) - constant[:, None]


@metric(better="higher", scale="linear", invariances={"rotation", "translation"}, minimum=1000, cost="n m d + 5000 n m")
def parzen(real: Any, fake: Any, *, seed: int = 0) -> float:
    """Mean log-density of half of the reference under a Parzen window on the samples.

    Warning: this is no likelihood of the sampler. In high dimension k-means centroids score above the true data (288
    against 243 nats on MNIST), so it must not rank models.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features; at least 4 reals that differ.
    seed : int, default 0
        Fixes which half chooses the bandwidth and which is scored.

    Returns
    -------
    float, any number
        In nats; higher is better.

    Raises
    ------
    BadInput
        For fewer than 4 reals, or reals that are copies of one.

    Notes
    -----
    ``log 1/m sum over y of N(x; y, b^2)``; b is the best of 27 on the other half, from a thousandth of the reference's
    root mean square deviation up.

    References
    ----------
    .. [1] Goodfellow et al., 2014, arXiv:1406.2661, section 5; its warning: Theis et al., 2016, arXiv:1511.01844

    Examples
    --------
    >>> from ganbench.metrics import parzen
    >>> round(parzen([[0.0], [1.0], [2.0], [3.0]], [[0.5], [2.5]]), 4)
    -1.417
    """
    a, b = centred_samples(real, fake)
    if len(a) < 4:
        raise BadInput(f"real: expected at least 4 rows, to choose a bandwidth and to score, got {len(a)}")
    spread = a.square().mean().sqrt()
    if not spread > 0:
        raise BadInput("real: expected rows that differ, got copies of one: they give the bandwidth no scale")
    order = torch.randperm(len(a), generator=stream(seed, "parzen")).to(a.device)
    chosen, scored = a[order[: len(a) // 2]], a[order[len(a) // 2 :]]
    widths = BANDWIDTHS * spread.item()
    best = int(log_densities(chosen, b, widths).mean(1).argmax())
    return log_densities(scored, b, widths[best : best + 1]).mean().item()


def bits_per_dimension(log_likelihood: float, dim: int, bin_width: float = 1 / 256) -> float:
    """Bits per dimension of a log-density over quantised features.

    Parameters
    ----------
    log_likelihood : float
        In nats, over all features together.
    dim : int
        Number of features.
    bin_width : float, default 1/256
        1/256 for 256 levels scaled to [0, 1], 1/128 for [-1, 1], 1 for a density over [0, 256).

    Returns
    -------
    float
        ``-(log_likelihood / dim + ln bin_width) / ln 2``; lower is better.

    Raises
    ------
    BadInput
        For a log-likelihood that is not finite, no dimension, or a width that is not positive.

    Examples
    --------
    >>> from ganbench.metrics.likelihood import bits_per_dimension
    >>> bits_per_dimension(0.0, 784)
    8.0
    """
    if dim < 1 or not bin_width > 0 or not math.isfinite(log_likelihood):
        raise BadInput(
            f"expected a finite log-likelihood, dim and bin_width > 0; got {log_likelihood}, {dim}, {bin_width}"
        )
    return -(log_likelihood / dim + math.log(bin_width)) / math.log(2)
