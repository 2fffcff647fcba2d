"""Control: real samples that are neither trained on nor compared with. The best score that a table can show."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganbench.baseline import Batch, Control, Net, some
from ganbench.dataset import Dataset, Tensors


@dataclass(frozen=True)
class HeldOut(Control):
    """Distinct examples of the control split in random order, repeated only when it runs out.

    Of a streamed split, ``limit`` fresh draws.
    """

    def fit(self, G: Net, data: Dataset, stream: torch.Generator) -> Tensors:
        return {"pool": some(data.control, self.limit, stream)[0]}

    def distinct_samples(self, data: Dataset) -> int | None:
        return min(data.control.size or self.limit, self.limit)

    def generate(self, G: Net, b: Batch) -> Tensor:
        return b.pool[b.index % len(b.pool)]
