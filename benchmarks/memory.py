"""Peak memory of each metric of two sets of features, beside its inputs; reads what Linux says of this process."""

from __future__ import annotations

from ctypes import CDLL
from multiprocessing import get_context
from pathlib import Path
from threading import Event, Thread
from typing import Any

import torch

from benchmarks import implementations as impl
from ganbench.metrics import METRICS
from ganbench.metrics.feature_vectors import Features
from ganbench.metrics.prepare import prepare

MIB = 1 << 20
TOGETHER = "all that share a pass"
ROWS = {  # as many as take minutes at most
    TOGETHER: 20_000,
    "fid": 50_000,
    "kid": 20_000,
    "kid_subsets": 20_000,
    "alpha_precision": 50_000,
    "prd_f8": 20_000,
    "sliced_wasserstein": 50_000,
    "vendi": 50_000,
}


def status(field: str) -> float:
    """A field of this process's status in MiB."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


class Peak:
    """The most resident memory seen within the block, read every five milliseconds."""

    def __enter__(self) -> Peak:
        self.most, self.over = status("VmRSS"), Event()
        self.thread = Thread(target=self.watch, daemon=True)
        self.thread.start()
        return self

    def watch(self) -> None:
        while not self.over.wait(0.005):
            self.most = max(self.most, status("VmRSS"))

    def __exit__(self, *_error: object) -> None:
        self.over.set()
        self.thread.join()


def peak(task: tuple[str, int, int]) -> float:
    """Most memory in MiB above what the inputs take, for one metric or for those that share a pass."""
    name, n, width = task
    torch.set_num_threads(1)
    real, fake = impl.image_features(n, width)
    r, f = Features(real), Features(fake)
    names = [metric.spec.name for metric in impl.SHARED] if name == TOGETHER else [name]
    CDLL(None).malloc_trim(0)  # what making the inputs left free goes back first
    before = status("VmRSS")
    with Peak() as memory:
        if name == TOGETHER:
            prepare(r, f, [METRICS[each] for each in names])
        needs = {"real": r, "fake": f, "train": r}
        for each in names:
            METRICS[each](*(needs[need] for need in METRICS[each].spec.needs))
    print("memory", n, name, f"{memory.most - before:.0f} MiB", flush=True)
    return memory.most - before


def peaks(width: int) -> dict[str, Any]:
    """Return the peak of each metric, each in a process of its own: memory is seldom given back within one."""
    with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        most_of_each = pool.map(peak, [(name, n, width) for name, n in ROWS.items()], chunksize=1)
    lines = [
        {"name": name, "n": n, "inputs": 2 * 4 * n * width / MIB, "peak": most}
        for (name, n), most in zip(ROWS.items(), most_of_each, strict=True)
    ]
    return {"width": width, "lines": lines}
