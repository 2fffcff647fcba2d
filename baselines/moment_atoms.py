"""Control: four points on a plane with the data's mean and covariance. Its Frechet distance is that of real data."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganbench.baseline import Batch, Control, Net, some
from ganbench.dataset import Dataset, Space, Tensors
from ganbench.metrics.atoms import moment_atoms


@dataclass(frozen=True)
class MomentAtoms(Control):
    """Two points on either side of the mean along each axis of the covariance, over and over.

    What compares two moments calls them perfect. ``limit`` draws of a streamed set give the moments.
    """

    limit: int = 100_000

    def fit(self, G: Net, data: Dataset, stream: torch.Generator) -> Tensors:
        x, _ = some(data.train, self.limit, stream)
        rows = x.double()
        return {"pool": moment_atoms(rows.mean(0), rows.T.cov(correction=0)).to(x.dtype)}

    def generate(self, G: Net, b: Batch) -> Tensor:
        return b.pool[b.index % len(b.pool)]

    def unsupported(self, space: Space, batch: int) -> str | None:
        return "its points lie outside the range of images" if space.is_image else None
