"""Control: the data's mean, always. The floor of every score that looks at variety."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganbench.dataset import Dataset, Tensors
from ganbench.game import Batch, Control, Player, some


@dataclass(frozen=True)
class MeanImage(Control):
    """The best constant in squared error: the mean of the training data, of ``limit`` draws if streamed."""

    limit: int = 100_000

    def fit(self, G: Player, data: Dataset, stream: torch.Generator) -> Tensors:
        source = data.train
        x, _ = some(source, self.limit, stream)
        return {"mean": x.double().mean(0).to(x.dtype)}

    def generate(self, G: Player, b: Batch) -> Tensor:
        return b.mean.expand(len(b.index), *b.mean.shape)
