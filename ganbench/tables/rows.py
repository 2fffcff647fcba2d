"""Which records share a row, what the row is called, and what its seeds say in a column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ganbench.records.record import Record, Scores
from ganbench.tables.columns import Column, canonical, identity
from ganbench.tables.leagues import league_of


@dataclass(frozen=True)
class Outcome:
    """One seed in one column: its record and its scores."""

    record: Record
    scores: Scores

    @property
    def value(self) -> float | None:
        """The mean over sets of samples and draws of the reference; None where it is undefined."""
        return self.scores.value

    @property
    def reason(self) -> str:
        """Why there is no value."""
        return self.scores.reason


@dataclass(frozen=True)
class Row:
    """The seeds of one baseline under the same conditions, under a label that tells them from the other rows."""

    label: str
    records: tuple[Record, ...]  # one for each seed, in the order of the seeds

    @cached_property
    def league(self) -> str:
        """Among whom the row is ranked; a row of which a seed failed belongs where its others do."""
        known = [league_of(record) for record in self.records]
        return "control" if "control" in known else known[0]

    @property
    def is_control(self) -> bool:
        """Whether nothing was trained: a control shows what a score means and is not ranked."""
        return self.league == "control"

    @property
    def kind(self) -> str:
        """What the CSV files call a control and any other row."""
        return "control" if self.is_control else "baseline"

    @cached_property
    def by_column(self) -> dict[str, list[Outcome]]:
        """The seeds that were scored, by the identity of the score."""
        outcomes: dict[str, list[Outcome]] = {}
        for record in self.records:
            for scores in record.scores:
                outcome = Outcome(record, scores)
                outcomes.setdefault(identity(scores), []).append(outcome)
        return outcomes

    def outcomes(self, column: Column) -> list[Outcome]:
        """Return the seeds that were scored in this column."""
        return self.by_column.get(column.key, [])

    def values(self, column: Column) -> list[float]:
        """Return the values of the seeds that have one in this column."""
        return [each.value for each in self.outcomes(column) if each.value is not None]


def rows(records: Iterable[Record]) -> list[Row]:
    """Return baselines, then controls, each in alphabetical order: the order of the records does not matter.

    A row holds records that differ in their seeds alone: seeds of other settings are never pooled with them.
    """
    groups: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda record: (record.baseline, record.seed, record.key)):
        groups.setdefault(conditions(record), []).append(record)
    members = list(groups.values())
    result = [Row(label(part, members), tuple(part)) for part in members]
    return sorted(result, key=lambda row: (row.is_control, row.label))


def conditions(record: Record) -> str:
    """Return all that two records must share, beside the data set, for their seeds to be pooled."""
    return record.row + record.split


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
    fields: dict[str, Any] = {
        "version": str(first.version)[:8],
        "data version": first.dataset_version,
        "engine": first.engine,
        "samples": first.samples,
        "split": first.split,
        "seeds": spans(record.seed for record in part),
    }
    fields |= first.plan | first.settings
    return {name: value if isinstance(value, str) else canonical(value) for name, value in fields.items()}


def spans(numbers: Iterable[int]) -> str:
    """Write whole numbers as ranges: 0-4, 7."""
    parts: list[list[int]] = []
    for number in sorted(set(numbers)):
        if parts and parts[-1][-1] == number - 1:
            parts[-1] = [parts[-1][0], number]
        else:
            parts.append([number])
    return ", ".join("-".join(map(str, part)) for part in parts)
