"""Batches side by side, each on one thread, so that how many threads there are changes no bit of the results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import Tensor

Batch = TypeVar("Batch")


def in_lanes(function: Callable[[Batch], Tensor], batches: Sequence[Batch], device: torch.device) -> Tensor:
    """Apply ``function`` to batches on as many threads as torch may use, and join the rows that come out.

    A convolution sums in another order when several threads share it; here each batch has a thread to itself. A GPU
    works through the batches one after another.
    """
    threads = torch.get_num_threads()
    if device.type != "cpu" or threads == 1:
        return torch.cat([function(batch) for batch in batches])
    try:
        with ThreadPoolExecutor(min(threads, len(batches)), initializer=torch.set_num_threads, initargs=(1,)) as lanes:
            return torch.cat(list(lanes.map(function, batches)))
    finally:
        torch.set_num_threads(threads)  # what a lane sets, threads started later would inherit
