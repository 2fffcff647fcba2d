"""Control: one example of each class, over and over. Scores that look only at classes call it perfect."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganbench.baseline import Batch, Control, Net, some
from ganbench.dataset import Dataset, Space, Tensors
from ganbench.errors import BadInput


@dataclass(frozen=True)
class OnePerClass(Control):
    """Mode collapse within every class: one training example stands for all of its class, each equally often.

    ``limit`` is how many training examples are searched at most.
    """

    def fit(self, G: Net, data: Dataset, stream: torch.Generator) -> Tensors:
        """Raise BadInput for data in which a class does not occur."""
        source, classes = data.train, data.space.classes
        x, y = some(source, self.limit, stream)
        belongs = y == torch.arange(classes, device=y.device)[:, None]
        if not belongs.any(1).all():
            missing = (~belongs.any(1)).nonzero().flatten().tolist()
            raise BadInput(f"OnePerClass: {data.name} has no training example of class {missing[0]}")
        return {"pool": x[belongs.int().argmax(1)]}

    def generate(self, G: Net, b: Batch) -> Tensor:
        return b.pool[b.index % len(b.pool)]

    def unsupported(self, space: Space, batch: int) -> str | None:
        return "it needs labelled data" if space.classes == 0 else None
