"""Names and facts of what there is to choose from, without importing it.

Importing the baselines and metrics takes torch, which lists, tables and the completion of names do not need. The
file beside this one is written by ``python -m ganbench.cli.catalogue``; a test says when it is out of date.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("catalogue.json")
KINDS = ("baselines", "regularisers", "datasets", "metrics", "features", "suites", "experiments")

Facts = dict[str, Any]  # of one thing, by the name of the fact


@cache
def catalogue() -> dict[str, dict[str, Facts]]:
    """Return the facts of everything, by kind and name, in the order in which lists show them."""
    content: dict[str, dict[str, Facts]] = json.loads(FILE.read_text(encoding="utf-8"))
    return content


def facts(kind: str, name: str) -> Facts:
    """Return the facts of one thing; none for what a user brought along."""
    return catalogue()[kind].get(name, {})
