"""How an update of all seeds at once is executed: eagerly, as a traced list of tensor operations, or compiled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import torch
from torch import Tensor
from torch.fx import Graph, GraphModule, Node
from torch.fx.experimental.proxy_tensor import make_fx

from ganbench._util.names import check_names
from ganbench.training.stacked_products import Products, through

LONG = 2000  # steps after which compiling is repaid, for nearly all variants: benchmarks/break_even.md

Step = Callable[[Sequence[Tensor]], Sequence[Tensor]]
Backend = Callable[[Step, Sequence[Tensor]], Step]

aten = torch.ops.aten
MARKS = {aten.detach.default, aten.alias.default}
RESHAPES = {aten.view.default, aten._unsafe_view.default, aten.expand.default}


def eager(function: Step, example: Sequence[Tensor]) -> Step:
    """Call the function itself each time: slow, and the reference for every other backend."""
    return torch.no_grad()(through(Products(len(example[0])), function))


def traced(function: Step, example: Sequence[Tensor]) -> Step:
    """Return the bare list of operations that ``function`` does to tensors like the ``example``."""
    operations = torch.no_grad()(trace(through(Products(len(example[0])), function), example).forward)
    return lambda tensors: operations(*tensors)


def compiled(function: Step, example: Sequence[Tensor]) -> Step:
    """Return the same list of operations as machine code: the same bits each time, though not those of ``traced``.

    It differs by rounding, because operations are fused and thin products transposed. Raises RuntimeError where torch
    cannot compile.
    """
    from ganbench.training import compiler  # noqa: PLC0415 (Inductor takes a second to import)

    return compiler.compiled(function, example)


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


def resolve(backend: str, steps: int, device: torch.device) -> str:
    """Return the backend itself, or what "auto" means: compiled for long training on the CPU, otherwise traced.

    The rule looks at the number of steps and the device, never at a clock or at the group of seeds, so that the same
    request is the same computation everywhere. Raises UnknownName.
    """
    check_names("backend", [backend], BACKEND_NAMES)
    if backend == AUTO:
        return "compiled" if steps >= LONG and device.type == "cpu" else "traced"
    return backend


def available(backend: str, device: torch.device) -> tuple[Backend, str]:
    """Return the backend and an empty remark; or traced, and why, where torch cannot compile for this device."""
    complaint = cannot_compile(device.type) if backend == "compiled" else ""
    return (traced, f"traced instead of compiled: {complaint}") if complaint else (BACKENDS.get(backend, eager), "")


@cache
def cannot_compile(device: str) -> str:
    """Why torch cannot compile here, found out by compiling one sum; empty where it can."""
    try:
        compiled(lambda tensors: [tensors[0] + 1], [torch.zeros(1, device=device)])
    except (RuntimeError, ImportError, AttributeError, TypeError) as error:  # no compiler, or a torch of other insides
        return " ".join(str(error).strip().split("\n\n")[0].split()) or type(error).__name__
    return ""
