"""Control: training examples drawn with replacement. A perfect memoriser: every sample is right and none is new."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganbench.baseline import Batch, Control, Draw, Net, some, uniform
from ganbench.dataset import Dataset, Space, Tensors


@dataclass(frozen=True)
class Bootstrap(Control):
    """Remembers ``limit`` distinct training examples at most, and repeats them at random (Efron, 1979)."""

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"pick": uniform()}

    def fit(self, G: Net, data: Dataset, stream: torch.Generator) -> Tensors:
        return {"pool": some(data.train, self.limit, stream)[0]}

    def generate(self, G: Net, b: Batch) -> Tensor:
        return b.pool[(b.pick * len(b.pool)).long()]
