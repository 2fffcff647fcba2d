"""Optimisers as functions: gradient in, new weights out. Rows are seeds; scheduled numbers may differ by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ganbench.dataset import Tensors


class Optimizer(Protocol):
    """How one network is optimised. ``schedule`` holds the numbers that may change from step to step."""

    def schedule(self) -> dict[str, float]:
        """Return the numbers that may be scheduled; the trainer passes them to ``update`` as (seeds, 1) columns."""

    def init(self, weights: Tensor) -> Tensors:
        """Return the state before the first step, for (seeds, parameters) weights; no tensor is 0-dimensional."""

    def update(self, weights: Tensor, grad: Tensor, state: Tensors, schedule: Tensors) -> tuple[Tensor, Tensors]:
        """Return weights and state after one step against the gradient."""


@dataclass(frozen=True)
class Adam:
    """Kingma & Ba, 2014, Algorithm 1, with epsilon where torch puts it; the step counts are float64 columns."""

    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def schedule(self) -> dict[str, float]:
        return {"lr": self.lr, "beta1": self.betas[0], "beta2": self.betas[1]}

    def init(self, weights: Tensor) -> Tensors:
        steps = weights.new_zeros((len(weights), 1), dtype=torch.double)
        return {"mean": torch.zeros_like(weights), "square": torch.zeros_like(weights), "steps": steps}

    def update(self, weights: Tensor, grad: Tensor, state: Tensors, schedule: Tensors) -> tuple[Tensor, Tensors]:
        first, second, steps = schedule["beta1"], schedule["beta2"], state["steps"] + 1
        mean = state["mean"].lerp(grad, (1 - first).to(grad.dtype))
        square = state["square"].lerp(grad.square(), (1 - second).to(grad.dtype))
        size = (schedule["lr"] / (1 - first**steps)).to(weights.dtype)
        root = square.sqrt() / (1 - second**steps).sqrt().to(weights.dtype) + self.eps
        return weights - size * mean / root, {"mean": mean, "square": square, "steps": steps}


@dataclass(frozen=True)
class RMSProp:
    """Tieleman & Hinton, 2012, Lecture 6.5, as torch writes it."""

    lr: float = 1e-3
    decay: float = 0.99
    eps: float = 1e-8

    def schedule(self) -> dict[str, float]:
        return {"lr": self.lr}

    def init(self, weights: Tensor) -> Tensors:
        return {"square": torch.zeros_like(weights)}

    def update(self, weights: Tensor, grad: Tensor, state: Tensors, schedule: Tensors) -> tuple[Tensor, Tensors]:
        square = self.decay * state["square"] + (1 - self.decay) * grad.square()
        return weights - schedule["lr"].to(weights.dtype) * grad / (square.sqrt() + self.eps), {"square": square}


@dataclass(frozen=True)
class SGD:
    """Gradient descent with heavy-ball momentum, as torch writes it."""

    lr: float = 1e-1
    momentum: float = 0.0

    def schedule(self) -> dict[str, float]:
        return {"lr": self.lr, "momentum": self.momentum}

    def init(self, weights: Tensor) -> Tensors:
        return {"velocity": torch.zeros_like(weights)}

    def update(self, weights: Tensor, grad: Tensor, state: Tensors, schedule: Tensors) -> tuple[Tensor, Tensors]:
        velocity = schedule["momentum"].to(grad.dtype) * state["velocity"] + grad
        return weights - schedule["lr"].to(weights.dtype) * velocity, {"velocity": velocity}
