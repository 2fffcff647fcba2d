"""Control: real samples that nobody trained on and nobody is compared with. The ceiling of every table."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganbench.dataset import Dataset, Tensors
from ganbench.game import Batch, Control, Player, some


@dataclass(frozen=True)
class HeldOut(Control):
    """Distinct examples of the control split in random order, repeated only when it runs out.

    Of a streamed split, ``limit`` fresh draws.
    """

    def fit(self, G: Player, data: Dataset, stream: torch.Generator) -> Tensors:
        source = data.control
        return {"pool": some(source, self.limit, stream)[0]}

    def generate(self, G: Player, b: Batch) -> Tensor:
        return b.pool[b.index % len(b.pool)]
