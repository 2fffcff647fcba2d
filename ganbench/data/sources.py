"""Where examples come from: a finite set, stacks of its examples, or a mixture of Gaussians that never runs out."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from ganbench.dataset import Modes, Tensors
from ganbench.errors import BadInput


class Finite:
    """All examples at hand: ``x`` (size, *shape) float32 and their labels ``y`` (size,) int64, in a fixed order."""

    def __init__(self, x: Tensor, y: Tensor) -> None:
        self.x, self.y, self.size = x, y, paired(x, y)

    def indices(self, n: int, stream: torch.Generator) -> Tensors:
        """``index`` (n,) int64: drawn independently and with replacement, so that batches of any size are alike."""
        return {"index": torch.randint(self.size, (n,), generator=stream)}

    def distinct(self, n: int, stream: torch.Generator) -> Tensors:
        """``index`` (n,) int64 without repetition; raises BadInput when there are fewer than ``n`` examples."""
        if n > self.size:
            raise BadInput(f"asked for {n} distinct examples of a source that has {self.size}")
        return {"index": torch.randperm(self.size, generator=stream)[:n]}

    def examples(self, indices: Tensors) -> tuple[Tensor, Tensor]:
        """``(x[index], y[index])`` for an index with any axes."""
        index = indices["index"]
        return self.x[index], self.y[index]

    def to(self, device: torch.device) -> Finite:
        return Finite(self.x.to(device), self.y.to(device))


class Pixels(Finite):
    """Images whose levels (size, *shape) uint8 are kept as they are: an example is ``levels / divisor - 1``, float32.

    They take a quarter of the memory, on the device too, and are converted batch by batch. All of them as numbers,
    ``x``, are made when they are first asked for, which training never does.

    Those that stay ``on_host`` are larger than the memory that they may take: they lie in a file that is mapped into
    memory, and the levels of each batch are fetched from there.
    """

    def __init__(
        self, levels: Tensor, divisor: float, y: Tensor, on_host: bool = False, device: torch.device | None = None
    ) -> None:
        self.levels, self.y, self.size, self.on_host = levels, y, paired(levels, y), on_host
        # a tensor: CUDA multiplies by a number's inverse
        self.divisor = torch.tensor(divisor, device=device or levels.device)

    @cached_property
    def x(self) -> Tensor:  # type: ignore[override]
        """All images as numbers, (size, *shape) float32."""
        return self.levels.float() / self.divisor - 1

    def fetched(self, index: Tensor) -> Tensors:
        """``levels`` and ``label`` of images for an index with any axes, all on the CPU."""
        return {"levels": self.levels[index], "label": self.y[index]}

    def examples(self, indices: Tensors) -> tuple[Tensor, Tensor]:
        """``(x[index], y[index])`` for an index with any axes, or the images whose levels were fetched."""
        batch = indices if "levels" in indices else self.fetched(indices["index"])
        return batch["levels"].float() / self.divisor - 1, batch["label"]

    def streamed(self) -> Pixels:
        """Return the same images, which stay where they are."""
        return Pixels(self.levels, float(self.divisor), self.y, on_host=True)

    def part(self, chosen: Tensor) -> Pixels:
        """Return some of the images."""
        return Pixels(self.levels[chosen], float(self.divisor), self.y[chosen])

    def to(self, device: torch.device) -> Pixels:
        if self.on_host:
            return Pixels(self.levels, float(self.divisor), self.y, on_host=True, device=device)
        return Pixels(self.levels.to(device), float(self.divisor), self.y.to(device))


class Flipped(Pixels):
    """Images of which every draw is mirrored, left to right, with a chance of one half."""

    def __init__(self, source: Pixels) -> None:
        super().__init__(source.levels, float(source.divisor), source.y, source.on_host, source.divisor.device)

    def indices(self, n: int, stream: torch.Generator) -> Tensors:
        """``index`` (n,) int64 as of other images, and ``mirrored`` (n,) bool."""
        return super().indices(n, stream) | {"mirrored": torch.randint(2, (n,), generator=stream).bool()}

    def examples(self, indices: Tensors) -> tuple[Tensor, Tensor]:
        """``(x[index], y[index])``, mirrored where the indices say so; those of ``distinct`` say nothing."""
        x, y = super().examples(indices)
        mirrored = indices.get("mirrored")
        return (x if mirrored is None else torch.where(mirrored[..., None, None, None], x.flip(-1), x)), y

    def streamed(self) -> Flipped:
        return Flipped(super().streamed())

    def to(self, device: torch.device) -> Flipped:
        return Flipped(super().to(device))


def paired(x: Tensor, y: Tensor) -> int:
    """Return how many examples and labels there are; raise BadInput unless as many of either."""
    if len(x) != len(y) or len(x) == 0:
        raise BadInput(f"a finite source needs as many labels as examples, at least one: got {len(x)} and {len(y)}")
    return len(x)


class Stacked:
    """Three independent examples of a finite source, one channel each, as one; what their labels say, digit by digit.

    It counts as streamed: there are size^3 of them.
    """

    def __init__(self, source: Finite, classes: int) -> None:
        self.source, self.classes = source, classes
        self.size: int | None = None

    def indices(self, n: int, stream: torch.Generator) -> Tensors:
        """``index`` (n, 3) int64, drawn independently and with replacement."""
        return {"index": torch.randint(self.source.size, (n, 3), generator=stream)}

    def distinct(self, n: int, stream: torch.Generator) -> Tensors:
        """``index`` (n, 3) int64 of different triples; raises BadInput when there are fewer than ``n``."""
        size = self.source.size
        if n > size**3:
            raise BadInput(f"asked for {n} distinct examples of a source that has {size**3}")
        if 8 * n > size**3:
            code = torch.randperm(size**3, generator=stream)
        else:  # twice as many as needed: among them are far more than n different ones
            code = first_of_each(torch.randint(size**3, (2 * n,), generator=stream))
        return {"index": torch.stack([code // size**2, code // size % size, code % size], 1)[:n]}

    def examples(self, indices: Tensors) -> tuple[Tensor, Tensor]:
        """Images (..., 3, height, width) and labels 100 r + 10 g + b, for ten classes, with any leading axes."""
        x, y = self.source.examples(indices)
        r, g, b = y.unbind(-1)
        return x.squeeze(-3), (r * self.classes + g) * self.classes + b

    def to(self, device: torch.device) -> Stacked:
        return Stacked(self.source.to(device), self.classes)


def first_of_each(code: Tensor) -> Tensor:
    """Different values in the order of their first appearance."""
    order = code.argsort(stable=True)
    kept = torch.ones_like(code, dtype=torch.bool)
    kept[order[1:]] = code[order[1:]] != code[order[:-1]]
    return code[kept]


class Streamed:
    """Equal parts of K isotropic Gaussians around ``modes.centres`` (K, d); the label is the part."""

    def __init__(self, modes: Modes) -> None:
        self.modes = modes
        self.size: int | None = None

    def indices(self, n: int, stream: torch.Generator) -> Tensors:
        """``mode`` (n,) int64, uniform, and ``noise`` (n, d) float32, standard normal."""
        count, dim = self.modes.centres.shape
        mode = torch.randint(count, (n,), generator=stream)
        return {"mode": mode, "noise": torch.randn(n, dim, generator=stream)}

    def distinct(self, n: int, stream: torch.Generator) -> Tensors:
        """Indices of ``n`` new draws: a continuous distribution does not repeat itself."""
        return self.indices(n, stream)

    def examples(self, indices: Tensors) -> tuple[Tensor, Tensor]:
        """``(centres[mode] + sd * noise, mode)`` for indices with any leading axes."""
        mode = indices["mode"]
        return self.modes.centres[mode] + self.modes.sd * indices["noise"], mode

    def to(self, device: torch.device) -> Streamed:
        return Streamed(Modes(self.modes.centres.to(device), self.modes.sd))
