"""prdc: its one function, four metrics."""

from __future__ import annotations

from prdc import compute_prdc

from ganbench.conformance.adapters.arrays import Array


def precision(real: Array, fake: Array, k: int = 3) -> float:
    return compute_prdc(real, fake, nearest_k=k)["precision"]


def recall(real: Array, fake: Array, k: int = 3) -> float:
    return compute_prdc(real, fake, nearest_k=k)["recall"]


def density(real: Array, fake: Array, k: int = 5) -> float:
    return compute_prdc(real, fake, nearest_k=k)["density"]


def coverage(real: Array, fake: Array, k: int = 5) -> float:
    return compute_prdc(real, fake, nearest_k=k)["coverage"]
