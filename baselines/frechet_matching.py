"""Control: a curve on a plane, from a generator trained on the Frechet distance. Its distance is that of real data."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganbench.baseline import Batch, Control, Draw, Net, some, uniform
from ganbench.dataset import Dataset, Space, Tensors
from ganbench.metrics.frechet_matching import CurveGenerator, frechet_matching


@dataclass(frozen=True)
class FrechetMatching(Control):
    """A generator of one number whose last layer is where the Frechet distance to the data is least: zero.

    What compares two moments calls it perfect. ``limit`` draws of a streamed set give the moments.
    """

    limit: int = 100_000

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"u": uniform()}

    def fit(self, G: Net, data: Dataset, stream: torch.Generator) -> Tensors:
        x, _ = some(data.train, self.limit, stream)
        rows = x.double().cpu()
        made = frechet_matching(rows.mean(0), rows.T.cov(correction=0), stream)
        return {name: getattr(made, name).to(x) for name in ("frequencies", "phases", "weights", "bias")}

    def generate(self, G: Net, b: Batch) -> Tensor:
        return CurveGenerator(b.frequencies, b.phases, b.weights, b.bias)(b.u)

    def unsupported(self, space: Space, batch: int) -> str | None:
        return "its points lie outside the range of images" if space.is_image else None
