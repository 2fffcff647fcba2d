"""Optimisers as functions: gradient in, new weights out. Rows are seeds; scheduled numbers may differ by row."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Protocol

import torch
from torch import Tensor

from ganbench.dataset import Tensors

SMALLEST = 1e-30  # of a second moment that is differentiated: its root, 1e-15, is nothing beside epsilon


class Optimizer(Protocol):
    """How one network is optimised. ``schedule`` holds the numbers that may change from step to step."""

    def schedule(self, count: int = 1) -> dict[str, float]:
        """Return the numbers of the network's update number ``count``, from 1: ``update`` gets (seeds, 1) columns."""

    def following(self, schedule: Tensors) -> Tensors:
        """Return the numbers of the update after the one that ``schedule`` is for, at the same progress."""

    def init(self, weights: Tensor) -> Tensors:
        """Return the state before the first step, for (seeds, parameters) weights; no tensor is 0-dimensional."""

    def update(self, weights: Tensor, grad: Tensor, state: Tensors, schedule: Tensors) -> tuple[Tensor, Tensors]:
        """Return weights and state after one step against the gradient."""


@dataclass(frozen=True)
class Adam:
    """Kingma & Ba, 2014, Algorithm 1 in the order of the end of section 2, with epsilon where torch puts it.

    Both corrections of the bias are numbers of the update, not of its state, so that one division is left per weight.
    """

    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def schedule(self, count: int = 1) -> dict[str, float]:
        beta1, beta2 = self.betas
        root = sqrt(1 - beta2**count)
        return {
            "lr": self.lr,
            "unbias": root / (1 - beta1**count),
            "eps": self.eps * root,
            "beta1": beta1,
            "beta2": beta2,
            "new1": 1 - beta1,
            "new2": 1 - beta2,
            "count": count,
        }

    def following(self, schedule: Tensors) -> Tensors:
        count = schedule["count"] + 1
        root = (1 - schedule["beta2"] ** count).sqrt()
        unbias = root / (1 - schedule["beta1"] ** count)
        return schedule | {"count": count, "unbias": unbias, "eps": self.eps * root}

    def init(self, weights: Tensor) -> Tensors:
        return {"mean": torch.zeros_like(weights), "square": torch.zeros_like(weights)}

    def update(self, weights: Tensor, grad: Tensor, state: Tensors, schedule: Tensors) -> tuple[Tensor, Tensors]:
        numbers = schedule | {"step": schedule["lr"] * schedule["unbias"]}
        names = ("step", "eps", "beta1", "beta2", "new1", "new2")
        step, eps, beta1, beta2, new1, new2 = (numbers[name].to(weights.dtype) for name in names)
        mean = torch.addcmul(beta1 * state["mean"], new1, grad)
        square = torch.addcmul(beta2 * state["square"], new2 * grad, grad)
        return weights - step * mean / (square.sqrt() + eps), {"mean": mean, "square": square}


@dataclass(frozen=True)
class RMSProp:
    """Tieleman & Hinton, 2012, Lecture 6.5, as torch writes it."""

    lr: float = 1e-3
    decay: float = 0.99
    eps: float = 1e-8

    def schedule(self, count: int = 1) -> dict[str, float]:
        return {"lr": self.lr}

    def following(self, schedule: Tensors) -> Tensors:
        return schedule

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

    def schedule(self, count: int = 1) -> dict[str, float]:
        return {"lr": self.lr, "momentum": self.momentum}

    def following(self, schedule: Tensors) -> Tensors:
        return schedule

    def init(self, weights: Tensor) -> Tensors:
        return {"velocity": torch.zeros_like(weights)}

    def update(self, weights: Tensor, grad: Tensor, state: Tensors, schedule: Tensors) -> tuple[Tensor, Tensors]:
        velocity = schedule["momentum"].to(grad.dtype) * state["velocity"] + grad
        return weights - schedule["lr"].to(weights.dtype) * velocity, {"velocity": velocity}


