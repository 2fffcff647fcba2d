"""Log-likelihoods of samplers that have none: the Parzen window, with its warning, and units for those that do."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics.base import metric
from ganbench.metrics.features import features
from ganbench.metrics.transport import clouds
from ganbench.streams import stream

BANDWIDTHS = torch.logspace(-3, 0.25, 27, dtype=torch.float64)  # in units of the reference's spread, 8 a decade


def parzen_log_likelihood(points: Any, samples: Any, bandwidth: float) -> Tensor:
    """Log-density in nats of ``points`` (n, d) under a Gaussian kernel of that sd on each of ``samples``, (n,)."""
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


@metric(
    needs=("real", "fake"),
    better="higher",
    ideal=None,
    bounds=(-math.inf, math.inf),
    paper="Goodfellow et al., 2014, arXiv:1406.2661, section 5; its warning: Theis et al., 2016, arXiv:1511.01844",
    laws={"rotation", "translation"},
    minimum=1000,
)
def parzen(real: Any, fake: Any, *, seed: int = 0) -> float:
    """Mean log-density in nats of half of the reference under a Parzen window on the samples.

    The bandwidth is the best of 27 on the other half (a seeded split), from a thousandth of the reference's
    root mean square deviation per feature up. Warning: this is no likelihood of the sampler. In high dimension k-means
    centroids score above the true data (288 against 243 nats on MNIST), so it must not rank models.
    """
    a, b = clouds(real, fake)
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
    """Bits per dimension of a log-density in nats over ``dim`` features quantised to ``bin_width``.

    -(log_likelihood / dim + ln bin_width) / ln 2: 256 levels scaled to [0, 1] have width 1/256, to [-1, 1] 1/128;
    a density over [0, 256) has width 1.
    """
    if dim < 1 or not bin_width > 0 or not math.isfinite(log_likelihood):
        raise BadInput(
            f"expected a finite log-likelihood, dim and bin_width > 0; got {log_likelihood}, {dim}, {bin_width}"
        )
    return -(log_likelihood / dim + math.log(bin_width)) / math.log(2)
