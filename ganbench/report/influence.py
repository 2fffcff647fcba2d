"""Which samples add most to a Frechet distance, and the training examples that are nearest to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ganbench.metrics._engine.pairs import pair_of
from ganbench.metrics.feature_vectors import Features, at_least, both
from ganbench.metrics.frechet import symmetric_root

CUTOFF = 1e-10  # of the largest eigenvalue, below which a direction holds no samples


@dataclass(frozen=True)
class Suspect:
    """A sample that adds much to the distance.

    Attributes
    ----------
    index : int
        Its place among the samples.
    adds : float
        By how much the distance would be smaller without it, to first order.
    nearest : int
        The place of the nearest training example.
    distance : float
        How far away that is, in the units of the features.
    """

    index: int
    adds: float
    nearest: int
    distance: float


def influence(real: Any, fake: Any) -> Tensor:
    """Return what each sample adds to the squared Frechet distance.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features of the reference and of the samples, at least 2 rows each.

    Returns
    -------
    Tensor, (m,) float64
        The distance less the one without the sample, to first order in 1/m; negative for a sample that is wanted.

    Raises
    ------
    BadInput
        For fewer than 2 rows, or unequal numbers of columns.

    Notes
    -----
    With weights w on the samples the distance is a function of their mean and covariance. Its derivative by the mean is
    2 (mu_f - mu_r), by the covariance I - T, with T the linear part of the optimal transport from the samples' Gaussian
    to the reference's, ``T = S_r^(1/2) (S_r^(1/2) S_f S_r^(1/2))^(-1/2) S_r^(1/2)``.

    Examples
    --------
    >>> influence([[0.0], [2.0]], [[1.0], [1.0], [7.0]]).argmax().item()
    2
    """
    r, f = both(real, fake)
    at_least(r, 2)
    at_least(f, 2)
    gradient = torch.eye(f.dim, dtype=torch.float64) - transport(r.covariance, f.covariance)
    away = f.values.double() - f.mean
    by_mean = 2 * away @ (f.mean - r.mean)
    by_covariance = ((away @ gradient) * away).sum(1) - (gradient * f.covariance).sum()
    return (by_mean + by_covariance) / (len(f) - 1)


def transport(real: Tensor, fake: Tensor) -> Tensor:
    """Return the matrix (d, d) that moves a Gaussian of covariance ``fake`` to one of covariance ``real``."""
    root = symmetric_root(real, "real")
    root = root.T @ torch.nn.functional.normalize(root, dim=1)  # the symmetric one of S^(1/2) = V D^(1/2) V'
    values, vectors = torch.linalg.eigh(root @ fake @ root)
    kept = values > CUTOFF * values.max().clamp(min=1e-300)
    inverse = torch.where(kept, values.clamp(min=1e-300).rsqrt(), torch.zeros_like(values))
    return root @ (vectors * inverse) @ vectors.T @ root


def suspects(real: Features, train: Features, fake: Features, count: int) -> list[Suspect]:
    """Return the samples that add most to the distance, with their nearest training examples."""
    adds = influence(real, fake)
    order = adds.argsort(descending=True, stable=True)[:count]
    worst = Features(fake.values[order], "fake")
    nearest = pair_of(train, worst).nearest_real()
    distances = nearest.squares[:, 0].clamp(min=0).sqrt()
    return [
        Suspect(int(i), float(adds[i]), int(j), float(distance))
        for i, j, distance in zip(order, nearest.index[:, 0], distances, strict=True)
    ]