@dataclass(frozen=True)
class OptimisticSteps:
    """Any optimiser's steps, each twice, less the step before: the last step stands for the opponent's next.

    Of Adam it is the Algorithm 1 of Daskalakis et al., 2018.
    """

    base: Optimizer

    def schedule(self, count: int = 1) -> dict[str, float]:
        return self.base.schedule(count)

    def following(self, schedule: Tensors) -> Tensors:
        return self.base.following(schedule)

    def init(self, weights: Tensor) -> Tensors:
        return self.base.init(weights) | {"before": torch.zeros_like(weights)}

    def update(self, weights: Tensor, grad: Tensor, state: Tensors, schedule: Tensors) -> tuple[Tensor, Tensors]:
        stepped, after = self.base.update(weights, grad, state, schedule)
        step = stepped - weights
        return weights + 2 * step - state["before"], after | {"before": step}


@dataclass(frozen=True)
class LookaheadSteps:
    """Any optimiser's steps; every ``period`` of them lead back to the share ``alpha`` of the way that they made.

    Zhang et al., 2019, Algorithm 1.
    """

    base: Optimizer
    period: int = 5
    alpha: float = 0.5

    def schedule(self, count: int = 1) -> dict[str, float]:
        return self.base.schedule(count) | {"made": count, "back": float(count % self.period == 0)}

    def following(self, schedule: Tensors) -> Tensors:
        made = schedule["made"] + 1
        back = (made % self.period == 0).to(made.dtype)
        return self.base.following(schedule) | {"made": made, "back": back}

    def init(self, weights: Tensor) -> Tensors:
        return self.base.init(weights) | {"slow": weights.clone()}

    def update(self, weights: Tensor, grad: Tensor, state: Tensors, schedule: Tensors) -> tuple[Tensor, Tensors]:
        fast, after = self.base.update(weights, grad, state, schedule)
        slow, back = state["slow"], schedule["back"] > 0
        between = slow + self.alpha * (fast - slow)
        return torch.where(back, between, fast), after | {"slow": torch.where(back, between, slow)}


@dataclass(frozen=True)
class Descent:
    """The steps that an optimiser makes next on one network, as functions that can be differentiated.

    Parameters
    ----------
    optimizer
        Whose steps they are.
    state
        Its state for one network, such as moments (parameters,); it is not changed.
    schedule
        Its scheduled numbers as (1,) tensors.

    Examples
    --------
    >>> step = Descent(SGD(), {"velocity": torch.zeros(2)}, {"lr": torch.tensor([0.1]), "momentum": torch.zeros(1)})
    >>> weights, step = step({"w": torch.tensor([1.0, 2.0])}, {"w": torch.tensor([10.0, 0.0])}, rate=0.5)
    >>> weights["w"].tolist()
    [0.5, 2.0]
    """

    optimizer: Optimizer
    state: Tensors
    schedule: Tensors

    def __call__(self, weights: Tensors, grads: Tensors, rate: float) -> tuple[Tensors, Descent]:
        """Return the weights after one step against ``grads`` at ``rate`` times the learning rate, and the step after.

        An all-zero second moment stands for the smallest that makes no difference: the root's derivative is finite.
        """
        row = torch.cat([weight.flatten() for weight in weights.values()])
        grad = torch.cat([grads[name].flatten() for name in weights])
        state = {name: part.clamp(min=SMALLEST) if name == "square" else part for name, part in self.state.items()}
        schedule = {name: rate * number if name == "lr" else number for name, number in self.schedule.items()}
        row, state = self.optimizer.update(row, grad, state, schedule)
        parts = torch.split(row, [weight.numel() for weight in weights.values()])
        stepped = {name: part.view_as(weights[name]) for name, part in zip(weights, parts, strict=True)}
        return stepped, Descent(self.optimizer, state, self.optimizer.following(self.schedule))
