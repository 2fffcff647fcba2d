"""Which records share a row, what the row is called, and what its seeds say in a column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ganbench.record import Record, Run
from ganbench.table.columns import Column, canonical, identity


@dataclass(frozen=True)
class Outcome:
    """One seed in one column: how its run ended, and its value or the reason that there is none."""

    run: Run
    value: float | None
    reason: str


@dataclass(frozen=True)
class Row:
    """Records that differ in their seeds alone, under a label that tells them from the other rows."""

    label: str
    records: tuple[Record, ...]

    @property
    def is_control(self) -> bool:
        """Whether nothing was descended: a control shows what a score means and is not ranked."""
        ended = any(run.status == "done" for record in self.records for run in record.runs)
        return ended and not any(record.cost.get("gradients", 0) for record in self.records)

    @property
    def runs(self) -> list[Run]:
        return [run for record in self.records for run in record.runs]

    def outcomes(self, column: Column) -> list[Outcome]:
        """Return the seeds that were scored in this column."""
        return [
            Outcome(run, value, reason)
            for record in self.records
            for scores in record.scores
            if identity(scores) == column.key
            for run, value, reason in zip(record.runs, scores.values, scores.reasons, strict=True)
        ]


def rows(records: Iterable[Record]) -> list[Row]:
    """Return baselines, then controls, each in alphabetical order: the order of the records does not matter."""
    groups: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda record: (record.baseline, record.seeds, record.key)):
        groups.setdefault(conditions(record), []).append(record)
    members = [part for group in groups.values() for part in apart(group)]
    result = [Row(label(part, members), tuple(part)) for part in members]
    return sorted(result, key=lambda row: (row.is_control, row.label))


def conditions(record: Record) -> str:
    """Return all that two records must share, beside the data set, for their seeds to be pooled."""
    return canonical([record.baseline, record.settings, record.plan, record.split, record.source])


def apart(group: list[Record]) -> list[list[Record]]:
    """Keep records together unless they share a seed, which would count twice."""
    seeds = [seed for record in group for seed in record.seeds]
    return [group] if len(seeds) == len(set(seeds)) else [[record] for record in group]


def label(part: list[Record], members: Sequence[list[Record]]) -> str:
    """Name a row by its baseline, and by whatever tells it from other rows of the same baseline."""
    mine = facts(part)
    others = [facts(other) for other in members if other is not part and other[0].baseline == part[0].baseline]
    telling = [name for name in sorted(mine) if any(other.get(name) != mine[name] for other in others)]
    details = ", ".join(f"{name} {mine[name]}" for name in telling)
    return f"{part[0].baseline} ({details})" if details else part[0].baseline


def facts(part: Sequence[Record]) -> dict[str, str]:
    """Return what may tell two rows of one baseline apart, as text."""
    first = part[0]
    told: dict[str, Any] = {"source": first.source[:8], "split": first.split} | first.plan | first.settings
    told |= {"seeds": spans(seed for record in part for seed in record.seeds)}
    return {name: value if isinstance(value, str) else canonical(value) for name, value in told.items()}


def spans(numbers: Iterable[int]) -> str:
    """Write whole numbers as ranges: 0-4, 7."""
    parts: list[list[int]] = []
    for number in sorted(set(numbers)):
        if parts and parts[-1][-1] == number - 1:
            parts[-1] = [parts[-1][0], number]
        else:
            parts.append([number])
    return ", ".join("-".join(map(str, part)) for part in parts)
