"""Batches side by side, each on one thread, so that how many threads there are changes no bit of the results."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from ganbench.features.base import in_batches


def in_lanes(function: Callable[[Tensor], Tensor], x: Tensor, size: int) -> Tensor:
    """Apply ``function`` to batches of exactly ``size`` rows on as many threads as torch may use, and join the results.

    A convolution sums in another order when several threads share it; here each batch has a thread to itself. A GPU
    works through the batches one after another.
    """
    threads = torch.get_num_threads()
    if x.device.type != "cpu" or threads == 1:
        return in_batches(function, x, size)
    batches = torch.split(x, size)
    try:
        with ThreadPoolExecutor(min(threads, len(batches)), initializer=torch.set_num_threads, initargs=(1,)) as lanes:
            return torch.cat(list(lanes.map(lambda batch: in_batches(function, batch, size), batches)))
    finally:
        torch.set_num_threads(threads)  # what a lane sets, threads started later would inherit
