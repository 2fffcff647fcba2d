"""Optimisers as values: a gradient in, moved weights out; rows are seeds, and every dial may differ by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ganbench.dataset import Tensors


class Optimizer(Protocol):
    """How one player descends. ``dials`` are the numbers that may change from step to step."""

    def dials(self) -> dict[str, float]:
        """Return the numbers that a schedule may turn; the trainer hands them to ``move`` as (seeds, 1) columns."""

    def start(self, weights: Tensor) -> Tensors:
        """Return the state before the first move, for (seeds, parameters) weights; no tensor is 0-dimensional."""

    def move(self, weights: Tensor, slope: Tensor, state: Tensors, dials: Tensors) -> tuple[Tensor, Tensors]:
        """Return weights and state after one step down the slope."""


@dataclass(frozen=True)
class Adam:
    """Kingma & Ba, 2014, Algorithm 1, with epsilon where torch puts it; the step counts are float64 columns."""

    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def dials(self) -> dict[str, float]:
        return {"lr": self.lr, "beta1": self.betas[0], "beta2": self.betas[1]}

    def start(self, weights: Tensor) -> Tensors:
        moves = weights.new_zeros((len(weights), 1), dtype=torch.double)
        return {"mean": torch.zeros_like(weights), "square": torch.zeros_like(weights), "moves": moves}

    def move(self, weights: Tensor, slope: Tensor, state: Tensors, dials: Tensors) -> tuple[Tensor, Tensors]:
        first, second, moves = dials["beta1"], dials["beta2"], state["moves"] + 1
        mean = state["mean"].lerp(slope, (1 - first).to(slope.dtype))
        square = state["square"].lerp(slope.square(), (1 - second).to(slope.dtype))
        size = (dials["lr"] / (1 - first**moves)).to(weights.dtype)
        root = square.sqrt() / (1 - second**moves).sqrt().to(weights.dtype) + self.eps
        return weights - size * mean / root, {"mean": mean, "square": square, "moves": moves}


@dataclass(frozen=True)
class RMSProp:
    """Tieleman & Hinton, 2012, Lecture 6.5, as torch writes it."""

    lr: float = 1e-3
    decay: float = 0.99
    eps: float = 1e-8

    def dials(self) -> dict[str, float]:
        return {"lr": self.lr}

    def start(self, weights: Tensor) -> Tensors:
        return {"square": torch.zeros_like(weights)}

    def move(self, weights: Tensor, slope: Tensor, state: Tensors, dials: Tensors) -> tuple[Tensor, Tensors]:
        square = self.decay * state["square"] + (1 - self.decay) * slope.square()
        return weights - dials["lr"].to(weights.dtype) * slope / (square.sqrt() + self.eps), {"square": square}


@dataclass(frozen=True)
class SGD:
    """Gradient descent with heavy-ball momentum, as torch writes it."""

    lr: float = 1e-1
    momentum: float = 0.0

    def dials(self) -> dict[str, float]:
        return {"lr": self.lr, "momentum": self.momentum}

    def start(self, weights: Tensor) -> Tensors:
        return {"velocity": torch.zeros_like(weights)}

    def move(self, weights: Tensor, slope: Tensor, state: Tensors, dials: Tensors) -> tuple[Tensor, Tensors]:
        velocity = dials["momentum"].to(slope.dtype) * state["velocity"] + slope
        return weights - dials["lr"].to(weights.dtype) * velocity, {"velocity": velocity}
