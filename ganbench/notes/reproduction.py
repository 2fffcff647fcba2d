"""Published numbers beside ours: which come out, which do not, and which were not tried, each with the reason.

What is tried, by which suite or experiment, and how it differs from the paper stands in ``reproduction.toml``. A
published number lies *within* when it differs from our mean by no more than the half widths of both 95 % intervals and
half a unit of its last printed digit. Where a paper's spread is unknown its half width is 0.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import cache
from io import StringIO
from itertools import cycle, islice
from math import sqrt
from pathlib import Path
from typing import Any

from ganbench._util.convert import convert
from ganbench.notes.base import Findings
from ganbench.notes.ledger import LEDGER, Published, ledger
from ganbench.notes.record import Observation
from ganbench.records.record import Record
from ganbench.records.store import Log, Store
from ganbench.tables.statistics import interval, student

COLUMNS = ("reproduced_by", "ours", "interval", "within", "why_not")
RULES = Path(__file__).with_name("reproduction.toml")


@dataclass(frozen=True)
class PrintedMetric:
    """A metric whose scores, times ``scale``, are what a paper prints."""

    metric: str
    scale: float


@dataclass(frozen=True)
class TriedRow:
    """A row of a suite."""

    dataset: str
    baseline: str
    settings: dict[str, Any]


@dataclass(frozen=True)
class Rules:
    """What is tried and why the rest is not."""

    metrics: dict[str, PrintedMetric]
    suites: dict[str, dict[str, TriedRow]]
    experiments: dict[str, dict[str, tuple[str, ...]]]
    differences: dict[str, str]
    not_tried: dict[str, str]


@dataclass(frozen=True)
class Ours:
    """Our values of a published number, one for each seed or repetition, and the command that makes them."""

    command: str
    values: tuple[float, ...]
    suite: str = ""


@cache
def rules() -> Rules:
    """Return the rules; raises BadInput for a file that does not fit."""
    return convert(tomllib.loads(RULES.read_text(encoding="utf-8")), Rules, RULES.name)


def table(folder: Path) -> str:
    """Return published numbers with ours from the suites in a folder, as CSV."""
    ours, out = measured(folder), StringIO()
    with LEDGER.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    writer = csv.DictWriter(out, [*(field.name for field in fields(Published)), *COLUMNS], lineterminator="\n")
    writer.writeheader()
    for line in lines:
        writer.writerow(line | beside(line["key"], line["value"], ours.get(line["key"])))
    return out.getvalue()


def beside(key: str, printed: str, ours: Ours | None) -> dict[str, str]:
    """Return the columns that are ours of one published number."""
    if ours is None:
        return dict.fromkeys(COLUMNS, "") | {"why_not": why_not(key)}
    own = interval(ours.values)
    half = own.half_width or 0.0
    inside = abs(float(printed) - own.mean) <= half + published_half_width(ledger()[key]) + last_digit(printed) / 2
    return {
        "reproduced_by": ours.command,
        "ours": f"{own.mean:.4g}",
        "interval": f"{own.mean - half:.4g} to {own.mean + half:.4g}" if half else "",
        "within": "yes" if inside else "no",
        "why_not": "" if inside else difference(ours.suite, key),
    }


def why_not(key: str) -> str:
    """Say why a number without ours has none: what it belongs to has not been run, or is not tried."""
    tried = rules()
    if any(key in numbers for numbers in tried.experiments.values()):
        return "not run yet"
    if any(key.rpartition("/")[0] in rows for rows in tried.suites.values()):
        return "not run yet"
    return longest(tried.not_tried, key)


def difference(suite: str, key: str) -> str:
    """Say how a suite makes a number otherwise than its paper: as of that suite, or as of all."""
    texts, start = rules().differences, f"{suite}:"
    own = {name.removeprefix(start): text for name, text in texts.items() if name.startswith(start)}
    return longest(own if any(key.startswith(name) for name in own) else texts, key)


def longest(texts: Mapping[str, str], key: str) -> str:
    """Return the text whose name is the longest beginning of a key; every key has one."""
    return texts[max((start for start in texts if key.startswith(start)), key=len)]


def published_half_width(number: Published) -> float:
    """Half the width of the 95 % interval of a published mean; 0 where the paper does not say."""
    if number.spread is None or number.runs is None or number.runs < 2:
        return 0.0
    errors = {"standard error": number.spread, "standard deviation": number.spread / sqrt(number.runs)}
    return student(number.runs - 1) * errors.get(number.spread_means, 0.0)


def last_digit(printed: str) -> float:
    """A unit of the last digit that is printed."""
    exponent = Decimal(printed).as_tuple().exponent
    return float(10.0 ** int(exponent))


def measured(folder: Path) -> dict[str, Ours]:
    """Return our values by published key, from the records of the suites in a folder."""
    result = dict[str, Ours]()
    for suite, rows in rules().suites.items():
        records = [record for record in Store(folder / suite).read().values() if record.status == "done"]
        for key, row in rows.items():
            own = [record for record in records if belongs(record, row)]
            command = f"ganbench run --suite {suite} --dataset {row.dataset} --baseline {row.baseline}"
            for name, column in rules().metrics.items():
                if (number := f"{key}/{name}") in ledger() and (values := scores(own, column)):
                    result[number] = Ours(command, values, suite)
    observations = [
        each for each in Log(folder / "published-notes", Observation).read().values() if each.form == "full"
    ]
    for observation in observations:
        for number, names in rules().experiments.get(observation.experiment, {}).items():
            command = f"ganbench run --suite published-notes --experiment {observation.experiment}"
            result[number] = Ours(command, summed(observation.findings, names), "published-notes")
    return result


def belongs(record: Record, row: TriedRow) -> bool:
    """Whether a record is a seed of a row."""
    same = (record.dataset, record.baseline) == (row.dataset, row.baseline)
    return same and all(record.settings.get(name) == value for name, value in row.settings.items())


def scores(records: Iterable[Record], column: PrintedMetric) -> tuple[float, ...]:
    """Return a metric's scores of last weights, one for each seed that has one."""
    values = (s.value for r in records for s in r.scores if (s.metric, s.weights) == (column.metric, "last"))
    return tuple(column.scale * value for value in values if value is not None)


def summed(findings: Findings, names: Sequence[str]) -> tuple[float, ...]:
    """Return the sum of some numbers, repetition by repetition; a single one counts for all."""
    parts = [findings.numbers[name.removeprefix("-")] for name in names]
    signs = [-1.0 if name.startswith("-") else 1.0 for name in names]
    count = max(len(part) for part in parts)
    columns = [[sign * x for x in islice(cycle(part), count)] for sign, part in zip(signs, parts, strict=True)]
    return tuple(map(sum, zip(*columns, strict=True)))
