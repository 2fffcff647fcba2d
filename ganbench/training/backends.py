"""How an update of all seeds at once is executed: eagerly, as a traced list of tensor operations, or compiled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import torch
from torch import Tensor
from torch.fx import Graph, GraphModule, Node
from torch.fx.experimental.proxy_tensor import make_fx

from ganbench._util.names import check_names
from ganbench.dataset import Space
from ganbench.nets import convolutional

LONG = 20_000  # steps from which compiling two kinds of update, about half a minute, is repaid on perceptrons

Step = Callable[[Sequence[Tensor]], Sequence[Tensor]]
Backend = Callable[[Step, Sequence[Tensor]], Step]

aten = torch.ops.aten
MARKS = {aten.detach.default, aten.alias.default}
RESHAPES = {aten.view.default, aten._unsafe_view.default, aten.expand.default}


def eager(function: Step, example: Sequence[Tensor]) -> Step:
    """Call the function itself each time: slow, and the reference for every other backend."""
    return torch.no_grad()(function)


def traced(function: Step, example: Sequence[Tensor]) -> Step:
    """Return the bare list of operations that ``function`` does to tensors like the ``example``."""
    operations = torch.no_grad()(trace(function, example).forward)
    return lambda tensors: operations(*tensors)


def compiled(function: Step, example: Sequence[Tensor]) -> Step:
    """Return the same list of operations as machine code: the same bits each time, though not those of ``traced``.

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
        graph = make_fx(lambda *tensors: list(function(tensors)))(*(tensor.clone() for tensor in example))
    drop_what_does_nothing(graph.graph)
    graph.recompile()
    return graph


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


BACKENDS: dict[str, Backend] = {"traced": traced, "eager": eager, "compiled": compiled}
LOOP = "loop"  # one seed at a time in ordinary PyTorch: ganbench.training.loop
AUTO = "auto"
BACKEND_NAMES = (*BACKENDS, LOOP, AUTO)


def resolve(backend: str, steps: int, space: Space) -> str:
    """Return the backend itself, or what "auto" means: compiled for long training of perceptrons, otherwise traced.

    The rule looks at the number of steps and the kind of networks, never at a clock, so that the same request is
    the same computation everywhere. Convolutions gain nothing from compiling. Raises UnknownName.
    """
    check_names("backend", [backend], BACKEND_NAMES)
    if backend == AUTO:
        return "compiled" if steps >= LONG and not convolutional(space) else "traced"
    return backend


def available(backend: str, device: torch.device) -> tuple[Backend, str]:
    """Return the backend and an empty remark; or traced, and why, where torch cannot compile for this device."""
    complaint = cannot_compile(device.type) if backend == "compiled" else ""
    return (traced, f"traced instead of compiled: {complaint}") if complaint else (BACKENDS.get(backend, eager), "")


@cache
def cannot_compile(device: str) -> str:
    """Why torch cannot compile here, found out by compiling one sum; empty where it can."""
    try:
        torch.compile(lambda x: x + 1, fullgraph=True, dynamic=False)(torch.zeros(1, device=device))
    except RuntimeError as error:  # no compiler, no headers of Python, or a Python that torch does not know yet
        return " ".join(str(error).strip().split("\n\n")[0].split()) or type(error).__name__
    return ""
