"""Control: real samples that nobody trained on and nobody is compared with. The ceiling of every table."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganbench.dataset import Dataset, Space, Tensors
from ganbench.game import Batch, Control, Draw, Player


@dataclass(frozen=True)
class HeldOut(Control):
    """Distinct examples of the control split in random order, repeated only when it runs out.

    Of a streamed split, ``limit`` fresh draws.
    """

    limit: int = 10_000

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.limit >= 1, "limit", "at least 1")

    def noise(self, space: Space) -> dict[str, Draw]:
        return {}

    def fit(self, G: Player, data: Dataset, stream: torch.Generator) -> Tensors:
        source = data.control
        return {"pool": source.examples(source.distinct(min(source.size or self.limit, self.limit), stream))[0]}

    def generate(self, G: Player, b: Batch) -> Tensor:
        return b.pool[b.index % len(b.pool)]
