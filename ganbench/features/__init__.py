"""The extractors, by name. This file is the table of contents; listing it reads no weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from ganbench.find import find

if TYPE_CHECKING:  # importing it takes torch, which a list of names does not need
    from ganbench.features.base import Extractor


@dataclass(frozen=True)
class Entry:
    """One line of the table of contents: what it looks at, and where the factory is."""

    name: str
    summary: str
    module: str
    factory: str

    def function(self) -> Callable[[], Extractor]:
        """Import and return the factory."""
        function: Callable[[], Extractor] = getattr(import_module(self.module), self.factory)
        return function


ENTRIES = [
    Entry("identity", "coordinates of points, as they are", "ganbench.features.identity", "identity"),
    Entry("pixels", "raw pixels of images, in one row", "ganbench.features.identity", "pixels"),
    Entry("digits", "32 features of a classifier of 8 by 8 digits", "ganbench.features.classifier", "digits"),
    Entry("mnist", "64 features of a classifier of MNIST's digits", "ganbench.features.classifier", "mnist"),
]
EXTRACTORS = {entry.name: entry for entry in ENTRIES}


def load(name: str) -> Extractor:
    """Return the extractor of that name; raises UnknownName, or Missing or BadInput for weights that cannot be used."""
    return find("features", name, EXTRACTORS).function()()
