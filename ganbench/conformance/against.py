"""Results against results: the rows of two folders matched by identity, and what has moved between them."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

import numpy as np

from ganbench.conformance.output import escaped
from ganbench.errors import BadInput
from ganbench.records.record import Record, Scores
from ganbench.records.store import Store
from ganbench.tables.scales import scale_for
from ganbench.tables.statistics import CONFIDENCE, estimate, student

Outcome = Literal["equal", "within", "moved", "unversioned", "missing", "incomparable"]
WRONG = {"moved", "unversioned", "missing"}
MACHINE = ("host", "system", "device", "python", "packages")  # where these agree, so do all bits
IDENTITY = ("version", "features", "reference", "n_real", "n_fake", "options", "better", "weights")
CELLS = 8  # fewer cannot tell a drift from chance at the level below
DRIFT = 0.01  # how often a drift is called where there is none
RTOL = 1e-9  # sums in another order, on another machine

Seeds = dict[int, Record]  # the records of one row, by seed
SeedScores = dict[int, Scores]  # one metric of one row, by seed


@dataclass(frozen=True)
class ScoreChange:
    """One score of one row in both folders: the means over seeds, what became of it, and why.

    ``shift`` is how far the mean moved, in half widths of the old interval and on the metric's scale.
    """

    baseline: str
    dataset: str
    metric: str
    outcome: Outcome
    old: float | None = None
    new: float | None = None
    why: str = ""
    shift: float | None = None


def compare(new: Path, old: Path) -> list[ScoreChange]:
    """Match the records of two folders, row by row and seed by seed; raises BadInput where one holds none."""
    fresh, kept = (by_row(records(folder)) for folder in (new, old))
    lines = [line for row, seeds in kept.items() for line in of_row(fresh.get(row, {}), seeds)]
    return [*sorted(lines, key=lambda line: (line.baseline, line.dataset, line.metric)), *drifts(lines)]


def drifts(lines: Sequence[ScoreChange]) -> list[ScoreChange]:
    """Return a line for every metric that moved the same way in too many cells, each of them within its interval.

    Where nothing but chance moves a cell, up is as likely as down: Wilcoxon's signed ranks of the shifts, at a level of
    ``DRIFT`` over all metrics together. Its power is simulated in ``benchmarks/gate.py``.
    """
    shifts: dict[str, list[float]] = {}
    for line in lines:
        if line.outcome in {"within", "moved"} and line.shift is not None:
            shifts.setdefault(line.metric, []).append(line.shift)
    called = (drift(metric, moved, len(shifts)) for metric, moved in shifts.items())
    return [line for line in called if line is not None]


def drift(metric: str, moved: Sequence[float], metrics: int = 1) -> ScoreChange | None:
    """Return the line of a metric whose cells moved together, None where they need not have."""
    from scipy.stats import wilcoxon  # noqa: PLC0415 - slow to import

    if len(moved) < CELLS or not any(moved):
        return None
    p = min(1.0, metrics * float(wilcoxon(moved, method="approx").pvalue))
    if p >= DRIFT:
        return None
    middle = float(median(moved))
    up = sum(shift > 0 for shift in moved)
    sides = (
        f"{up} of {len(moved)} cells moved up" if middle > 0 else f"{len(moved) - up} of {len(moved)} cells moved down"
    )
    why = f"{sides}, {abs(middle):.2g} of a half interval in the median: by chance one time in {1 / p:.0f}"
    return ScoreChange("all cells", "all data sets", metric, "moved", why=why, shift=middle)


def records(folder: Path) -> list[Record]:
    """Return the latest record of every key in a folder."""
    latest = list(Store(folder).read().values())
    if not latest:
        raise BadInput(f"{folder}: expected a results folder with records.jsonl, found no record there")
    return latest


def by_row(records: Sequence[Record]) -> dict[str, Seeds]:
    """Return records by what was asked of all seeds, whatever version of the code answered, and by seed."""
    rows: dict[str, Seeds] = {}
    for record in records:
        asked = (record.baseline, record.settings, record.dataset, record.split, record.plan, record.samples)
        rows.setdefault(json.dumps(asked, sort_keys=True), {})[record.seed] = record
    return rows


def of_row(new: Seeds, old: Seeds) -> Iterator[ScoreChange]:
    """Yield a line for every score of an old row."""
    there, first = scores_of(new), next(iter(old.values()))
    alike = all(seed in new and same_samples(new[seed], record) for seed, record in old.items())
    paired = all(seed in new and same_cell(new[seed], record) for seed, record in old.items())
    for metric, before in scores_of(old).items():
        now = there.get(metric, {})
        if lost := sorted(set(before) - set(now)):
            what = "row" if not new else "score" if set(lost) <= set(new) else f"seed {', '.join(map(str, lost))}"
            why = f"no such {what}" if not now else f"no such score of seed {', '.join(map(str, lost))}"
            yield ScoreChange(first.baseline, first.dataset, metric, "missing", mean(before), mean(now), why)
        else:
            yield of_score(first, {seed: now[seed] for seed in before}, before, alike, paired)


def scores_of(seeds: Seeds) -> dict[str, SeedScores]:
    """Return the scores of a row by metric and seed, in the order of the records."""
    by_metric: dict[str, SeedScores] = {}
    for seed in sorted(seeds):
        for score in seeds[seed].scores:
            name = score.metric if score.weights == "average" else f"{score.metric} (last weights)"
            by_metric.setdefault(name, {})[seed] = score
    return by_metric


def same_samples(new: Record, old: Record) -> bool:
    """Whether both records are about the same samples: trained alike to the last bit, or by one key on one machine."""
    if old.history:
        return new.history == old.history
    return same_cell(new, old)


def same_cell(new: Record, old: Record) -> bool:
    """Whether both records are of one cell on one machine, so that every bit must be the same.

    A record without a machine is of no known one. Cells of other keys were made by other versions of the code: they are
    never paired, wherever they ran.
    """
    where = machine(new.provenance)
    return new.key == old.key and bool(where["host"]) and where == machine(old.provenance)


def machine(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the bits of a record depend on beside its key, in which ganbench's own versions are."""
    facts = {name: provenance.get(name) for name in MACHINE}
    packages: dict[str, str] = provenance.get("packages", {})
    facts["system"] = system(str(facts["system"] or ""))
    return facts | {"packages": {name: each for name, each in packages.items() if name != "ganbench"}}


