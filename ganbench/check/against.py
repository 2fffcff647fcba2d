"""Results against results: the cells of two folders matched by identity, and what has moved between them."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from ganbench.check.output import escaped
from ganbench.errors import BadInput
from ganbench.record import Record, Scores
from ganbench.stats import interval
from ganbench.store import Store

Outcome = Literal["equal", "within", "moved", "unversioned", "missing", "incomparable"]
WRONG = {"moved", "unversioned", "missing"}
MACHINE = ("host", "system", "device", "python", "packages")  # where these agree, so do all bits
RTOL = 1e-9  # sums in another order, on another machine


@dataclass(frozen=True)
class Line:
    """One score of one cell in both folders: the means over seeds, what became of it, and why."""

    baseline: str
    dataset: str
    metric: str
    outcome: Outcome
    old: float | None = None
    new: float | None = None
    why: str = ""


def compare(new: Path, old: Path) -> list[Line]:
    """Match the records of two folders; raises BadInput where one holds none."""
    fresh, kept = ({cell_of(r): r for r in records(folder)} for folder in (new, old))
    lines = [line for cell, record in kept.items() for line in of_cell(fresh.get(cell), record)]
    return sorted(lines, key=lambda line: (line.baseline, line.dataset, line.metric))


def records(folder: Path) -> list[Record]:
    """Return the latest record of every key in a folder."""
    found = list(Store(folder).read().values())
    if not found:
        raise BadInput(f"{folder}: expected a results folder with records.jsonl, found no record there")
    return found


def cell_of(record: Record) -> str:
    """Return what was asked of a cell, without the code that answered."""
    asked = (record.baseline, record.settings, record.dataset, record.split, record.seeds, record.plan)
    return json.dumps(asked, sort_keys=True)


def of_cell(new: Record | None, old: Record) -> Iterator[Line]:
    """Yield a line for every score of an old cell."""
    there = {} if new is None else {score.metric: score for score in new.scores}
    for score in old.scores:
        if score.metric not in there:
            why = "no such cell" if new is None else "no such score"
            yield Line(old.baseline, old.dataset, score.metric, "missing", mean(score), None, why)
        else:
            yield of_score(old, there[score.metric], score, new is not None and same_samples(new, old))


def same_samples(new: Record, old: Record) -> bool:
    """Whether both records are about the same samples: trained alike to the last bit, or by one key on one machine."""
    if old.history:
        return new.history == old.history
    machines = [[made.get(name) for name in MACHINE] for made in (new.provenance, old.provenance)]
    return new.key == old.key and machines[0] == machines[1]


def of_score(record: Record, new: Scores, old: Scores, samples: bool = False) -> Line:
    """Compare a score with its predecessor: identity first, then seed by seed, then the mean with its interval.

    Of the same ``samples`` one version of a metric has one value: if it changed, the version should have.
    """
    means = mean(old), mean(new)
    if differing := differences(new, old):
        return Line(record.baseline, record.dataset, old.metric, "incomparable", *means, "; ".join(differing))
    pairs = list(zip(old.values, new.values, strict=True))
    if all(same(a, b) for a, b in pairs):
        return Line(record.baseline, record.dataset, old.metric, "equal", *means)
    outcome: Outcome = "unversioned" if samples else "within" if within(old, means) else "moved"
    changed = sum(not same(a, b) for a, b in pairs)
    why = f"{changed} of {len(pairs)} seeds differ under one version of the metric"
    why += f" on the same samples: its values changed, its version {old.version} did not" if samples else ""
    return Line(record.baseline, record.dataset, old.metric, outcome, *means, why)


def differences(new: Scores, old: Scores) -> list[str]:
    """Name the fields of the identity that differ, with both values."""
    names = ("version", "features", "reference", "n_real", "n_fake", "options", "better")
    told = [
        f"{n}: {getattr(old, n)!r} before, {getattr(new, n)!r} now" for n in names if getattr(new, n) != getattr(old, n)
    ]
    counts = len(old.values), len(new.values)
    return [*told, *([f"seeds: {counts[0]} before, {counts[1]} now"] if counts[0] != counts[1] else [])]


def mean(score: Scores) -> float | None:
    """Return the mean of the seeds that have a value."""
    values = [value for value in score.values if value is not None]
    return math.fsum(values) / len(values) if values else None


def same(a: float | None, b: float | None) -> bool:
    """Whether two seeds' values are the same to rounding; no value equals no value."""
    return a == b if a is None or b is None else math.isclose(a, b, rel_tol=RTOL, abs_tol=1e-12)


def within(old: Scores, means: tuple[float | None, float | None]) -> bool:
    """Whether the new mean lies in the old one's interval; never where a seed has lost its value."""
    values = [value for value in old.values if value is not None]
    if means[1] is None or not values:
        return False
    known = interval(values)
    return known.half_width is not None and abs(means[1] - known.mean) <= known.half_width


def exit_code(lines: Sequence[Line]) -> int:
    """Return 1 where something moved, went missing or changed without a new version, else 0."""
    return int(any(line.outcome in WRONG for line in lines))


def text(lines: Sequence[Line], form: str = "text") -> str:
    """Return the smallest table that shows what is not equal, with a summary; or all lines as JSON."""
    if form == "json":
        return json.dumps([asdict(line) for line in lines], indent=1) + "\n"
    shown = [line for line in lines if line.outcome != "equal"]
    counts = Counter(line.outcome for line in lines)
    total = f"{len(lines)} scores: {', '.join(f'{n} {outcome}' for outcome, n in sorted(counts.items()))}"
    if form == "github":
        kinds = ["error" if line.outcome in WRONG else "warning" for line in shown]
        said = [f"::{kind}::{escaped(sentence(line))}\n" for kind, line in zip(kinds, shown, strict=True)]
        return "".join(said) + f"::notice::{total}\n"
    if form == "markdown" and shown:
        head = "| baseline | data set | metric | outcome | before | now | why |\n|---|---|---|---|---|---|---|\n"
        rows = ("| " + " | ".join(map(digits, asdict(line).values())) + " |\n" for line in shown)
        return f"{head}{''.join(rows)}\n{total}\n"
    return "".join(f"{sentence(line)}\n" for line in shown) + f"{total}\n"


def sentence(line: Line) -> str:
    """Return one line in words."""
    what = f"{line.baseline} on {line.dataset}, {line.metric}: {line.outcome}"
    return f"{what}, {digits(line.old)} before, {digits(line.new)} now{f' ({line.why})' if line.why else ''}"


def digits(value: Any) -> str:
    """Return a number shortly, nothing as a dash."""
    return "-" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value).replace("|", "\\|")
