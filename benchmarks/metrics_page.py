"""The page of the metrics' benchmark, made from what was measured."""

from __future__ import annotations

from typing import Any


def page(known: dict[str, Any]) -> str:
    return "draft\n"
