"""ganbench: which GAN is better, on what evidence?"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganbench.external import score as score

__version__ = version("ganbench")


def __getattr__(name: str) -> Any:
    """Import ``score`` when it is first asked for: it takes torch, which the command line's help does not need."""
    if name == "score":
        from ganbench.external import score  # noqa: PLC0415

        return score
    raise AttributeError(f"module 'ganbench' has no attribute {name!r}")
