"""Networks whose every value can be worked out by hand, and the data that go with them.

Fixture L: the logits themselves; points are one-dimensional and the discriminator returns the point.
Fixture C: a curved discriminator in the plane, which differs on real, fake and points in between.
Fixture P: distributions on three points, where a table is any discriminator that there is.
Fixture K: class logits of real and fake points. Fixture Z: noise, and its reconstruction from the samples.
Fixture A: an autoencoder that halves.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ganbench.baseline import Batch, Net
from ganbench.data import load
from ganbench.dataset import Space
from ganbench.optim import SGD, Descent, Optimizer

RING, DIGITS = load("ring8").space, load("digits").space
MNIST = Space((1, 28, 28), 10, -1.0, 1.0)

LOGITS_REAL = torch.tensor([[0.5], [-1.0]], dtype=torch.double)  # L
LOGITS_FAKE = torch.tensor([[0.2], [1.5]], dtype=torch.double)

REAL = torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.double)  # C
FAKE = torch.tensor([[0.5, -1.0], [2.0, 1.0]], dtype=torch.double)
EPS = torch.tensor([[0.25], [0.75]], dtype=torch.double)
NOISE = torch.tensor([[0.2, -0.4], [-0.6, 0.8]], dtype=torch.double)

POINTS = torch.arange(3, dtype=torch.double)  # P, as ten examples each
P = torch.tensor([0.5, 0.3, 0.2], dtype=torch.double)
Q = torch.tensor([0.2, 0.2, 0.6], dtype=torch.double)

CLASSES_REAL = torch.tensor([[1.0, 0.0, -1.0], [0.5, 2.0, 0.0]], dtype=torch.double)  # K
CLASSES_FAKE = torch.tensor([[0.2, 0.1, 0.0], [-1.0, 1.0, 1.0]], dtype=torch.double)

CODES = torch.tensor([[0.5, -1.0], [0.0, 2.0]], dtype=torch.double)  # Z
CODES_AGAIN = torch.tensor([[0.25, -0.5], [0.5, 1.5]], dtype=torch.double)

EXACT: dict[str, Any] = {"rtol": 0.0, "atol": 1e-9}


def exactly(value: Tensor, expected: float) -> None:
    """Assert that a double-precision scalar is the worked value."""
    torch.testing.assert_close(value, torch.tensor(expected, dtype=torch.double), **EXACT)


# Networks, batches and the fixtures as (G, D, batch).


def as_net(module: nn.Module) -> Net:
    """The module as a loss is given it; its optimiser is plain gradient descent at the rate 1."""
    return Net.of(module, descent(module, SGD(lr=1.0)))


def descent(module: nn.Module, optimizer: Optimizer) -> Descent:
    """The steps of an optimiser that has made none yet."""
    sizes = [weight.numel() for weight in module.parameters()]
    state = optimizer.init(torch.zeros(1, sum(sizes), dtype=torch.double))
    numbers = {name: torch.tensor([number], dtype=torch.double) for name, number in optimizer.schedule().items()}
    return Descent(optimizer, {name: rows[0] for name, rows in state.items()}, numbers)


def parts(**modules: nn.Module) -> Net:
    """A net of several named parts."""
    return as_net(nn.ModuleDict(modules))


def identity() -> Net:
    """A generator that returns its noise, or a second network where there is none."""
    return as_net(nn.Identity())


def batch(**tensors: Tensor) -> Batch:
    return Batch({"progress": torch.tensor(0.0)} | tensors)


def logits() -> tuple[Net, Net, Batch]:
    """Fixture L."""
    return identity(), as_net(Logit()), batch(x=LOGITS_REAL, z=LOGITS_FAKE)


def curved(**noise: Tensor) -> tuple[Net, Net, Batch]:
    """Fixture C; the batch also holds eps, and further noise that is given."""
    return as_net(Shift()), as_net(Curved()), batch(**({"x": REAL, "z": FAKE, "eps": EPS} | noise))


def three_points(values: Tensor) -> tuple[Net, Net, Batch]:
    """Fixture P; its means over examples are expectations."""
    x = POINTS.repeat_interleave((10 * P).round().long())[:, None]
    z = POINTS.repeat_interleave((10 * Q).round().long())[:, None]
    return identity(), as_net(Table(values)), batch(x=x, z=z)


def linear(*w: float) -> Net:
    """The discriminator w . v, whose gradient is w everywhere."""
    return as_net(Linear(torch.tensor(w, dtype=torch.double)))


def shift_gradient(loss: Tensor, G: Net) -> list[float]:
    """Gradient of a loss with respect to fixture C's shift."""
    (gradient,) = torch.autograd.grad(loss, G.weights["t"])
    return [float(value) for value in gradient]


