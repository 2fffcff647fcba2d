"""Control: uniform noise in the data's range. The worst score that a table should show."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ganbench.baseline import Batch, Control, Draw, Net, uniform
from ganbench.dataset import Space


@dataclass(frozen=True)
class Noise(Control):
    """Every coordinate independent and uniform between the smallest and the largest value that the data may take."""

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": uniform(*space.shape, low=space.low, high=space.high)}

    def generate(self, G: Net, b: Batch) -> Tensor:
        return b.z
