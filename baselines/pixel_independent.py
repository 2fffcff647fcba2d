"""Control: every pixel drawn from its own distribution, whatever the others are. Right marginals and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from ganbench.baseline import Batch, Control, Draw, Net, some, uniform
from ganbench.dataset import Dataset, Space, Tensors


@dataclass(frozen=True)
class PixelIndependent(Control):
    """Each coordinate is that of another training example, out of ``limit`` distinct ones at most."""

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"pick": uniform(prod(space.shape))}

    def fit(self, G: Net, data: Dataset, stream: torch.Generator) -> Tensors:
        return {"pool": some(data.train, self.limit, stream)[0]}

    def generate(self, G: Net, b: Batch) -> Tensor:
        rows = (b.pick * len(b.pool)).long()
        return b.pool.flatten(1).gather(0, rows).unflatten(-1, b.pool.shape[1:])
