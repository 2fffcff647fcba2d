"""Our metrics on another device: how long they take there, and how far their values are from those in float64."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from benchmarks import implementations as impl
from ganbench.metrics import feature_vectors
from ganbench.metrics._engine import median, pairs

SECTION = "on another device"
ROUNDS = 3


def lines(
    implementations: Sequence[impl.Implementation],
    sizes: Sequence[int],
    data: Callable[[int], tuple[Any, Any]],
    device: str,
) -> list[dict[str, Any]]:
    """One line for each of ours at each size: seconds with float32 products and with float64, and the values."""
    measured = []
    for n in sizes:
        inputs = [torch.from_numpy(features).to(device) for features in data(n)]
        for ours in (each for each in implementations if each.__name__.startswith("ours")):
            seconds, values = timed(ours, inputs)
            with in_float64():
                exact_seconds, exact = timed(ours, inputs)
            line = {"n": n, "name": ours.__name__, "seconds": seconds, "values": values}
            measured.append(line | {"exact_seconds": exact_seconds, "exact": exact})
            print(device, n, ours.__name__, f"{seconds:.3f} {exact_seconds:.3f}", values, flush=True)
    return measured


@contextmanager
def in_float64() -> Iterator[None]:
    """Let all products be of float64 within the block."""
    with ExitStack() as stack:
        for module in (feature_vectors, median, pairs):
            stack.enter_context(patch.object(module, "working_type", lambda *_: torch.float64))
        yield


def timed(implementation: impl.Implementation, inputs: Sequence[Any]) -> tuple[float, list[float]]:
    """The best wall-clock seconds of some rounds, everything done when the clock stops, and the values."""
    best, values = float("inf"), []
    for _ in range(ROUNDS):
        finish(inputs[0])
        start = time.perf_counter()
        values = np.atleast_1d(implementation(*inputs)).tolist()
        finish(inputs[0])
        best = min(best, time.perf_counter() - start)
    return best, values


def finish(features: Any) -> None:
    """Wait until the device has done what was asked of it."""
    if features.is_cuda:
        torch.cuda.synchronize(features.device)


def page(works: dict[str, Any]) -> str:
    """The section of the page: a table for each work."""
    head = "| n | metrics | s, float32 products | s, float64 products | difference |\n|---:|---|---:|---:|---:|\n"
    parts = ["\n## On another device\n\nWall-clock seconds, ours alone; the difference is the largest relative one.\n"]
    for name, each in works.items():
        rows = (
            f"| {line['n']} | {line['name'].replace('_', ' ')} | {line['seconds']:.3g} | {line['exact_seconds']:.3g} | "
            f"{np.max(np.abs(np.array(line['values']) / np.array(line['exact']) - 1)):.1g} |\n"
            for line in each["lines"]
        )
        parts.append(f"\n### {name}\n\n{each['machine']}\n\nMeasured {each['measured']}.\n\n{head}{''.join(rows)}")
    return "".join(parts)
