"""Estimates as other tools take them, where they differ from this package's own: divisors, subsets, blocks, order.

They are not in the catalogue: scores of them are asked for by the name of a protocol.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics.feature_vectors import both, count
from ganbench.metrics.frechet import fid
from ganbench.metrics.inception_score import inception_score_splits, inception_scores_by_split, posteriors
from ganbench.metrics.kid import Subsets, kid_scores, scores_of_subsets
from ganbench.metrics.spec import Metric, MetricSpec


@dataclass(frozen=True)
class Estimate:
    """A function with options of its own, as a metric: it is called with them, and they stand in its scores."""

    function: Callable[..., float]
    spec: MetricSpec

    @property
    def __name__(self) -> str:
        return self.spec.name

    def __call__(self, *inputs: Any) -> float:
        """Return the value with these options."""
        return self.function(*inputs, **self.spec.options)


def estimate(
    metric: Metric[Any],
    function: Callable[..., float] | None = None,
    options: Mapping[str, Any] | None = None,
    requires: tuple[Any, ...] = (),
) -> Metric[Any]:
    """Return a metric with other options, or with another function of the same inputs that estimates the same."""
    spec = replace(metric.spec, options=dict(options or {}), requires=requires)
    return cast("Metric[Any]", Estimate(function or metric, spec))


def frechet_population(real: Any, fake: Any, *, of_statistics: bool = False) -> float:
    """Squared Frechet distance with covariances divided by n instead of n - 1, as StyleGAN2-ADA and StyleGAN3 do.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, at least 2 rows each.
    of_statistics : bool, default False
        Whether ``real`` are rows that stand for a given mean and covariance, which is taken as it is.

    Returns
    -------
    float, at least 0
        The squared distance; lower is better, ideally 0.

    Notes
    -----
    With a = (n - 1)/n of the reference and b = (m - 1)/m of the samples: ``|mu_r - mu_f|^2 + a Tr S_r + b Tr S_f -
    2 (a b)^(1/2) Tr (S_r S_f)^(1/2)``, the last trace from the distance with divisors n - 1.

    Examples
    --------
    >>> from ganbench.metrics.conventions import frechet_population
    >>> round(frechet_population([[0.0], [2.0]], [[0.0], [4.0]]), 9)
    2.0
    """
    r, f = both(real, fake)
    shift = float((r.mean - f.mean).square().sum())
    spreads = [float(each.covariance.trace()) for each in (r, f)]
    root = max((shift + sum(spreads) - fid(r, f)) / 2, 0.0)
    a, b = (1.0 if of_statistics else (len(r) - 1) / len(r)), (len(f) - 1) / len(f)
    return max(shift + a * spreads[0] + b * spreads[1] - 2 * math.sqrt(a * b) * root, 0.0)


def kid_of_smaller(real: Any, fake: Any, *, subsets: int = 100, most: int = 1000, seed: int = 0) -> float:
    """Mean of KID over random subsets of ``most`` rows, or of as many as the smaller set has (clean-fid, StyleGAN3).

    Those tools draw from numpy's global generator without a seed; where a set has no more than ``most`` rows and both
    are of one size, every subset is the whole and nothing depends on the draw.

    Examples
    --------
    >>> from ganbench.metrics.conventions import kid_of_smaller
    >>> round(kid_of_smaller([[0.0], [1.0]], [[0.0], [2.0]]), 6)
    -13.0
    """
    r, f = both(real, fake)
    return float(kid_scores(r, f, subsets=subsets, size=min(most, len(r), len(f)), seed=seed).mean())


@dataclass(frozen=True)
class SubsetsOfTorchFidelity(Subsets):
    """Random subsets as torch-fidelity draws them: of the samples, then of the reference, again and again."""

    seed: int = 2020

    def draw(self, pair: Any) -> tuple[Tensor, Tensor]:
        """Return the row numbers of the real and of the fake subsets, (subsets, size) each."""
        draws = np.random.RandomState(self.seed)
        fake, real = [], []
        for _ in range(self.subsets):
            fake.append(draws.choice(len(pair.fake), self.size, replace=False))
            real.append(draws.choice(len(pair.real), self.size, replace=False))
        device = pair.real.values.device
        return torch.from_numpy(np.stack(real)).to(device), torch.from_numpy(np.stack(fake)).to(device)


def kid_of_torch_fidelity(real: Any, fake: Any, *, subsets: int = 100, size: int = 1000, seed: int = 2020) -> float:
    """Mean of KID over the random subsets that torch-fidelity draws of rows in this order.

    Examples
    --------
    >>> from ganbench.metrics.conventions import kid_of_torch_fidelity
    >>> round(kid_of_torch_fidelity([[0.0], [1.0]], [[0.0], [2.0]], subsets=2, size=2), 6)
    -13.0
    """
    count("size", size)
    return float(scores_of_subsets(real, fake, SubsetsOfTorchFidelity(subsets, size, seed)).mean())


def inception_score_of_torch_fidelity(fake_posteriors: Any, *, splits: int = 10, seed: int = 2020) -> float:
    """Inception Score as the mean over blocks of the rows in the order in which torch-fidelity shuffles them.

    Examples
    --------
    >>> from ganbench.metrics.conventions import inception_score_of_torch_fidelity
    >>> inception_score_of_torch_fidelity([[1.0, 0.0], [0.0, 1.0]], splits=1)
    2.0
    """
    p = posteriors(fake_posteriors, "fake_posteriors")
    order = np.random.RandomState(seed).permutation(len(p))
    return inception_score_splits(p[torch.from_numpy(order)], splits=splits)


def inception_score_of_parts(fake_posteriors: Any, *, part: int = 5000) -> float:
    """Inception Score as the mean over parts of 5000 rows in their order, the last one as short as it comes (ADM).

    Examples
    --------
    >>> from ganbench.metrics.conventions import inception_score_of_parts
    >>> inception_score_of_parts([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]], part=2)
    1.5
    """
    p = posteriors(fake_posteriors, "fake_posteriors")
    if part < 1:
        raise BadInput(f"part: expected at least one row, got {part}")
    scores = [inception_scores_by_split(rows, 1)[0] for rows in p.split(part)]
    return math.fsum(scores) / len(scores)
