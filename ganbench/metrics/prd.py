"""Precision and recall for distributions: a curve of trade-offs between two histograms over k-means cells."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.errors import BadInput
from ganbench.metrics._engine.pairs import Pair, pair_of
from ganbench.metrics.clusters import k_means
from ganbench.metrics.feature_vectors import Features, count
from ganbench.metrics.spec import share_metric

ANGLES = 1001


@share_metric(
    invariances={"identity"},
    minimum=1000,
    cost="runs clusters n d + runs clusters m d + 8000 runs n d + 8000 runs m d",
)
def prd_f8(real: Any, fake: Any, *, clusters: int = 20, runs: int = 10, seed: int = 0) -> float:
    """Largest F_8 on the precision-recall curve of two histograms, which weights recall.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features; the larger sample is cut to the size of the smaller at random.
    clusters : int, default 20
        Cells of k-means on both samples together.
    runs : int, default 10
        Runs of k-means whose curves are averaged.
    seed : int, default 0
        Fixes the rows and the starts of k-means.

    Returns
    -------
    float, 0 to 1
        How much of the reals the fakes cover; higher is better, ideally 1.

    Raises
    ------
    BadInput
        For fewer rows than clusters.

    Notes
    -----
    ``max of (1 + 64) P R / (64 P + R)`` over the curve of ``prd_curve``.

    References
    ----------
    .. [1] Sajjadi et al., 2018, arXiv:1806.00035, section 3

    Examples
    --------
    >>> from ganbench.metrics import prd_f8
    >>> round(prd_f8([[0.0], [1.0], [5.0]], [[0.0], [1.0], [1.1]], clusters=2, runs=1), 4)
    0.6701
    """
    return best_f(*_curve(real, fake, clusters, runs, seed), 8.0)


@share_metric(
    invariances={"identity"},
    minimum=1000,
    cost="runs clusters n d + runs clusters m d + 8000 runs n d + 8000 runs m d",
)
def prd_f1_8(real: Any, fake: Any, *, clusters: int = 20, runs: int = 10, seed: int = 0) -> float:
    """Largest F_1/8 on the precision-recall curve of two histograms, which weights precision.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, cut to one size.
    clusters : int, default 20
        Cells of k-means on the rows of both.
    runs : int, default 10
        Runs of k-means; the value is that of their mean curve.
    seed : int, default 0
        Fixes the rows and k-means.

    Returns
    -------
    float, 0 to 1
        How much of the fakes is realistic; higher is better, ideally 1.

    Raises
    ------
    BadInput
        For fewer rows than clusters.

    Notes
    -----
    ``max of (1 + 1/64) P R / (P / 64 + R)`` over the curve of ``prd_curve``.

    References
    ----------
    .. [1] Sajjadi et al., 2018, arXiv:1806.00035, section 3

    Examples
    --------
    >>> from ganbench.metrics import prd_f1_8
    >>> round(prd_f1_8([[0.0], [1.0], [5.0]], [[0.0], [1.0], [1.1]], clusters=2, runs=1), 4)
    0.9923
    """
    return best_f(*_curve(real, fake, clusters, runs, seed), 1 / 8)


def prd_curve(reference: Any, generated: Any, *, angles: int = ANGLES) -> tuple[Tensor, Tensor]:
    """Precision and recall of one histogram against another, at every trade-off between them.

    Parameters
    ----------
    reference, generated : array_like, (K,)
        Shares p and q of the same cells, each with the sum 1.
    angles : int, default 1001
        Number of points on the curve.

    Returns
    -------
    precision, recall : Tensor, (angles,), float64
        Both in [0, 1]; higher is better.

    Raises
    ------
    BadInput
        For histograms of unequal lengths, negative shares, or another sum.

    Notes
    -----
    ``precision = sum min(ratio p, q)`` and ``recall = precision / ratio`` at ratios that are tangents of even angles.

    References
    ----------
    .. [1] Sajjadi et al., 2018, arXiv:1806.00035, eq. 5

    Examples
    --------
    >>> from ganbench.metrics.prd import prd_curve
    >>> precision, recall = prd_curve([0.5, 0.5], [1.0, 0.0], angles=3)
    >>> round(precision[1].item(), 4), round(recall[1].item(), 4)
    (0.5, 0.5)
    """
    p, q = (torch.as_tensor(histogram, dtype=torch.float64) for histogram in (reference, generated))
    for name, histogram in (("reference", p), ("generated", q)):
        if histogram.shape != p.shape or histogram.ndim != 1 or bool((histogram < 0).any()):
            raise BadInput(f"{name}: expected a histogram of {len(p)} shares, got shape {tuple(histogram.shape)}")
        if abs(float(histogram.sum()) - 1) > 1e-6:
            raise BadInput(f"{name}: expected shares that sum to 1, got {float(histogram.sum()):.6g}")
    edge = 1e-10
    ratio = torch.linspace(edge, torch.pi / 2 - edge, angles, dtype=torch.float64, device=p.device).tan()
    precision = torch.minimum(ratio[:, None] * p, q).sum(1)
    return precision.clamp(0, 1), (precision / ratio).clamp(0, 1)


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
    parts = [
        c.values[torch.randperm(len(c), generator=random)[:size].to(c.values.device)] for c in (pair.real, pair.fake)
    ]
    pool = Features(torch.cat(parts), "real and fake")
    cell = k_means(pool, [pool], clusters, state, batches=True)[0]
    one, two = (torch.bincount(part, minlength=clusters).double() / size for part in cell.split(size))
    return one, two
