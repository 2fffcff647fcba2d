"""The seconds that the matrix products of a metric alone need, at the speed that this processor has for large ones."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

Products = Callable[[int, int], tuple[torch.dtype, float]]  # of rows and dimensions: in which type, how many operations
SIDE, ROUNDS = 2048, 3


def pairs(n: int, d: int) -> tuple[torch.dtype, float]:
    """Pairs within each of two sets, each pair once, and all pairs across; a multiplication and an addition each."""
    return torch.float32, 4.0 * d * n * n


def frechet(n: int, d: int) -> tuple[torch.dtype, float]:
    """Two moments and a congruence by halves of their products; for few rows XY' whole and a half of its square."""
    return torch.float64, 2.0 * n * d * d + float(d) ** 3 if n > d else 2.0 * d * n * n + float(n) ** 3


def frechet_cached(n: int, d: int) -> tuple[torch.dtype, float]:
    """The fake's few rows through the known triangular root, and a half of their pairs."""
    return torch.float64, float(n) * d * d + float(d) * n * n


def speed(kind: torch.dtype) -> float:
    """Operations a second of a product of two square matrices, the best of some rounds, by processor time."""
    x, best = torch.ones(SIDE, SIDE, dtype=kind), float("inf")
    for _ in range(ROUNDS + 1):  # the first one warms up
        start = time.process_time()
        torch.mm(x, x)
        best = min(best, time.process_time() - start)
    return 2.0 * SIDE**3 / best


def floor(products: Products | None, n: int, d: int) -> float | None:
    """Return the seconds, None where a metric has no products to speak of."""
    if products is None:
        return None
    kind, operations = products(n, d)
    return operations / speed(kind)
