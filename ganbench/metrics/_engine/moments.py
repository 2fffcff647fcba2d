"""Mean and covariance of a stream of batches, exact under merging."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from scipy.linalg.blas import dsyrk
from torch import Tensor

from ganbench.errors import BadInput

CHUNK = 1024  # rows that are held in float64 at once


@dataclass(frozen=True)
class Moments:
    """How many rows, their mean (d,) and their scatter sum (x - mean)(x - mean)' (d, d), in float64."""

    n: int
    mean: Tensor
    scatter: Tensor

    @classmethod
    def empty(cls, d: int) -> Self:
        """Return the moments of nothing in ``d`` dimensions."""
        return cls(0, torch.zeros(d, dtype=torch.float64), torch.zeros(d, d, dtype=torch.float64))

    @classmethod
    def of(cls, values: Tensor, mean: Tensor | None = None) -> Self:
        """Return the moments of the rows of ``values`` (n, d); ``mean`` where it is known already."""
        mean = values.double().mean(0) if mean is None else mean
        return cls(len(values), mean, gram(_centred(values, mean), mean))

    def add(self, batch: Any) -> Moments:
        """Return the moments with a ``batch`` (n, d) more; raises BadInput for another width or numbers not finite."""
        values = torch.as_tensor(batch).detach()
        if values.ndim != 2 or values.shape[1] != len(self.mean):
            raise BadInput(f"batch: expected an (n, {len(self.mean)}) array, got shape {tuple(values.shape)}")
        if not bool(values.isfinite().all()):
            raise BadInput("batch: expected finite numbers")
        if not len(values):
            return self
        here, new = self.mean.device, Moments.of(values)
        return self.merge(Moments(new.n, new.mean.to(here), new.scatter.to(here)))

    def merge(self, other: Moments) -> Moments:
        """Return the moments of both samples together (Chan et al., 1979, eq. 2.1)."""
        if self.n == 0 or other.n == 0:
            return self if other.n == 0 else other
        n, apart = self.n + other.n, other.mean - self.mean
        scatter = self.scatter + other.scatter + torch.outer(apart, apart) * (self.n * other.n / n)
        return Moments(n, self.mean + apart * (other.n / n), scatter)

    @property
    def covariance(self) -> Tensor:
        """Unbiased covariance (ddof 1), (d, d); raises BadInput for fewer than 2 rows."""
        if self.n < 2:
            raise BadInput(f"covariance: expected at least 2 rows, got {self.n}")
        return self.scatter / (self.n - 1)


def _centred(values: Tensor, mean: Tensor) -> Iterator[Tensor]:
    """Yield the rows less ``mean`` in float64, a chunk at a time and each in place of the last."""
    space = mean.new_empty(min(CHUNK, len(values)), len(mean))
    for part in values.split(CHUNK):
        yield space[: len(part)].copy_(part).sub_(mean)


def gram(parts: Iterable[Tensor], like: Tensor) -> Tensor:
    """Return X'X of float64 rows that come in parts, as wide as ``like``; by half of the products on a CPU."""
    d = len(like)
    if not like.is_cpu or d < 64:
        total = torch.zeros(d, d, dtype=torch.float64, device=like.device)
        for part in parts:
            total += part.T @ part
        return total
    lower = np.zeros((d, d), order="F")
    for part in parts:
        lower = dsyrk(1.0, part.numpy().T, beta=1.0, c=lower, lower=1, overwrite_c=1)
    half = torch.from_numpy(lower.T)  # as the rows of C lie, the upper half
    return half.add_(half.triu(1).T)