def system(platform: str) -> str:
    """Return what of a platform's name numbers depend on: the kernel's build does not change arithmetic."""
    name, _, rest = platform.partition("-")
    libc = rest.rpartition("-with-")[2] if "-with-" in rest else ""
    processor = next((word for word in ("x86_64", "AMD64", "aarch64", "arm64") if word in rest), "")
    return " ".join(filter(None, (name, processor, libc))) if processor else platform


def of_score(
    record: Record, new: SeedScores, old: SeedScores, samples: bool = False, paired: bool = False
) -> ScoreChange:
    """Compare a score with its predecessor: identity first, then seed by seed, then the mean with its interval.

    Of the same ``samples`` one version of a metric has one value: if it changed, the version should have. Of ``paired``
    cells, one key on one machine, any difference is a move.
    """
    first, means = next(iter(old.values())), (mean(old), mean(new))
    if differing := differences(new, old):
        return ScoreChange(record.baseline, record.dataset, first.metric, "incomparable", *means, "; ".join(differing))
    changed = sum(not same(old[seed].value, new[seed].value) for seed in old)
    if not changed:
        return ScoreChange(record.baseline, record.dataset, first.metric, "equal", *means)
    outcome: Outcome = "unversioned" if samples else "within" if not paired and within(new, old) else "moved"
    why = f"{changed} of {len(old)} seeds differ under one version of the metric"
    why += f" on the same samples: its values changed, its version {first.version} did not" if samples else ""
    why += " in one cell on one machine, whose training has other bits now" if paired and not samples else ""
    return ScoreChange(record.baseline, record.dataset, first.metric, outcome, *means, why, shift_of(new, old))


def differences(new: SeedScores, old: SeedScores) -> list[str]:
    """Name the fields of the identity that differ for any seed, with both values."""
    changes = []
    for name in IDENTITY:
        pairs = [(getattr(old[seed], name), getattr(new[seed], name)) for seed in old]
        if unlike := next((pair for pair in pairs if pair[0] != pair[1]), None):
            changes.append(f"{name}: {unlike[0]!r} before, {unlike[1]!r} now")
    return changes


def mean(scores: SeedScores) -> float | None:
    """Return the mean of the seeds that have a value."""
    values = known(scores)
    return math.fsum(values) / len(values) if values else None


def known(scores: SeedScores) -> list[float]:
    """Return the values of the seeds that have one."""
    return [score.value for score in scores.values() if score.value is not None]


def same(a: float | None, b: float | None) -> bool:
    """Whether two seeds' values are the same to rounding; no value equals no value."""
    return a == b if a is None or b is None else math.isclose(a, b, rel_tol=RTOL, abs_tol=1e-12)


def within(new: SeedScores, old: SeedScores) -> bool:
    """Whether the new mean lies in the old one's interval, both on the metric's scale; never where values are lost."""
    before, now = known(old), known(new)
    if not before or not now:
        return False
    scale = scale_for(next(iter(old.values())), [*before, *now])
    interval, mean = estimate(before, scale), estimate(now, scale).mean
    return interval.low is not None and interval.high is not None and interval.low <= mean <= interval.high


def shift_of(new: SeedScores, old: SeedScores) -> float | None:
    """Return how far the mean moved, in half widths of the old interval; None where there is no interval."""
    before, now = known(old), known(new)
    if len(before) < 2 or len(now) < 2:
        return None
    scale = scale_for(next(iter(old.values())), [*before, *now])
    if scale.kind == "count":
        return None  # whole numbers stand still or jump
    x, y = (scale.of(np.array(values)) for values in (before, now))
    half = student(len(before) - 1, CONFIDENCE) * float(np.std(x, ddof=1)) / len(before) ** 0.5
    return float(np.mean(y) - np.mean(x)) / half if half > 0 else None


def exit_code(lines: Sequence[ScoreChange]) -> int:
    """Return 1 where something moved, went missing or changed without a new version, else 0."""
    return int(any(line.outcome in WRONG for line in lines))


def text(lines: Sequence[ScoreChange], form: str = "text") -> str:
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


def sentence(line: ScoreChange) -> str:
    """Return one line in words."""
    what = f"{line.baseline} on {line.dataset}, {line.metric}: {line.outcome}"
    return f"{what}, {digits(line.old)} before, {digits(line.new)} now{f' ({line.why})' if line.why else ''}"


def digits(value: Any) -> str:
    """Return a number shortly, nothing as a dash."""
    return "-" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value).replace("|", "\\|")
