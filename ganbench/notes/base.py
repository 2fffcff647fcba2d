"""A claim of the notes as an experiment: the expected number, the measured one, a verdict by a rule set down before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import t

from ganbench.tables.statistics import CONFIDENCE, interval

FormName = Literal["fast", "full"]
Verdict = Literal["confirmed", "not confirmed", "note is wrong"]


@dataclass(frozen=True)
class Form:
    """How thorough an experiment is: seconds, or the published sizes, with files of data where there are any."""

    name: FormName
    folder: Path | None = None  # where data sets lie that come as files; None for ./data


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
class Claim:
    """A sentence of a note, the number that would show it, and the rule that decides from the measured one."""

    name: str  # short, unique among all experiments
    note: str  # "note 2, WGAN-GP"
    says: str  # the claim in English
    expected: str  # the number or direction, in words
    source: str  # "closed form", a paper with its table or equation, or "direction only"
    shown: tuple[str, ...]  # the measured numbers that the table shows, headline first
    rule: str  # when the claim counts as confirmed, in words
    evaluate: Callable[[Findings], Verdict]  # the same rule as code
    remark: str  # what the number means: two or three sentences
    correct: str = ""  # the correct formula or statement, where the note errs


@dataclass(frozen=True)
class Experiment:
    """Claims that one measurement answers, and its picture.

    ``measure`` depends on nothing but the form and the files that it finds: all draws come from named streams.
    """

    name: str  # of its module
    title: str
    chapter: str  # one of CHAPTERS in the table of contents
    claims: tuple[Claim, ...]
    measure: Callable[[Form], Findings]
    draw: Callable[[Findings, Figure], None]
    size: tuple[float, float] = (7.0, 2.6)  # of the picture, in inches
    version: int = 1  # raised when the numbers that it measures change


def confirmed(holds: bool) -> Verdict:
    """The verdict on a claim that the note states rightly, if it does."""
    return "confirmed" if holds else "not confirmed"


def wrong(holds: bool) -> Verdict:
    """The verdict on a claim that contradicts a proof or its paper: ``holds`` says that the measurement shows it."""
    return "note is wrong" if holds else "not confirmed"


def difference(a: tuple[float, ...], b: tuple[float, ...], paired: bool = False) -> tuple[float, float]:
    """Return mean(a) - mean(b) and half the width of its 95 % interval: of the pairs' differences, or Welch's."""
    if paired:
        of_pairs = interval([x - y for x, y in zip(a, b, strict=True)])
        return of_pairs.mean, of_pairs.half_width or 0.0
    first, second = (np.var(x, ddof=1) / len(x) if len(x) > 1 else 0.0 for x in (a, b))
    gap, spread = float(np.mean(a) - np.mean(b)), float(first + second)
    if spread == 0:
        return gap, 0.0
    parts = sum(each**2 / (len(x) - 1) for each, x in ((first, a), (second, b)) if len(x) > 1)
    return gap, float(t.ppf((1 + CONFIDENCE) / 2, spread**2 / parts)) * sqrt(spread)
