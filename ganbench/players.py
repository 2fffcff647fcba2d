"""Players as losses see them: networks bound to explicit tensors, and the batch between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad

from ganbench.dataset import Tensors
from ganbench.weights import share


class Batch:
    """What a loss may look at, by name.

    Always: data ``x``, labels ``y`` and ``progress`` in [0, 1). Also the draws that the baseline declares in
    ``noise``, and its carried or fitted state. When sampling: ``index``, the running number of each sample.
    """

    def __init__(self, tensors: Tensors) -> None:
        self._tensors = tensors

    def __getattr__(self, name: str) -> Tensor:
        try:
            return self._tensors[name]
        except KeyError:
            raise AttributeError(f"no {name!r} in this batch; it holds {', '.join(self._tensors)}") from None


class Player:
    """A network bound to explicit tensors, so that a loss is a function of them."""

    def __init__(self, module: nn.Module, weights: Tensors, buffers: Tensors) -> None:
        self._module, self.weights, self._buffers = module, weights, buffers

    def __call__(self, *inputs: Tensor) -> Tensor:
        return cast("Tensor", functional_call(self._module, self.weights | self._buffers, inputs))

    def __getattr__(self, name: str) -> Player:
        """Return a named part of the network with its share of the tensors: ``G.encode``."""
        return Player(self._module.get_submodule(name), share(self.weights, name), share(self._buffers, name))

    def frozen(self) -> Player:
        """Return this player as a constant: no gradient flows to its weights."""
        return Player(self._module, {k: v.detach() for k, v in self.weights.items()}, self._buffers)

    def slope(self, loss: Callable[[Player], Tensor]) -> Tensors:
        """Return the differentiable gradient of ``loss`` with respect to this player's weights, by name."""
        slopes = grad(lambda weights: loss(Player(self._module, weights, self._buffers)))(self.weights)
        return cast("Tensors", slopes)

    def descend(self, loss: Callable[[Player], Tensor], lr: float) -> Player:
        """Return this player after one differentiable gradient step on ``loss``."""
        slopes = self.slope(loss)
        moved = {name: weight - lr * slopes[name] for name, weight in self.weights.items()}
        return Player(self._module, moved, self._buffers)


def gradient(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Gradient of a critic's output for each example with respect to that example, flattened to (n, d)."""
    slopes: Any = grad(lambda points: f(points).sum())(x)
    return cast("Tensor", slopes.flatten(1))


def one_hot(y: Tensor, classes: int) -> Tensor:
    """Labels (n,) as (n, classes) indicators; torch's own form branches on a value, which no traced step may."""
    return (y[..., None] == torch.arange(classes, device=y.device)).float()
