"""Control: uniform noise in the data's range. The floor of every table."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ganbench.dataset import Space
from ganbench.game import Batch, Control, Draw, Player, uniform


@dataclass(frozen=True)
class Noise(Control):
    """Every coordinate independent and uniform between the smallest and the largest value that the data may take."""

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": uniform(*space.shape, low=space.low, high=space.high)}

    def generate(self, G: Player, b: Batch) -> Tensor:
        return b.z
