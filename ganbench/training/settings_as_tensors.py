"""The numbers among a baseline's settings as inputs of its compiled updates, so that trials of a search share them."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

import torch
from torch import Tensor

from ganbench.baseline import Baseline
from ganbench.dataset import Tensors

B = TypeVar("B", bound=Baseline)
OPERATORS = ("add", "sub", "mul", "truediv")
# operations with tensors that are the same for a tensor as for a number
SAME = {*OPERATORS, "rsub", "radd", "rmul", "rtruediv", "rdiv", "div", "gt", "ge", "lt", "le"}


class Scalar(float):
    """A number that is a tensor in arithmetic with tensors, and the number everywhere else.

    What is not simple arithmetic, such as a comparison or a logarithm, becomes a constant of the compiled code: that
    is right too, only not shared with other values.
    """

    tensor: Tensor

    def __new__(cls, value: float, tensor: Tensor) -> Scalar:
        self = super().__new__(cls, value)
        self.tensor = tensor
        return self

    @classmethod
    def __torch_function__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        as_tensor = getattr(function, "__name__", "").strip("_") in SAME
        # clipping between two numbers
        as_tensor |= function is Tensor.clamp and all(
            isinstance(each, Scalar) for each in (*args[1:], *kwargs.values())
        )
        floating = [each.dtype for each in args if isinstance(each, Tensor) and each.is_floating_point()]
        dtype = floating[0] if floating else torch.get_default_dtype()  # a number never widens what it meets

        def plain(value: Any) -> Any:
            if not isinstance(value, Scalar):
                return value
            return value.tensor.to(dtype) if as_tensor else float(value)

        return function(*map(plain, args), **{name: plain(value) for name, value in kwargs.items()})

    def __neg__(self) -> Scalar:
        return Scalar(-float(self), -self.tensor)


def with_numbers(name: str, *, reflected: bool) -> Callable[[Scalar, Any], Any]:
    """Return an operator of Scalar between two numbers, which makes a Scalar again."""
    apply = getattr(operator, name)

    def operate(self: Scalar, other: Any) -> Any:
        if not isinstance(other, (int, float)):
            return NotImplemented
        theirs = other.tensor if isinstance(other, Scalar) else other
        pairs = ((float(self), float(other)), (self.tensor, theirs))
        return Scalar(*(apply(b, a) if reflected else apply(a, b) for a, b in pairs))

    return operate


for name in OPERATORS:
    setattr(Scalar, f"__{name}__", with_numbers(name, reflected=False))
    setattr(Scalar, f"__r{name}__", with_numbers(name, reflected=True))


def scalars(baseline: Baseline, device: torch.device) -> Tensors:
    """Return the settings that are fractional numbers, or tuples of such, by name."""
    named = {each.name: getattr(baseline, each.name) for each in fields(baseline)}
    return {
        name: torch.tensor(value, dtype=torch.double, device=device)
        for name, value in named.items()
        if isinstance(value, float) or (isinstance(value, tuple) and value and all(isinstance(v, float) for v in value))
    }


def holding(baseline: B, tensors: Tensors) -> B:
    """Return the baseline with these tensors behind its numbers."""
    held = copy.copy(baseline)
    for name, tensor in tensors.items():
        value = getattr(baseline, name)
        new = tuple(map(Scalar, value, tensor)) if isinstance(value, tuple) else Scalar(value, tensor)
        object.__setattr__(held, name, new)
    return held
