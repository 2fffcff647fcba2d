"""Samples beside the known modes of a mixture: how many are hit, how evenly, how well, and how widely.

A sample belongs to its nearest centre and is of high quality where it lies less than 3 standard deviations
from it. In d dimensions the true law's own share of such samples is P(chi_d < 3): .98889 for d = 2.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from scipy.stats import chi2
from torch import Tensor

from ganbench.dataset import Modes
from ganbench.errors import BadInput
from ganbench.metrics.base import metric
from ganbench.metrics.compiled import FEWEST as PAIRS
from ganbench.metrics.compiled import compiled
from ganbench.metrics.features import features
from ganbench.metrics.posteriors import divergence, entropy

FEWEST = 10  # samples that a mode needs before its width is measured


def nearest_mode(points: Tensor, modes: Modes) -> tuple[Tensor, Tensor]:
    """Index of the nearest centre (n,) and the distance to it in standard deviations (n,)."""
    centres = modes.centres.to(points.device, torch.float64)
    loop = compiled(_nearest_loop) if points.is_cpu and len(points) * len(centres) >= PAIRS else None
    if loop is None:
        squares, index = torch.stack([(points - centre).square().sum(1) for centre in centres], 1).min(1)
    else:
        squares, index = points.new_empty(len(points)), torch.empty(len(points), dtype=torch.long)
        loop(*(each.contiguous().numpy() for each in (points, centres, squares, index)))
    return index, squares.sqrt_() / modes.sd


def _nearest_loop(points: Any, centres: Any, squares: Any, index: Any) -> None:
    """Fill in the square of the distance to the nearest centre, and which it is."""
    for i in range(points.shape[0]):
        squares[i], index[i] = np.inf, 0
        for k in range(centres.shape[0]):
            square = 0.0
            for t in range(points.shape[1]):
                square += (points[i, t] - centres[k, t]) ** 2
            if square < squares[i]:
                squares[i], index[i] = square, k


def check(fake_points: Any, modes: Modes) -> Tensor:
    """Return the samples (n, d) in float64 and in the space of the modes, or raise BadInput."""
    points = features(fake_points, "fake_points").values.double()
    if points.shape[1] != modes.centres.shape[1]:
        raise BadInput(f"fake_points: expected {modes.centres.shape[1]} columns as in modes, got {points.shape[1]}")
    if not len(points):
        raise BadInput("fake_points: expected at least one row, got none")
    if not modes.sd > 0:
        raise BadInput(f"modes: expected a positive standard deviation, got {modes.sd}")
    return points


def counts(fake_points: Any, modes: Modes, radius: float) -> tuple[Tensor, int]:
    """High-quality samples of each mode (K,), and the number of all samples."""
    points = check(fake_points, modes)
    index, distance = nearest_mode(points, modes)
    return torch.bincount(index[distance < radius], minlength=len(modes.centres)), len(points)


@metric(
    needs=("fake_points", "modes"),
    better="higher",
    ideal=None,
    bounds=(0.0, math.inf),
    paper="Srivastava et al., 2017 (VEEGAN), arXiv:1705.07761",
    laws={"permutation"},
    minimum=2500,
)
def modes_captured(fake_points: Any, modes: Modes, *, radius: float = 3.0) -> float:
    """Modes that are the nearest of at least one high-quality sample.

    Fragile: one lucky point counts, and a Gaussian blob captures most of a 5 x 5 grid; read it beside high_quality.
    """
    hits, _ = counts(fake_points, modes, radius)
    return (hits > 0).sum().item()


@metric(
    needs=("fake_points", "modes"),
    better="higher",
    ideal=None,
    bounds=(0.0, math.inf),
    paper="after Srivastava et al., 2017 (VEEGAN), arXiv:1705.07761; a mode needs a share, not one sample",
    laws={"permutation"},
    minimum=2500,
)
def modes_covered(fake_points: Any, modes: Modes, *, radius: float = 3.0, share: float = 0.2) -> float:
    """Modes with at least 20 % of their fair share n / K in high-quality samples."""
    hits, n = counts(fake_points, modes, radius)
    return (hits >= share * n / len(hits)).sum().item()


@metric(
    needs=("fake_points", "modes"),
    better="higher",
    ideal=None,
    bounds=(0.0, 1.0),
    paper="Srivastava et al., 2017 (VEEGAN), arXiv:1705.07761",
    laws={"permutation"},
    minimum=2500,
)
def high_quality(fake_points: Any, modes: Modes, *, radius: float = 3.0) -> float:
    """Share of samples less than 3 standard deviations from the nearest mode; real data score P(chi_d < 3)."""
    hits, n = counts(fake_points, modes, radius)
    return hits.sum().item() / n


@metric(
    needs=("fake_points", "modes"),
    better="lower",
    ideal=0.0,
    bounds=(0.0, math.inf),
    paper="Lin et al., 2018 (PacGAN), arXiv:1712.04086",
    laws={"permutation"},
    minimum=2500,
)
def reverse_kl(fake_points: Any, modes: Modes, *, radius: float = 3.0) -> float:
    """KL(law over modes of the high-quality samples || uniform) in nats, between 0 and ln K.

    Ignores all other samples; a perfect sampler scores about (K - 1) / 2n. Raises BadInput where no sample counts.
    """
    hits, _ = counts(fake_points, modes, radius)
    if not hits.any():
        raise BadInput("fake_points: undefined, no high-quality sample lies near any mode")
    return uniform_gap(hits)


def uniform_gap(hits: Tensor) -> float:
    """KL(hits as a law || uniform) in nats."""
    law = hits.double() / hits.sum()
    return (math.log(len(law)) - entropy(law)).clamp(min=0).item()


def jensen_shannon(p: Tensor, q: Tensor) -> Tensor:
    """Jensen-Shannon divergence of two laws in nats, between 0 and ln 2."""
    middle = (p + q) / 2
    return ((divergence(p, middle) + divergence(q, middle)) / 2).clamp(min=0)


@metric(
    needs=("fake_points", "modes"),
    better="lower",
    ideal=0.0,
    bounds=(0.0, math.log(2)),
    paper="after Lin et al., 2018 (PacGAN), arXiv:1712.04086; with a bin for samples of no mode",
    laws={"permutation"},
    minimum=2500,
)
def mode_jsd(fake_points: Any, modes: Modes, *, radius: float = 3.0) -> float:
    """Jensen-Shannon divergence in nats of the samples' law over the modes and "near none" from the true one."""
    hits, n = counts(fake_points, modes, radius)
    refused = float(chi2.sf(radius**2, modes.centres.shape[1]))
    truth = torch.full((len(hits) + 1,), (1 - refused) / len(hits), dtype=torch.float64, device=hits.device)
    truth[-1] = refused
    seen = torch.cat([hits, n - hits.sum(0, keepdim=True)]).double() / n
    return jensen_shannon(truth, seen).clamp(max=math.log(2)).item()


