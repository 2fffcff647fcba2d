"""Control: real examples of half of the classes. Every sample is right, and half of the variety is missing."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganbench.baseline import Batch, Control, Net, some
from ganbench.dataset import Dataset, Space, Tensors


@dataclass(frozen=True)
class HalfClasses(Control):
    """Distinct training examples of half of the classes (rounded down, chosen by the seed), repeated when they run out.

    ``limit`` is how many training examples are searched at most.
    """

    def fit(self, G: Net, data: Dataset, stream: torch.Generator) -> Tensors:
        source, classes = data.train, data.space.classes
        x, y = some(source, self.limit, stream)
        half = torch.randperm(classes, generator=stream)[: classes // 2].to(y.device)
        kept = torch.isin(y, half)
        # kept examples first: the pool is then as long for every seed, however many it keeps
        return {"pool": x[torch.argsort((~kept).int(), stable=True)], "kept": kept.sum()}

    def distinct_samples(self, data: Dataset) -> int | None:
        return min(data.train.size or self.limit, self.limit) // 2  # about as many

    def generate(self, G: Net, b: Batch) -> Tensor:
        return b.pool[b.index % b.kept]

    def unsupported(self, space: Space, batch: int) -> str | None:
        return "it needs data with at least 2 classes" if space.classes < 2 else None
