"""Two Gaussians on the line, their best classifier, other symmetric distributions, and the exact H(y|x) of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf, sqrt

import torch
from scipy.integrate import quad
from scipy.special import entr, expit
from scipy.stats import norm
from torch import Tensor

TRUTH, NARROW, WIDE, UNIFORM = "two Gaussians (truth)", "N(0, variance 20)", "N(0, sd 20)", "U(-100, 100)"
FAKES = (NARROW, WIDE, UNIFORM)
REACH = 100.0


@dataclass(frozen=True)
class Distribution:
    """A symmetric distribution on the line: its density, and draws of it."""

    density: Callable[[float], float]
    draw: Callable[[int, torch.Generator], Tensor]
    end: float = inf


def distributions(v: float) -> Mapping[str, Distribution]:
    """Return the truth for components of variance ``v``, and the note's generators."""
    return {
        TRUTH: Distribution(
            lambda x: float(norm.pdf(x, -1, sqrt(v)) + norm.pdf(x, 1, sqrt(v))) / 2,
            lambda n, random: signs(n, random) + sqrt(v) * normal(n, random),
        ),
        NARROW: gaussian(sqrt(20)),
        WIDE: gaussian(20.0),
        UNIFORM: Distribution(
            lambda x: 1 / (2 * REACH),
            lambda n, random: REACH * (2 * torch.rand(n, generator=random, dtype=torch.float64) - 1),
            REACH,
        ),
    }


def gaussian(sd: float) -> Distribution:
    return Distribution(lambda x: float(norm.pdf(x, 0, sd)), lambda n, random: sd * normal(n, random))


def normal(n: int, random: torch.Generator) -> Tensor:
    return torch.randn(n, generator=random, dtype=torch.float64)


def signs(n: int, random: torch.Generator) -> Tensor:
    return 2.0 * torch.randint(2, (n,), generator=random) - 1


def uncertainty(distribution: Distribution, slope: float) -> float:
    """E H(y|x) in nats, of a classifier with p(right | x) = 1 / (1 + exp(-slope x))."""

    def integrand(x: float) -> float:
        p = expit(slope * x)
        return float(entr(p) + entr(1 - p)) * distribution.density(x)

    inner, outer = (min(k / slope, distribution.end) for k in (5, 40))  # beyond, H(y|x) is below 1e-15
    return 2 * float(quad(integrand, 0, inner, epsabs=1e-12)[0] + quad(integrand, inner, outer, epsabs=1e-12)[0])


def posteriors(x: Tensor, slope: float) -> Tensor:
    """Return the classifier's posteriors (n, 2) of points (n,)."""
    right = torch.sigmoid(slope * x)
    return torch.stack([1 - right, right], 1)
