"""Trace a move of the game once; afterwards replay, or compile, only its tensor operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import torch
from torch import Tensor
from torch.fx import Graph, GraphModule, Node
from torch.fx.experimental.proxy_tensor import make_fx

from ganbench.dataset import Space
from ganbench.find import check_names
from ganbench.nets import convolutional

LONG = 20_000  # game steps from which compiling two moves, about half a minute, is repaid on perceptrons

Step = Callable[[Sequence[Tensor]], Sequence[Tensor]]
Way = Callable[[Step, Sequence[Tensor]], Step]

aten = torch.ops.aten
MARKS = {aten.detach.default, aten.alias.default}
RESHAPES = {aten.view.default, aten._unsafe_view.default, aten.expand.default}


def eager(function: Step, example: Sequence[Tensor]) -> Step:
    """Call the function itself each time: slow, and the reference for every other way."""
    return torch.no_grad()(function)


def replay(function: Step, example: Sequence[Tensor]) -> Step:
    """Return the bare list of operations that ``function`` does to tensors like the ``example``."""
    operations = torch.no_grad()(trace(function, example).forward)
    return lambda tensors: operations(*tensors)


def compiled(function: Step, example: Sequence[Tensor]) -> Step:
    """Return the same list of operations as machine code: the same bits each time, though not those of a replay.

    It differs by rounding, because operations are fused. Raises RuntimeError where torch cannot compile.
    """
    forward = trace(function, example).forward  # not the module: torch counts what it compiles by a function's code
    operations = torch.no_grad()(torch.compile(forward, fullgraph=True, dynamic=False))
    return lambda tensors: operations(*tensors)


def trace(function: Step, example: Sequence[Tensor]) -> GraphModule:
    """Run ``function`` once and return what it did to tensors.

    Traced on copies, because tracing runs the function, in-place updates included. What is dropped
    from the list changes no bit of any result: marks of what is not differentiated, reshapes to the same
    shape, products with one, and results that nothing uses.
    """
    with torch.no_grad():
        traced = make_fx(lambda *tensors: list(function(tensors)))(*(tensor.clone() for tensor in example))
    drop_what_does_nothing(traced.graph)
    traced.recompile()
    return traced


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


WAYS: dict[str, Way] = {"replay": replay, "eager": eager, "compiled": compiled}
AUTO = "auto"
EVERY_WAY = (*WAYS, AUTO)


def chosen(way: str, steps: int, space: Space) -> str:
    """Return the way itself, or what "auto" means: compiled for long games of perceptrons, otherwise replay.

    The rule looks at the number of steps and the kind of networks, never at a clock, so that the same request is
    the same computation everywhere. Convolutions gain nothing from compiling. Raises UnknownName.
    """
    check_names("way", [way], EVERY_WAY)
    if way == AUTO:
        return "compiled" if steps >= LONG and not convolutional(space) else "replay"
    return way


def possible(way: str, device: torch.device) -> tuple[Way, str]:
    """Return the way, or replay and why where torch cannot compile for this device."""
    complaint = cannot_compile(device.type) if way == "compiled" else ""
    return (replay, f"replayed instead of compiled: {complaint}") if complaint else (WAYS[way], "")


@cache
def cannot_compile(device: str) -> str:
    """Why torch cannot compile here, found out by compiling one sum; empty where it can."""
    try:
        torch.compile(lambda x: x + 1, fullgraph=True, dynamic=False)(torch.zeros(1, device=device))
    except RuntimeError as error:  # no compiler, no headers of Python, or a Python that torch does not know yet
        return " ".join(str(error).strip().split("\n\n")[0].split()) or type(error).__name__
    return ""
