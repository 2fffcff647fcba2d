"""The terminal that commands print to."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ganbench._util.markup import printable

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 200  # where nobody looks at a screen, so that tables in logs are not folded


def terminal() -> Console:
    """Return a console as wide as the screen, or WIDTH where the output goes elsewhere."""
    from rich.console import Console  # noqa: PLC0415

    return Console(file=sys.stdout) if sys.stdout.isatty() else Console(file=sys.stdout, width=WIDTH)


def say(console: Console, text: str) -> None:
    """Print a line as it is: no markup, no colour, not folded."""
    console.print("\n".join(map(printable, text.split("\n"))), markup=False, highlight=False, soft_wrap=True)


def duration(seconds: float) -> str:
    """Return a time in a unit that suits it."""
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(1, round(seconds))} s"
