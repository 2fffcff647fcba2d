"""Settings of baselines by data set that suites inherit, one TOML file for each search that chose them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from ganbench._util.names import check_names

FOLDER = Path(__file__).parent


def load(name: str) -> dict[str, Any]:
    """Return settings by data set and baseline, and how many of each were tried as ``trials``.

    Raises UnknownName with the nearest names.
    """
    check_names("file of settings", [name], sorted(path.stem for path in FOLDER.glob("*.toml")))
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
