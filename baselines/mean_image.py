"""Control: the data's mean, always. The worst case of every score that measures variety."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganbench.baseline import Batch, Control, Net, some
from ganbench.dataset import Dataset, Tensors


@dataclass(frozen=True)
class MeanImage(Control):
    """The best constant in squared error: the mean of the training data, of ``limit`` draws if streamed."""

    limit: int = 100_000

    def fit(self, G: Net, data: Dataset, stream: torch.Generator) -> Tensors:
        x, _ = some(data.train, self.limit, stream)
        return {"mean": x.double().mean(0).to(x.dtype)}

    def generate(self, G: Net, b: Batch) -> Tensor:
        return b.mean.expand(len(b.index), *b.mean.shape)
