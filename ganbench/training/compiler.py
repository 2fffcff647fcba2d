"""Updates as machine code, by torch's compiler Inductor."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch._guards import TracingContext, tracing
from torch._inductor import config
from torch._inductor.compile_fx import compile_fx_inner, get_cpp_wrapper_config
from torch._inductor.decomposition import select_decomp_table
from torch.func import functionalize
from torch.fx import Graph, GraphModule
from torch.fx.experimental.proxy_tensor import make_fx

from ganbench.training.backends import Step, drop_what_does_nothing
from ganbench.training.stacked_products import Products, through


def compiled(function: Step, example: Sequence[Tensor]) -> Step:
    """Return machine code that does what ``function`` does to tensors like the ``example``."""
    graph, used, constants = functional(function, example)
    code = machine_code(graph)
    return lambda tensors: code([*(tensors[i] for i in used), *constants])


def functional(function: Step, example: Sequence[Tensor]) -> tuple[GraphModule, list[int], list[Tensor]]:
    """Return a graph of ``function`` in simpler operations, which updates its inputs at its end only.

    Its inputs are those of the function that it uses, whose places are returned too, and then its constants, such as
    a data set, which are returned last.
    """
    step = functionalize(lambda *tensors: list(through(Products(len(example[0]), compiled=True), function)(tensors)))
    with torch.no_grad():
        graph = make_fx(
            step, decomposition_table=select_decomp_table(), tracing_mode="fake", _allow_non_fake_inputs=True
        )(*example)
    drop_what_does_nothing(graph.graph)
    used, constants = drop_unused_inputs(graph.graph), constants_as_inputs(graph)
    return GraphModule({}, graph.graph), used, constants  # with no attribute: Inductor would look at all of a data set


def drop_unused_inputs(graph: Graph) -> list[int]:
    """Remove the inputs that nothing uses; return the places of the others."""
    inputs = [node for node in graph.nodes if node.op == "placeholder"]
    for node in inputs:
        if not node.users:
            graph.erase_node(node)
    return [i for i, node in enumerate(inputs) if node.users]


def constants_as_inputs(graph: GraphModule) -> list[Tensor]:
    """Turn the constants of a graph into inputs after the others, and return them."""
    nodes = [node for node in graph.graph.nodes if node.op == "get_attr"]
    constants = {node.target: getattr(graph, node.target) for node in nodes}
    last = [node for node in graph.graph.nodes if node.op == "placeholder"][-1]
    for name in reversed(constants):
        with graph.graph.inserting_after(last):
            new = graph.graph.placeholder(name)
        new.meta["val"] = last.meta["val"].fake_mode.from_tensor(constants[name])
        for node in nodes:
            if node.target == name:
                node.replace_all_uses_with(new)
                graph.graph.erase_node(node)
    return list(constants.values())


def machine_code(graph: GraphModule) -> Callable[[list[Tensor]], Sequence[Tensor]]:
    """Let Inductor compile a functional graph, or load what it once made of the same graph.

    Called directly, without the layers of ``torch.compile`` that take care of gradients: they cost as much as a small
    update. On the CPU the code that calls the kernels is C++ too. Layouts are left alone: the copies round
    convolutions cost more than they gain.
    """
    inputs = [node.meta["val"] for node in graph.graph.nodes if node.op == "placeholder"]
    in_cpp = inputs[0].device.type == "cpu"
    options = {"layout_optimization": False} | (get_cpp_wrapper_config() | {"cpp_wrapper": True} if in_cpp else {})
    known_shapes = tracing(TracingContext(inputs[0].fake_mode))  # without them Inductor's cache is not used
    with torch.no_grad(), known_shapes, config.patch(options):
        made = compile_fx_inner(graph, inputs, is_inference=True, cpp_wrapper=in_cpp)
    code: Callable[[list[Tensor]], Sequence[Tensor]] = made.current_callable  # type: ignore[attr-defined]
    return code
