"""Where examples come from: a finite set, or a mixture of Gaussians that never runs out."""

from __future__ import annotations

import torch
from torch import Tensor

from ganbench.dataset import Modes, Tensors
from ganbench.errors import BadInput


class Finite:
    """All examples at hand: ``x`` (size, *shape) float32 and their labels ``y`` (size,) int64, in a fixed order."""

    def __init__(self, x: Tensor, y: Tensor) -> None:
        if len(x) != len(y) or len(x) == 0:
            raise BadInput(f"a finite source needs as many labels as examples, at least one: got {len(x)} and {len(y)}")
        self.x, self.y = x, y
        self.size: int | None = len(x)

    def tickets(self, n: int, stream: torch.Generator) -> Tensors:
        """``index`` (n,) int64: drawn independently and with replacement, so that batches of any size are alike."""
        return {"index": torch.randint(len(self.x), (n,), generator=stream)}

    def distinct(self, n: int, stream: torch.Generator) -> Tensors:
        """``index`` (n,) int64 without repetition; raises BadInput when there are fewer than ``n`` examples."""
        if n > len(self.x):
            raise BadInput(f"asked for {n} distinct examples of a source that has {len(self.x)}")
        return {"index": torch.randperm(len(self.x), generator=stream)[:n]}

    def examples(self, tickets: Tensors) -> tuple[Tensor, Tensor]:
        """``(x[index], y[index])`` for an index with any axes."""
        index = tickets["index"]
        return self.x[index], self.y[index]

    def to(self, device: torch.device) -> Finite:
        return Finite(self.x.to(device), self.y.to(device))


class Streamed:
    """Equal parts of K isotropic Gaussians around ``modes.centres`` (K, d); the label is the part."""

    def __init__(self, modes: Modes) -> None:
        self.modes = modes
        self.size: int | None = None

    def tickets(self, n: int, stream: torch.Generator) -> Tensors:
        """``mode`` (n,) int64, uniform, and ``noise`` (n, d) float32, standard normal."""
        count, dim = self.modes.centres.shape
        mode = torch.randint(count, (n,), generator=stream)
        return {"mode": mode, "noise": torch.randn(n, dim, generator=stream)}

    def distinct(self, n: int, stream: torch.Generator) -> Tensors:
        """``n`` fresh tickets: a continuous law does not repeat itself."""
        return self.tickets(n, stream)

    def examples(self, tickets: Tensors) -> tuple[Tensor, Tensor]:
        """``(centres[mode] + sd * noise, mode)`` for tickets with any leading axes."""
        mode = tickets["mode"]
        return self.modes.centres[mode] + self.modes.sd * tickets["noise"], mode

    def to(self, device: torch.device) -> Streamed:
        return Streamed(Modes(self.modes.centres.to(device), self.modes.sd))
