"""Published numbers with the protocol that each was measured under: one row of ``published.csv`` for each number.

The file is part of the package, so that pages and experiments find it in any installation; a copy beside other
results is generated from it. Facts and figures only.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from ganbench._util.names import check_names
from ganbench.errors import BadInput
from ganbench.notes.base import Findings, Matrix
from ganbench.tables.numbers import written
from ganbench.tables.statistics import interval

LEDGER = Path(__file__).with_name("published.csv")
EVIDENCE = (  # where a number was read, the surest first
    "image of the table; authors' code",
    "image of the table",
    "text of the paper",
    "the project's README",
    "quoted by another paper; authors' code",
    "quoted by another paper",
    "a summary by others",
    "unverified: from memory, pinned by a consistency check",
    "unverified: from memory",
)


@dataclass(frozen=True)
class Published:
    """One published number; a field is empty where the paper does not say."""

    key: str  # paper/data/method/metric
    paper: str
    table: str  # its number in the paper
    data: str
    method: str
    metric: str
    value: float
    spread: float | None
    spread_means: str  # standard error, standard deviation over seeds or over splits
    runs: int | None  # trainings behind the number
    n: int | None  # samples scored
    reference: str  # what they were scored against, and how
    splits: int | None  # parts whose scores were averaged
    network: str
    steps: str
    optimiser: str
    evidence: str  # one of EVIDENCE
    source: str
    note: str

    @property
    def text(self) -> str:
        """The number as a paper prints it, with what its spread means."""
        spread = "" if self.spread is None else f" ± {self.spread:g} ({self.spread_means})"
        return f"{self.value:g}{spread}"


@dataclass(frozen=True)
class Reproduction:
    """A published number and a measured one that answer the same question, and how their protocols differ."""

    published: str  # a key of the ledger
    measured: str  # a name among the numbers of the findings
    differences: str


@cache
def ledger() -> dict[str, Published]:
    """Return all published numbers by their keys; raises BadInput for a row that does not fit."""
    with LEDGER.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        names = [field.name for field in fields(Published)]
        if reader.fieldnames != names:
            raise BadInput(f"{LEDGER.name}: expected the columns {', '.join(names)}, got {reader.fieldnames}")
        rows = [published(line) for line in reader]
    by_key = {row.key: row for row in rows}
    if len(by_key) < len(rows):
        raise BadInput(f"{LEDGER.name}: expected each key once, got {len(rows)} rows with {len(by_key)} keys")
    return by_key


def published(line: dict[str, str]) -> Published:
    """Read one line; raises BadInput for a number that is none."""
    wholes, texts = ("runs", "n", "splits"), dict(line)
    try:
        value, spread = float(texts.pop("value")), texts.pop("spread")
        runs, n, splits = (int(text) if (text := texts.pop(name)) else None for name in wholes)
        deviation = float(spread) if spread else None
    except ValueError as error:
        raise BadInput(f"{LEDGER.name}: {line['key']}: {error}") from error
    return Published(value=value, spread=deviation, runs=runs, n=n, splits=splits, **texts)


def number(key: str) -> Published:
    """Return one published number; raises UnknownName with the nearest keys."""
    check_names("published number", [key], list(ledger()))
    return ledger()[key]


def beside(pairs: Iterable[Reproduction], findings: Findings) -> Matrix:
    """Return published and measured numbers side by side, with the differences of their protocols in words."""
    rows, cells = [], []
    for pair in pairs:
        row = number(pair.published)
        rows.append(f"{row.method}, {row.data}, {row.metric}")
        runs = f"{row.runs} runs" if row.runs and row.runs > 1 else "1 run" if row.runs else "runs not said"
        ours = findings.numbers[pair.measured]
        text = written(interval(ours)).removesuffix(" ± 0")
        source = f"{row.paper}, Table {row.table}" if row.table else row.paper
        cells.append((row.text, runs, source, text, f"{len(ours)} run{'s' * (len(ours) > 1)}", pair.differences))
    columns = ("published", "their runs", "source", "ours (95 % interval)", "our runs", "differences of protocol")
    return Matrix(tuple(rows), columns, tuple(cells))
