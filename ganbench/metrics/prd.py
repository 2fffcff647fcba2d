"""Precision and recall for distributions: a curve of trade-offs between two histograms over k-means cells."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics.base import metric
from ganbench.metrics.clusters import k_means
from ganbench.metrics.features import Features, count
from ganbench.metrics.pairs import Pair, pair_of
from ganbench.streams import stream

ANGLES = 1001
PAPER = "Sajjadi et al., 2018, arXiv:1806.00035, section 3"


@metric(
    needs=("real", "fake"), better="higher", ideal=1.0, bounds=(0.0, 1.0), paper=PAPER, laws={"identity"}, minimum=1000
)
def prd_f8(real: Any, fake: Any, *, clusters: int = 20, runs: int = 10, seed: int = 0) -> float:
    """Largest F_8 on the curve, which weights recall: how much of the reals the fakes cover.

    ``real`` and ``fake`` are cut to one size at random. Raises BadInput for fewer rows than clusters.
    """
    return best_f(*_curve(real, fake, clusters, runs, seed), 8.0)


@metric(
    needs=("real", "fake"), better="higher", ideal=1.0, bounds=(0.0, 1.0), paper=PAPER, laws={"identity"}, minimum=1000
)
def prd_f1_8(real: Any, fake: Any, *, clusters: int = 20, runs: int = 10, seed: int = 0) -> float:
    """Largest F_1/8 on the curve, which weights precision; arguments and errors as in ``prd_f8``."""
    return best_f(*_curve(real, fake, clusters, runs, seed), 1 / 8)


def prd_curve(reference: Any, generated: Any, *, angles: int = ANGLES) -> tuple[Tensor, Tensor]:
    """Return precision sum min(slope p, q) and recall, precision / slope, at slopes tan of even angles (eq. 5).

    ``reference`` p and ``generated`` q are histograms (K,) that sum to 1; raises BadInput otherwise.
    """
    p, q = (torch.as_tensor(histogram, dtype=torch.float64) for histogram in (reference, generated))
    for name, histogram in (("reference", p), ("generated", q)):
        if histogram.shape != p.shape or histogram.ndim != 1 or bool((histogram < 0).any()):
            raise BadInput(f"{name}: expected a histogram of {len(p)} shares, got shape {tuple(histogram.shape)}")
        if abs(float(histogram.sum()) - 1) > 1e-6:
            raise BadInput(f"{name}: expected shares that sum to 1, got {float(histogram.sum()):.6g}")
    edge = 1e-10
    slope = torch.linspace(edge, torch.pi / 2 - edge, angles, dtype=torch.float64, device=p.device).tan()
    precision = torch.minimum(slope[:, None] * p, q).sum(1)
    return precision.clamp(0, 1), (precision / slope).clamp(0, 1)


def best_f(precision: Tensor, recall: Tensor, beta: float) -> float:
    """Return the largest (1 + beta^2) P R / (beta^2 P + R) on a curve."""
    below = beta**2 * precision + recall
    return float(torch.where(below > 0, (1 + beta**2) * precision * recall / below, 0.0).max())


def _curve(real: Any, fake: Any, clusters: int, runs: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return the mean curve over runs of k-means, computed once for both F scores."""
    count("clusters", clusters)
    count("runs", runs)
    pair = pair_of(real, fake)
    key = ("prd", clusters, runs, seed)
    if key not in pair.derived:
        curves = [prd_curve(*_histograms(pair, clusters, seed, run)) for run in range(runs)]
        pair.derived[key] = tuple(torch.stack([curve[i] for curve in curves]).mean(0) for i in (0, 1))
    mean: tuple[Tensor, Tensor] = pair.derived[key]
    return mean


def _histograms(pair: Pair, clusters: int, seed: int, run: int) -> tuple[Tensor, Tensor]:
    size = min(len(pair.real), len(pair.fake))
    random = stream(seed, "prd", run)
    state = int(torch.randint(2**31 - 1, (), generator=random))
    sides = [
        c.values[torch.randperm(len(c), generator=random)[:size].to(c.values.device)] for c in (pair.real, pair.fake)
    ]
    pool = Features(torch.cat(sides), "real and fake")
    cell = k_means(pool, [pool], clusters, state, batches=True)[0]
    one, two = (torch.bincount(part, minlength=clusters).double() / size for part in cell.split(size))
    return one, two
