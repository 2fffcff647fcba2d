"""More players for worked values: linear and constant critics, and laws on three points with a table for a critic."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganbench.game import Batch, Player
from tests.baselines.fixtures import batch, player

# P: p = (0.5, 0.3, 0.2) and q = (0.2, 0.2, 0.6) on the points 0, 1, 2, as ten examples each.
P = torch.tensor([0.5, 0.3, 0.2], dtype=torch.double)
Q = torch.tensor([0.2, 0.2, 0.6], dtype=torch.double)
RATIO = P / Q
POINTS = torch.arange(3, dtype=torch.double)


class Linear(nn.Module):
    """D(v) = w . v over all coordinates of an example."""

    def __init__(self, w: Tensor) -> None:
        super().__init__()
        self.w = nn.Parameter(w.double())

    def forward(self, v: Tensor) -> Tensor:
        return v.flatten(1) @ self.w


class Table(nn.Module):
    """D(v) = the v-th number: any critic there is on the points 0, 1, 2."""

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        self.values = nn.Parameter(values.double())

    def forward(self, v: Tensor) -> Tensor:
        return self.values[v.flatten().long()]


class Move(nn.Module):
    """G(z) = z + theta."""

    def __init__(self, theta: float) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.tensor(theta, dtype=torch.double))

    def forward(self, z: Tensor) -> Tensor:
        return z + self.theta


class Times(nn.Module):
    """Multiply by a constant: a decoder, or an encoder, that is wrong by a known factor."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, v: Tensor) -> Tensor:
        return self.factor * v


def linear(*w: float) -> Player:
    return player(Linear(torch.tensor(w, dtype=torch.double)))


def three_points(values: Tensor) -> tuple[Player, Player, Batch]:
    """Fixture P as (G, D, batch); its means over examples are expectations."""
    x = POINTS.repeat_interleave((10 * P).round().long())[:, None]
    z = POINTS.repeat_interleave((10 * Q).round().long())[:, None]
    return player(nn.Identity()), player(Table(values)), batch(x=x, z=z)


def steepness(loss: Tensor, D: Player) -> float:
    """Largest absolute slope of a loss in the critic's weights: 0 at its optimum."""
    slopes = torch.autograd.grad(loss, list(D.weights.values()))
    return max(slope.abs().max().item() for slope in slopes)
