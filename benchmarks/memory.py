"""Peak memory of each metric of two clouds, beside its inputs; needs the peak counter of Linux."""

from __future__ import annotations

import time
from ctypes import CDLL
from pathlib import Path
from typing import Any

from benchmarks import contestants as c
from ganbench.metrics import METRICS
from ganbench.metrics.features import Features
from ganbench.metrics.prepare import prepare

MIB = 1 << 20
TOGETHER = "all that share a pass"
ALONE = ("fid", "kid", "kid_subsets", "alpha_precision", "prd_f8", "sliced_wasserstein", "vendi")


def status(field: str) -> float:
    """A field of this process's status in MiB."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def peaks(n: int, width: int) -> dict[str, Any]:
    """Most memory above what the inputs take, in MiB, for each metric alone and for those that share a pass."""
    real, fake = c.clouds(n, width)
    found: dict[str, float] = {}
    for name in (TOGETHER, *ALONE):
        r, f = Features(real), Features(fake)
        names = [metric.name for metric in c.SHARED] if name not in METRICS else [name]
        CDLL(None).malloc_trim(0)  # what earlier metrics left free goes back first
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # the peak starts anew
        before, start = status("VmRSS"), time.process_time()
        if name not in METRICS:
            prepare(r, f, names)
        needs = {"real": r, "fake": f}
        for each in names:
            METRICS[each](*(needs[need] for need in METRICS[each].needs))
        found[name] = status("VmHWM") - before
        print("memory", n, name, f"{found[name]:.0f} MiB", f"{time.process_time() - start:.1f} s", flush=True)
        del r, f
    return {"n": n, "width": width, "inputs": 2 * real.nbytes / MIB, "peaks": found}
