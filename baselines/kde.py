"""Control: a kernel density estimate, that is a memoriser with blur."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import torch
from torch import Tensor

from ganbench.baseline import Batch, Control, Draw, Net, normal, some, uniform
from ganbench.dataset import Dataset, Space, Tensors

VALIDATED = 200  # examples kept back for choosing the width, at most a tenth of the pool


@dataclass(frozen=True)
class KDE(Control):
    """A training example plus Gaussian noise, clipped to the data's range (Parzen, 1962).

    The noise's sd is the one of ``grid``, in units of the data's sd, under which kept-back examples are likeliest.
    """

    grid: tuple[float, ...] = tuple(10 ** (i / 10 - 3) for i in range(31))

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.limit >= 2, "limit", "at least 2")
        self.require(bool(self.grid) and min(self.grid, default=0) > 0, "grid", "positive numbers")

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"pick": uniform(), "n": normal(*space.shape)}

    def fit(self, G: Net, data: Dataset, stream: torch.Generator) -> Tensors:
        source = data.train
        x, _ = some(source, self.limit, stream)
        rows = x.flatten(1).double()
        kept = max(1, min(VALIDATED, len(rows) // 10))
        square = torch.cdist(rows[:kept], rows[kept:]).square()
        scale = float(rows.var(0, correction=0).mean().sqrt()) or 1.0  # of equal examples: any unit will do
        sds = [scale * width for width in self.grid]
        best = max(sds, key=lambda sd: float(log_likelihood(square, sd, rows.shape[1])))
        edges = {"low": torch.tensor(data.space.low), "high": torch.tensor(data.space.high)}
        return {"pool": x, "sd": torch.tensor(best)} | edges

    def generate(self, G: Net, b: Batch) -> Tensor:
        return (b.pool[(b.pick * len(b.pool)).long()] + b.sd * b.n).clamp(b.low, b.high)


def log_likelihood(square: Tensor, sd: float, dim: int) -> Tensor:
    """Mean log density of points under equal kernels, from squared distances (points, kernels)."""
    kernels = -square / (2 * sd**2) - dim * (log(sd) + log(2 * torch.pi) / 2)
    return (kernels.logsumexp(1) - log(square.shape[1])).mean()
