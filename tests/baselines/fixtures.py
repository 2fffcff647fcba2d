"""Players with no secrets: critics and generators whose every value can be worked out by hand."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganbench.game import Batch, Player

# L: the logits themselves. Points are one-dimensional and the critic returns the point.
LOGITS_REAL = torch.tensor([[0.5], [-1.0]], dtype=torch.double)
LOGITS_FAKE = torch.tensor([[0.2], [1.5]], dtype=torch.double)

# C: a curved critic in the plane, which can tell real from fake from in-between.
REAL = torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.double)
FAKE = torch.tensor([[0.5, -1.0], [2.0, 1.0]], dtype=torch.double)
EPS = torch.tensor([[0.25], [0.75]], dtype=torch.double)
NOISE = torch.tensor([[0.2, -0.4], [-0.6, 0.8]], dtype=torch.double)

EXACT = {"rtol": 0.0, "atol": 1e-9}


class Logit(nn.Module):
    def forward(self, v: Tensor) -> Tensor:
        return v.flatten()


class Curved(nn.Module):
    """D(v) = v1^2 / 2 - v2^2 / 4 + 0.3 v1 - 0.4 v2."""

    def forward(self, v: Tensor) -> Tensor:
        return v[:, 0].square() / 2 - v[:, 1].square() / 4 + 0.3 * v[:, 0] - 0.4 * v[:, 1]


class Shift(nn.Module):
    """G(z) = z + t, with t = 0: the gradient in t is that of a common shift of all fakes."""

    def __init__(self) -> None:
        super().__init__()
        self.t = nn.Parameter(torch.zeros(2, dtype=torch.double))

    def forward(self, z: Tensor) -> Tensor:
        return z + self.t


def player(module: nn.Module) -> Player:
    return Player(module, dict(module.named_parameters()), dict(module.named_buffers()))


def batch(**tensors: Tensor) -> Batch:
    return Batch({"progress": torch.tensor(0.0)} | tensors)


def logits() -> tuple[Player, Player, Batch]:
    """Fixture L as (G, D, batch)."""
    return player(nn.Identity()), player(Logit()), batch(x=LOGITS_REAL, z=LOGITS_FAKE)


def curved() -> tuple[Player, Player, Batch]:
    """Fixture C as (G, D, batch); the batch also holds eps."""
    return player(Shift()), player(Curved()), batch(x=REAL, z=FAKE, eps=EPS)


def shift_gradient(loss: Tensor, G: Player) -> list[float]:
    """Gradient of a loss with respect to fixture C's shift."""
    (slope,) = torch.autograd.grad(loss, G.weights["t"])
    return [float(value) for value in slope]


# K: class logits of real and fake points.
CLASSES_REAL = torch.tensor([[1.0, 0.0, -1.0], [0.5, 2.0, 0.0]], dtype=torch.double)
CLASSES_FAKE = torch.tensor([[0.2, 0.1, 0.0], [-1.0, 1.0, 1.0]], dtype=torch.double)

# Z: noise, and what a reconstructor makes of the samples it led to.
CODES = torch.tensor([[0.5, -1.0], [0.0, 2.0]], dtype=torch.double)
CODES_AGAIN = torch.tensor([[0.25, -0.5], [0.5, 1.5]], dtype=torch.double)


class Halved(nn.Module):
    """A: an autoencoder's second half, v / 2 + 0.1; its first half is the identity."""

    def forward(self, v: Tensor) -> Tensor:
        return v / 2 + 0.1


class First(nn.Module):
    """Return the first input, whatever else is said."""

    def forward(self, v: Tensor, *rest: Tensor) -> Tensor:
        return v


class FirstLogit(First):
    """Fixture L for critics of two inputs."""

    def forward(self, v: Tensor, *rest: Tensor) -> Tensor:
        return v.flatten()


class Always(nn.Module):
    """Return the same, whatever the input."""

    value: Tensor

    def __init__(self, value: Tensor) -> None:
        super().__init__()
        self.register_buffer("value", value)

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.value


def parts(**modules: nn.Module) -> Player:
    """A player of several networks."""
    return player(nn.ModuleDict(modules))
