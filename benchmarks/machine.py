"""What the figures were measured on."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

import torch


def describe(*packages: str) -> str:
    """Processor, device and versions, in one line."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "not measured on a GPU"
    versions = ", ".join(f"{package} {version(package)}" for package in ("torch", *packages))
    return f"{processor()}, one thread; {device}; Python {platform.python_version()}, {versions}"


def processor() -> str:
    """Name of the processor, as its own system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
