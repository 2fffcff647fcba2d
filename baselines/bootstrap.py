"""Control: training examples drawn with replacement. A perfect memoriser: what looks right and is not new."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganbench.dataset import Dataset, Space, Tensors
from ganbench.game import Batch, Control, Draw, Player, some, uniform


@dataclass(frozen=True)
class Bootstrap(Control):
    """Remembers ``limit`` distinct training examples at most, and repeats them at random (Efron, 1979)."""

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"pick": uniform()}

    def fit(self, G: Player, data: Dataset, stream: torch.Generator) -> Tensors:
        source = data.train
        return {"pool": some(source, self.limit, stream)[0]}

    def generate(self, G: Player, b: Batch) -> Tensor:
        return b.pool[(b.pick * len(b.pool)).long()]
