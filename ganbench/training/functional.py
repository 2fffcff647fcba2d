"""One kind of network for all seeds at once: a module without weights, and rows of weights, one for each seed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.func import vmap

from ganbench._util.streams import stream
from ganbench.baseline import Net
from ganbench.dataset import Tensors
from ganbench.nets.layers import Refreshed, Standardised, refreshed
from ganbench.optim import Descent

T = TypeVar("T")


@dataclass(frozen=True)
class ParameterLayout:
    """Where each named parameter lies in a row of all parameters."""

    shapes: dict[str, torch.Size]

    @classmethod
    def of(cls, module: nn.Module) -> ParameterLayout:
        return cls({name: weight.shape for name, weight in module.named_parameters()})

    def row(self, tensors: Tensors) -> Tensor:
        """Join the named tensors into one row."""
        return torch.cat([tensors[name].flatten() for name in self.shapes]) if self.shapes else torch.zeros(0)

    def tensors(self, row: Tensor) -> Tensors:
        """Return views of the row, by name."""
        parts = torch.split(row, [shape.numel() for shape in self.shapes.values()])
        return {name: part.view(shape) for (name, shape), part in zip(self.shapes.items(), parts, strict=True)}


@dataclass(frozen=True)
class StackedNet:
    """What the networks of all seeds share: the module, on no device, and the layout of their weights."""

    skeleton: nn.Module
    layout: ParameterLayout

    @classmethod
    def of(cls, net: nn.Module) -> StackedNet:
        return cls(copy.deepcopy(net).to("meta"), ParameterLayout.of(net))

    def stack(self, nets: Sequence[nn.Module], device: torch.device) -> tuple[Tensor, Tensors]:
        """Weights (seeds, parameters) and buffers (seeds, ...) of one network per seed."""
        rows = torch.stack([self.layout.row(dict(net.named_parameters())).detach() for net in nets])
        named = [dict(net.named_buffers()) for net in nets]
        return rows.to(device), {key: torch.stack([each[key] for each in named]).to(device) for key in named[0]}

    def net(self, row: Tensor, buffers: Tensors, descent: Descent | None = None) -> Net:
        """Bind one seed's weights, and the next step of its optimiser."""
        return Net(self.skeleton, self.layout.tensors(row), buffers, descent)

    def refresh(self, rows: Tensor, buffers: Tensors) -> Tensors:
        """Return the buffers after every Refreshed layer has followed its weights, for all seeds."""
        if not any(isinstance(layer, Refreshed) for layer in self.skeleton.modules()):
            return buffers
        return vmap(lambda row, own: refreshed(self.skeleton, self.layout.tensors(row), own))(rows, buffers)

    def sampling(self) -> StackedNet:
        """Return this network with every BatchNorm using the statistics in its buffers."""
        return StackedNet(copy.deepcopy(self.skeleton).eval(), self.layout)

    def gathering(self) -> StackedNet:
        """Return this network with every BatchNorm writing the statistics of its batch into its buffers."""
        skeleton = copy.deepcopy(self.skeleton)
        for layer in skeleton.modules():
            if isinstance(layer, Standardised):
                layer.gathering = True
        return StackedNet(skeleton, self.layout)


def seeded(seed: int, build: Callable[[], T]) -> T:
    """Build networks whose initial weights depend on the seed alone; the global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream(seed, "weights").initial_seed())
        return build()
