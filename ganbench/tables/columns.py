"""Which scores may stand in one column: those of one metric whose identity is the same in every field."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Any

from ganbench._util.catalogue import catalogue, facts
from ganbench.records.display import ARROWS, display_name
from ganbench.records.record import Record, Scores, Weights

IDENTITY = ("better", "version", "features", "reference", "n_real", "n_fake", "options", "weights")


def canonical(value: Any) -> str:
    """Return JSON that is the same for equal values: sorted keys, tuples as lists."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def identity(scores: Scores) -> str:
    """Return everything that two scores must share to stand in one column."""
    return canonical({"metric": scores.metric} | {name: getattr(scores, name) for name in IDENTITY})


@dataclass(frozen=True)
class Column:
    """Scores of one identity; ``mark`` tells it from other columns of the same metric, and is empty for an only one."""

    example: Scores  # any of its scores: they differ in values alone
    mark: str

    @property
    def key(self) -> str:
        return identity(self.example)

    @property
    def name(self) -> str:
        """What the metric is called here, without the arrow."""
        shown = display_name(self.example)
        return f"{shown}[{self.mark}]" if self.mark else shown

    @property
    def ideal(self) -> float | None:
        """The value that a score with a target should have, where this metric is in the catalogue."""
        known = facts("metrics", self.example.metric)
        ideal: float | None = known["ideal"] if known.get("version") == self.example.version else None
        return ideal

    @property
    def header(self) -> str:
        """The name and where to go: down, up, or to a value."""
        arrow = ARROWS[self.example.better]
        if self.example.better == "target" and self.ideal is not None:
            arrow += f" {self.ideal:g}"
        return f"{self.name} {arrow}"

    @property
    def family(self) -> str:
        """What kind of metric it is, as the catalogue says; empty for a user's own."""
        return str(facts("metrics", self.example.metric).get("family", ""))

    @property
    def rankable(self) -> bool:
        return self.example.better != "target" or self.ideal is not None


def curve_name(metric: str, records: Sequence[Record]) -> str:
    """Name the metric of learning curves as the column of the same metric is named."""
    same = [scores for record in records for scores in record.usual if scores.metric == metric]
    return display_name(same[0]) if same else metric


def columns(records: Iterable[Record], weights: Weights = "average") -> list[Column]:
    """Return the columns that the scores of some weights need, metrics in the order of the catalogue, not theirs."""
    scored = (scores for record in records for scores in record.scores if scores.weights == weights)
    examples = {identity(scores): scores for scores in scored}
    places = {name: place for place, name in enumerate(catalogue()["metrics"])}
    metrics = sorted({s.metric for s in examples.values()}, key=lambda name: (places.get(name, len(places)), name))
    result = []
    for metric in metrics:
        same = [examples[key] for key in sorted(examples) if examples[key].metric == metric]
        result += [Column(each, letters(i) if len(same) > 1 else "") for i, each in enumerate(same)]
    return result


def letters(number: int) -> str:
    """Count a, b, ..., z, aa, ab, ..."""
    higher, last = divmod(number, len(ascii_lowercase))
    return (letters(higher - 1) if higher else "") + ascii_lowercase[last]


def differences(columns: Sequence[Column]) -> list[str]:
    """Say, for each metric that has several columns, which fields keep them apart."""
    lines = []
    for metric in dict.fromkeys(column.example.metric for column in columns):
        same = [column for column in columns if column.example.metric == metric]
        if len(same) > 1:
            facts = [flat(column.example) for column in same]
            fields = sorted({field for fact in facts for field in fact})
            unlike = [
                f"{field} ({'; '.join(fact.get(field, 'none') for fact in facts)})"
                for field in fields
                if len({fact.get(field) for fact in facts}) > 1
            ]
            lines.append(f"{', '.join(column.name for column in same)} are not comparable: {', '.join(unlike)} differ.")
    return lines


def flat(scores: Scores) -> dict[str, str]:
    """Return the fields of a score's identity as text, those inside a field as ``field.inner``; digests cut short."""
    facts: dict[str, str] = {}
    for name in IDENTITY:
        value = getattr(scores, name)
        if isinstance(value, dict):
            facts |= {f"{name}.{inner}": short(inner, value[inner]) for inner in value}
        else:
            facts[name] = str(value)
    return facts


def short(name: str, value: Any) -> str:
    """Return the first 12 digits of a digest, anything else whole."""
    return str(value)[:12] if name.endswith("sha256") else str(value)