@metric(
    needs=("fake_points", "modes"),
    better="target",
    ideal=1.0,
    bounds=(0.0, math.inf),
    paper="none: the column that the published tables lack, where copies of the centres are perfect",
    laws={"permutation"},
    minimum=2500,
)
def within_mode_spread(fake_points: Any, modes: Modes) -> float:
    """Spread of the samples within their modes over the true one: real 1, copies of the centres 0, twice the sd 2.

    The median distance of a sample to the coordinate-wise median of its mode, over the same median of the true law:
    stray samples hardly move it. Modes with fewer than 10 samples are left out; BadInput where none is left.
    """
    points = check(fake_points, modes)
    index, _ = nearest_mode(points, modes)
    groups = [points[index == k] for k in torch.unique(index)]
    residuals = [group - middle(group) for group in groups if len(group) >= FEWEST]
    if not residuals:
        raise BadInput(f"fake_points: undefined, no mode has {FEWEST} samples to measure a spread from")
    radii = torch.cat(residuals).norm(dim=1)
    return middle(radii[:, None]).item() / (modes.sd * math.sqrt(chi2.ppf(0.5, points.shape[1])))


def middle(points: Tensor) -> Tensor:
    """Coordinate-wise median (d,), the mean of the two middle values of an even count."""
    ordered = points.sort(dim=0).values
    return (ordered[(len(points) - 1) // 2] + ordered[len(points) // 2]) / 2
