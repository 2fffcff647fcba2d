"""Trace a move of the game once; afterwards replay only its tensor operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

Step = Callable[[Sequence[Tensor]], Sequence[Tensor]]
Way = Callable[[Step, Sequence[Tensor]], Step]


def eager(function: Step, example: Sequence[Tensor]) -> Step:
    """Call the function itself each time: slow, and the reference for every other way."""
    return torch.no_grad()(function)


def replay(function: Step, example: Sequence[Tensor]) -> Step:
    """Return the bare list of operations that ``function`` does to tensors like the ``example``.

    Traced on copies, because tracing runs the function, in-place updates included. Marks of what is
    not differentiated are dropped, and so are results that nothing uses.
    """
    with torch.no_grad():
        traced = make_fx(lambda *tensors: list(function(tensors)))(*(tensor.clone() for tensor in example))
    for node in traced.graph.nodes:
        if node.target in {torch.ops.aten.detach.default, torch.ops.aten.alias.default}:
            node.replace_all_uses_with(node.args[0])
    traced.graph.eliminate_dead_code()
    traced.recompile()
    operations = torch.no_grad()(traced.forward)
    return lambda tensors: operations(*tensors)


# A compiled way (Inductor on the same list of operations) has its place here.
WAYS: dict[str, Way] = {"replay": replay, "eager": eager}
