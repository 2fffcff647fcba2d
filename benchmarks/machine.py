"""What the figures were measured on, and when."""

from __future__ import annotations

import platform
import subprocess
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from textwrap import fill

import torch


def describe(*packages: str) -> str:
    """Return processor, device and versions, in lines of a page."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "not measured on a GPU"
    versions = ", ".join(f"{package} {version(package)}" for package in ("torch", *packages) if installed(package))
    software = f"Python {platform.python_version()}, {versions}"
    return fill(f"{processor()}, one thread; {device}; {software}", width=120, break_on_hyphens=False)


def installed(package: str) -> bool:
    """Say whether a package is installed."""
    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False


def processor() -> str:
    """Name of the processor, as its own system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def today() -> str:
    """Return the date and the commit that is checked out, marked as dirty where files differ from it."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        commit = subprocess.check_output(command, cwd=Path(__file__).parent, text=True).strip()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        commit = "unknown"
    return f"{date.today()}, commit {commit}"
