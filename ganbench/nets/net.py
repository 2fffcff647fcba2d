"""A network bound to explicit tensors, so that a loss is a function of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

from torch import Tensor, nn
from torch.func import functional_call, grad

from ganbench.dataset import Tensors
from ganbench.errors import BadInput

__all__ = ["Net"]


class Descent(Protocol):
    """The next step of a network's optimiser, such as ``ganbench.optim.Descent``."""

    def __call__(self, weights: Tensors, grads: Tensors, rate: float) -> tuple[Tensors, Descent]:
        """Return the weights after a step against ``grads`` at ``rate`` times the learning rate, and the step after."""


class Net:
    """A module bound to explicit weights: calling it is a function of them, and so is every loss that calls it.

    A named submodule is an attribute, with its share of the tensors: ``G.encode``.

    Parameters
    ----------
    module
        Whose ``forward`` is called; its own weights are not used.
    weights, buffers
        Tensors by name, as in ``named_parameters`` and ``named_buffers``.
    descent
        The step that its optimiser makes next; within a loss the trainer sets it, for both networks.

    Examples
    --------
    >>> import torch
    >>> net = Net.of(nn.Linear(2, 1))
    >>> net(torch.zeros(5, 2)).shape
    torch.Size([5, 1])
    >>> sorted(net.grad(lambda D: D(torch.ones(5, 2)).mean()))
    ['bias', 'weight']
    """

    def __init__(self, module: nn.Module, weights: Tensors, buffers: Tensors, descent: Descent | None = None) -> None:
        self._module, self.weights, self._buffers, self._descent = module, weights, buffers, descent

    @classmethod
    def of(cls, module: nn.Module, descent: Descent | None = None) -> Net:
        """Bind a module to its own parameters and buffers: gradients flow to them as ever."""
        return cls(module, dict(module.named_parameters()), dict(module.named_buffers()), descent)

    def __call__(self, *inputs: Tensor) -> Tensor:
        return cast("Tensor", functional_call(self._module, self.weights | self._buffers, inputs))

    def __getattr__(self, name: str) -> Net:
        return Net(self._module.get_submodule(name), part(self.weights, name), part(self._buffers, name))

    def detached(self) -> Net:
        """Return this network as a constant: no gradient flows to its weights."""
        return Net(self._module, {k: v.detach() for k, v in self.weights.items()}, self._buffers)

    def moved(self, weights: Tensors) -> Net:
        """Return this network at other weights, with gradients that are taken there and count for its own."""
        there = {name: own + (weights[name] - own).detach() for name, own in self.weights.items()}
        return Net(self._module, there, self._buffers, self._descent)

    def grad(self, loss: Callable[[Net], Tensor]) -> Tensors:
        """Return the differentiable gradient of ``loss`` with respect to these weights, by name."""
        return cast("Tensors", grad(lambda weights: loss(Net(self._module, weights, self._buffers)))(self.weights))

    def stepped(self, loss: Callable[[Net], Tensor], rate: float = 1.0) -> Net:
        """Return this network after the next step of its optimiser, on ``loss``: all of it can be differentiated.

        Parameters
        ----------
        loss
            What is minimised, as a function of this network.
        rate
            Learning rate of the step, as a multiple of the optimiser's own.

        Raises
        ------
        BadInput
            Outside of a loss: there the network has no optimiser.
        """
        if self._descent is None:
            raise BadInput("stepped: this network has no optimiser here; within a loss it has that of its training")
        weights, descent = self._descent(self.weights, self.grad(loss), rate)
        return Net(self._module, weights, self._buffers, descent)


def part(tensors: Tensors, name: str) -> Tensors:
    """Return the tensors of a named part of a network, under their names within that part."""
    prefix = f"{name}." if name else ""
    return {key.removeprefix(prefix): tensor for key, tensor in tensors.items() if key.startswith(prefix)}
