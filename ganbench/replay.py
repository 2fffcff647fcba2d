"""Trace a move of the game once; afterwards replay only its tensor operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.fx import Graph, Node
from torch.fx.experimental.proxy_tensor import make_fx

Step = Callable[[Sequence[Tensor]], Sequence[Tensor]]
Way = Callable[[Step, Sequence[Tensor]], Step]

aten = torch.ops.aten
MARKS = {aten.detach.default, aten.alias.default}
RESHAPES = {aten.view.default, aten._unsafe_view.default, aten.expand.default}


def eager(function: Step, example: Sequence[Tensor]) -> Step:
    """Call the function itself each time: slow, and the reference for every other way."""
    return torch.no_grad()(function)


def replay(function: Step, example: Sequence[Tensor]) -> Step:
    """Return the bare list of operations that ``function`` does to tensors like the ``example``.

    Traced on copies, because tracing runs the function, in-place updates included. What is dropped
    from the list changes no bit of any result: marks of what is not differentiated, reshapes to the same
    shape, products with one, and results that nothing uses.
    """
    with torch.no_grad():
        traced = make_fx(lambda *tensors: list(function(tensors)))(*(tensor.clone() for tensor in example))
    drop_what_does_nothing(traced.graph)
    traced.recompile()
    operations = torch.no_grad()(traced.forward)
    return lambda tensors: operations(*tensors)


def drop_what_does_nothing(graph: Graph) -> None:
    """Let the users of each operation that returns its own input use that input."""
    for node in graph.nodes:
        is_reshape_to_itself = node.target in RESHAPES and shape(node) == shape(node.args[0])
        is_product_with_one = node.target is aten.mul.Scalar and node.args[1] == 1
        if node.target in MARKS or is_reshape_to_itself or is_product_with_one:
            node.replace_all_uses_with(node.args[0])
    graph.eliminate_dead_code()


def shape(node: Node) -> torch.Size:
    """Return the shape of a traced result."""
    traced: torch.Size = node.meta["tensor_meta"].shape if "tensor_meta" in node.meta else node.meta["val"].shape
    return traced


# A compiled way (Inductor on the same list of operations) has its place here.
WAYS: dict[str, Way] = {"replay": replay, "eager": eager}