def largest_gradient(loss: Tensor, D: Net) -> float:
    """Largest absolute derivative of a loss in the discriminator's weights: 0 at its optimum."""
    gradients = torch.autograd.grad(loss, list(D.weights.values()))
    return max(gradient.abs().max().item() for gradient in gradients)


# Modules.


class Logit(nn.Module):
    """Return the first input itself, as one number per example."""

    def forward(self, v: Tensor, *rest: Tensor) -> Tensor:
        return v.flatten()


class First(nn.Module):
    """Return the first input, whatever the others are."""

    def forward(self, v: Tensor, *rest: Tensor) -> Tensor:
        return v


class Column(nn.Module):
    """Return the first number of each example."""

    def forward(self, v: Tensor, *rest: Tensor) -> Tensor:
        return v[:, 0]


class Zero(nn.Module):
    """An undecided discriminator of any number of inputs."""

    def forward(self, v: Tensor, *rest: Tensor) -> Tensor:
        return 0 * v[:, 0]


class Always(nn.Module):
    """Return the same, whatever the input."""

    value: Tensor

    def __init__(self, value: Tensor) -> None:
        super().__init__()
        self.register_buffer("value", value)

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.value


class Recorder(nn.Module):
    """Keep every input in ``inputs`` and return what ``then`` makes of it."""

    def __init__(self, then: nn.Module | Net) -> None:
        super().__init__()
        self.then = then
        self.inputs: list[Tensor] = []

    def forward(self, v: Tensor) -> Tensor:
        self.inputs.append(v)
        return self.then(v)


class Curved(nn.Module):
    """D(v) = v1^2 / 2 - v2^2 / 4 + 0.3 v1 - 0.4 v2."""

    def forward(self, v: Tensor) -> Tensor:
        return v[:, 0].square() / 2 - v[:, 1].square() / 4 + 0.3 * v[:, 0] - 0.4 * v[:, 1]


class Linear(nn.Module):
    """D(v) = w . v over all coordinates of an example."""

    def __init__(self, w: Tensor) -> None:
        super().__init__()
        self.w = nn.Parameter(w.double())

    def forward(self, v: Tensor) -> Tensor:
        return v.flatten(1) @ self.w


class Table(nn.Module):
    """D(v) = the v-th number: any discriminator there is on the points 0, 1, 2."""

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        self.values = nn.Parameter(values.double())

    def forward(self, v: Tensor) -> Tensor:
        return self.values[v.flatten().long()]


class Shift(nn.Module):
    """G(z) = z + t, with t = 0 in the plane: the gradient in t is that of a common shift of all fakes."""

    def __init__(self) -> None:
        super().__init__()
        self.t = nn.Parameter(torch.zeros(2, dtype=torch.double))

    def forward(self, z: Tensor) -> Tensor:
        return z + self.t


class Offset(nn.Module):
    """G(z) = z + theta, one number for all coordinates."""

    def __init__(self, theta: float) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.tensor(theta, dtype=torch.double))

    def forward(self, z: Tensor) -> Tensor:
        return z + self.theta


class Affine(nn.Module):
    """Multiply by a constant and add one: a decoder, or an encoder, that is wrong in a known manner."""

    def __init__(self, factor: float, offset: float = 0.0) -> None:
        super().__init__()
        self.factor, self.offset = factor, offset

    def forward(self, v: Tensor) -> Tensor:
        return self.factor * v + self.offset


class Halved(nn.Module):
    """A: an autoencoder's second half, v / 2 + 0.1; its first half is the identity."""

    def forward(self, v: Tensor) -> Tensor:
        return v / 2 + 0.1
