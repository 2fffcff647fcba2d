"""A reference of which only the mean and the covariance are known, as rows that have exactly these."""

from __future__ import annotations

import torch
from torch import Tensor

from ganbench.cloud import Cloud, Facts
from ganbench.errors import BadInput
from ganbench.metrics.frechet import symmetric_root
from ganbench.sources.base import Source

FRECHET = ("fid", "fid_infinity")  # read nothing else of a reference


def gaussian(source: Source) -> Cloud:
    """Return d + 1 rows (d + 1, d) float64 with the source's mean and covariance (ddof 1), or raise BadInput.

    With sigma = F'F and H the contrasts of Helmert, which are orthonormal and sum to zero over the rows, these are
    mu + sqrt(d) H'F.
    """
    if source.moments is None:
        raise BadInput(f"{source.name}: expected a mean and a covariance")
    mean, covariance = (torch.from_numpy(each) for each in source.moments())
    rows = mean + len(mean) ** 0.5 * helmert(len(mean)) @ symmetric_root(covariance, f"{source.name}: sigma")
    nothing = Facts(torch.zeros(0, 2, dtype=torch.int64), torch.zeros(0), torch.zeros(0, 2, dtype=torch.int32))
    return Cloud(rows, None, None, (), (), nothing, 0, {"moments": 1})


def helmert(d: int) -> Tensor:
    """Return (d + 1, d) orthonormal columns that sum to zero: 1/sqrt(k(k+1)) k times, then -k/sqrt(k(k+1))."""
    k = torch.arange(1, d + 1, dtype=torch.float64)
    columns = torch.ones(d + 1, d, dtype=torch.float64).triu()
    columns[torch.arange(1, d + 1), torch.arange(d)] = -k
    return columns / (k * (k + 1)).sqrt()
