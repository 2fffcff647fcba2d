"""What the figures were measured on."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

import torch


def describe(*packages: str) -> str:
    """Processor, device and versions, in one line."""
    info = Path("/proc/cpuinfo")
    names = (
        [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if "model name" in line]
        if info.exists()
        else []
    )
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "not measured on a GPU"
    versions = ", ".join(f"{package} {version(package)}" for package in ("torch", *packages))
    return f"{names[0] if names else platform.processor()}, one thread; {device}; Python {platform.python_version()}, {versions}"
