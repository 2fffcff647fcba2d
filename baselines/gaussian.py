"""Control: one Gaussian with the data's mean and covariance. What scores by two moments cannot tell from the data."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from ganbench.baseline import Batch, Control, Draw, Net, normal, some
from ganbench.dataset import Dataset, Space, Tensors


@dataclass(frozen=True)
class Gaussian(Control):
    """N(mean, covariance) of the training data, clipped to the data's range; ``limit`` draws of a streamed set."""

    limit: int = 100_000

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": normal(prod(space.shape))}

    def fit(self, G: Net, data: Dataset, stream: torch.Generator) -> Tensors:
        source, space = data.train, data.space
        x, _ = some(source, self.limit, stream)
        rows = x.flatten(1).double()
        values, vectors = torch.linalg.eigh(rows.T.cov(correction=0))  # pixels that never change: no Cholesky factor
        root = vectors * values.clamp(min=0).sqrt()
        edges = {"low": torch.tensor(space.low), "high": torch.tensor(space.high)}
        return {"mean": x.mean(0), "root": root.to(x.dtype)} | edges

    def generate(self, G: Net, b: Batch) -> Tensor:
        x = b.mean + (b.z @ b.root.T).unflatten(-1, b.mean.shape)
        return x.clamp(b.low, b.high)
