"""The machine that a cell runs on: arithmetic that does not depend on its load, and where a record was made."""

from __future__ import annotations

import os
import platform
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import torch
import torch.utils.deterministic
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ganbench.errors import BadInput

PACKAGES = ("ganbench", "torch", "numpy", "scipy", "scikit-learn")
filling: Any = torch.utils.deterministic  # its one switch is unknown to type checkers


@contextmanager
def fixed_arithmetic() -> Iterator[list[warnings.WarningMessage]]:
    """Use one thread and deterministic algorithms, so that results depend neither on load nor on company.

    Where an algorithm has no deterministic form, torch warns: what is warned of is collected in the list.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is deterministic only with a fixed workspace
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    warn_only, memory = torch.is_deterministic_algorithms_warn_only_enabled(), filling.fill_uninitialized_memory
    with warnings.catch_warnings(record=True) as heard, threadpool_limits(1):
        warnings.simplefilter("default")
        try:
            torch.set_num_threads(1)
            torch.use_deterministic_algorithms(True, warn_only=True)
            filling.fill_uninitialized_memory = False  # nothing here reads what it has not written
            yield heard
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(strict, warn_only=warn_only)
            filling.fill_uninitialized_memory = memory


def provenance(device: str, seconds: float, heard: list[warnings.WarningMessage]) -> dict[str, Any]:
    """Return when, where and with what a record was made; the only part that differs between equal runs."""
    return {
        **here(device),
        "seconds": round(seconds, 3),
        "warnings": sorted({" ".join(str(warning.message).split()) for warning in heard}),
    }


def here(device: str) -> dict[str, Any]:
    """Return the time, the machine and the versions of what computes."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": platform.node(),
        "system": platform.platform(),
        "device": device_name(device_for(device)),
        "python": sys.version.split()[0],
        "packages": {name: version(name) for name in PACKAGES},
    }


def device_name(device: str) -> str:
    """Return a device with the name of its hardware."""
    hardware = torch.cuda.get_device_name(device) if device.startswith("cuda") else platform.machine()
    return f"{device} ({hardware})"


def device_for(wanted: str) -> str:
    """Return the device for ``auto``, ``cpu``, ``cuda`` or ``cuda:N``; raises BadInput for one that is not there."""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    known = ["cpu", *(f"cuda:{i}" for i in range(count))]
    if wanted == "auto":
        return "cuda:0" if count else "cpu"
    if wanted == "cuda" and count:
        return "cuda:0"
    if wanted not in known:
        raise BadInput(f"device {wanted!r} is not here; expected auto or one of {', '.join(known)}")
    return wanted
