"""A player's weights as one row of numbers, and the names of its parts."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganbench.dataset import Tensors


@dataclass(frozen=True)
class Layout:
    """Where each named parameter lies in the row."""

    shapes: dict[str, torch.Size]

    @classmethod
    def of(cls, module: nn.Module) -> Layout:
        return cls({name: weight.shape for name, weight in module.named_parameters()})

    def row(self, tensors: Tensors) -> Tensor:
        """Join the named tensors into one row."""
        return torch.cat([tensors[name].flatten() for name in self.shapes]) if self.shapes else torch.zeros(0)

    def tensors(self, row: Tensor) -> Tensors:
        """Return views of the row, by name."""
        parts = torch.split(row, [shape.numel() for shape in self.shapes.values()])
        return {name: part.view(shape) for (name, shape), part in zip(self.shapes.items(), parts, strict=True)}


def share(tensors: Tensors, part: str) -> Tensors:
    """Return the tensors of a named part of a network, under their names within that part."""
    prefix = f"{part}." if part else ""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
