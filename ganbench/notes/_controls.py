"""Distributions of points that nobody trained, to compare the rows of toy tables with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from scipy.stats import ncx2
from torch import Generator, Tensor

from ganbench.dataset import Modes

N, RADIUS = 2500, 3.0  # samples of a row; standard deviations within which one is of high quality
Draw = Callable[[Modes, Generator], Tensor]


def real(modes: Modes, random: Generator, width: float = 1.0) -> Tensor:
    """Draw the true distribution, or one with another width of each mode."""
    chosen = torch.randint(len(modes.centres), (N,), generator=random)
    return modes.centres[chosen] + width * modes.sd * torch.randn(N, 2, generator=random)


def gaussian(modes: Modes, random: Generator) -> Tensor:
    """Draw the Gaussian with the mixture's mean, 0, and covariance, a multiple of the identity."""
    return variance(modes) ** 0.5 * torch.randn(N, 2, generator=random)


def variance(modes: Modes) -> float:
    """Of each coordinate of the mixture: that of the centres and that within a mode."""
    return float(modes.centres.double().square().sum(1).mean()) / 2 + modes.sd**2


def box(modes: Modes, random: Generator) -> Tensor:
    """Draw uniformly from the smallest square around the centres."""
    return float(modes.centres.abs().max()) * (2 * torch.rand(N, 2, generator=random) - 1)


def some(modes: Modes, random: Generator, count: int) -> Tensor:
    """Draw the first ``count`` modes only."""
    return real(Modes(modes.centres[:count], modes.sd), random)


def contaminated(modes: Modes, random: Generator) -> Tensor:
    """Draw the true distribution with one sample of twenty from the box."""
    stray = torch.rand(N, 1, generator=random) < 0.05
    return torch.where(stray, box(modes, random), real(modes, random))


def expected(modes: Modes) -> tuple[float, float]:
    """Return the expected modes captured and share of high quality (%) of the Gaussian fit, in closed form."""
    spread = variance(modes)
    reach = (RADIUS * modes.sd) ** 2 / spread
    hits = np.asarray(ncx2.cdf(reach, 2, modes.centres.double().square().sum(1).numpy() / spread))
    return float((1 - (1 - hits) ** N).sum()), float(100 * hits.sum())


CONTROLS: dict[str, Draw] = {
    "real": real,
    "Gaussian fit": gaussian,
    "uniform box": box,
    "one mode": lambda modes, random: some(modes, random, 1),
    "half of the modes": lambda modes, random: some(modes, random, len(modes.centres) // 2),
    "centre points": lambda modes, random: real(modes, random, 0.0),
    "real, twice as wide": lambda modes, random: real(modes, random, 2.0),
    "real and 5 % of the box": contaminated,
}
