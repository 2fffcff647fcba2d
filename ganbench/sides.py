"""One side of the game for all seeds: a network without weights, and how its weights lie in a row."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.func import vmap

from ganbench.dataset import Tensors
from ganbench.game import Player
from ganbench.nets.layers import BatchNorm, Refreshed, refreshed
from ganbench.streams import stream
from ganbench.weights import Layout

T = TypeVar("T")


@dataclass(frozen=True)
class Side:
    """What is fixed about one player, whatever its seed and its weights."""

    skeleton: nn.Module
    layout: Layout

    @classmethod
    def of(cls, net: nn.Module) -> Side:
        return cls(copy.deepcopy(net).to("meta"), Layout.of(net))

    def stack(self, nets: Sequence[nn.Module], device: torch.device) -> tuple[Tensor, Tensors]:
        """Weights (seeds, parameters) and buffers (seeds, ...) of one network per seed."""
        rows = torch.stack([self.layout.row(dict(net.named_parameters())).detach() for net in nets])
        named = [dict(net.named_buffers()) for net in nets]
        return rows.to(device), {key: torch.stack([each[key] for each in named]).to(device) for key in named[0]}

    def player(self, row: Tensor, buffers: Tensors) -> Player:
        """Bind one seed's weights."""
        return Player(self.skeleton, self.layout.tensors(row), buffers)

    def refresh(self, rows: Tensor, buffers: Tensors) -> Tensors:
        """Return the buffers after every Refreshed layer has followed its weights, for all seeds."""
        if not any(isinstance(layer, Refreshed) for layer in self.skeleton.modules()):
            return buffers
        return vmap(lambda row, own: refreshed(self.skeleton, self.layout.tensors(row), own))(rows, buffers)

    def sampling(self) -> Side:
        """Return this side with every BatchNorm using the statistics in its buffers."""
        return Side(copy.deepcopy(self.skeleton).eval(), self.layout)

    def gathering(self) -> Side:
        """Return this side with every BatchNorm writing the statistics of its batch into its buffers."""
        skeleton = copy.deepcopy(self.skeleton)
        for layer in skeleton.modules():
            if isinstance(layer, BatchNorm):
                layer.gathering = True
        return Side(skeleton, self.layout)


def seeded(seed: int, build: Callable[[], T]) -> T:
    """Build networks whose initial weights depend on the seed alone; the global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream(seed, "weights").initial_seed())
        return build()
