"""What an experiment is, and what it measured; what is said about it, and the rules, are in ``claims``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from matplotlib.figure import Figure

from ganbench.tables.statistics import interval

FormName = Literal["fast", "full"]


@dataclass(frozen=True)
class Form:
    """How thorough an experiment is: seconds, or the published sizes, with files of data where there are any."""

    name: FormName
    folder: Path | None = None  # where data sets lie that come as files; None for ./data
    results: Path | None = None  # where results of suites lie, for experiments that read them; None for ./results


@dataclass(frozen=True)
class Matrix:
    """A table of numbers or words, such as metrics by failures; None where there is nothing to say."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[float | str | None, ...], ...]


@dataclass(frozen=True)
class Findings:
    """What an experiment measured: all finite, all fit for JSON.

    ``numbers`` hold one value for each seed or repetition, a single one where nothing is random. ``curves`` hold what
    a figure needs beside them.
    """

    numbers: dict[str, tuple[float, ...]]
    curves: dict[str, tuple[float, ...]] = field(default_factory=dict)
    matrices: dict[str, Matrix] = field(default_factory=dict)

    def mean(self, name: str) -> float:
        return interval(self.numbers[name]).mean

    def half_width(self, name: str) -> float:
        """Half the width of Student's 95 % interval of the mean; 0 where nothing is random."""
        return interval(self.numbers[name]).half_width or 0.0

    def low(self, name: str) -> float:
        return self.mean(name) - self.half_width(name)

    def high(self, name: str) -> float:
        return self.mean(name) + self.half_width(name)


@dataclass(frozen=True)
class Experiment:
    """A measurement that judges claims, and its picture.

    ``measure`` depends on nothing but the form and the files that it finds: all draws come from named streams.
    """

    name: str  # of its module
    title: str
    chapter: str  # one of CHAPTERS in the table of contents
    measure: Callable[[Form], Findings]
    draw: Callable[[Findings, Figure], None]
    size: tuple[float, float] = (7.0, 2.6)  # of the picture, in inches
    version: int = 1  # raised when the numbers that it measures change
