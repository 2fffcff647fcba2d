"""What scores cost: examples, gradients and seconds beside them, and how rows compare at equal numbers of gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

from ganbench._util.catalogue import facts
from ganbench.records.record import Record
from ganbench.tables.rows import Row

HEADER = ("samples seen", "gradients", "seconds")
NOTE = (
    "Samples seen and gradients (one for each example and network) are those of one seed; seconds are those of a row's "
    "seeds together, scoring included, on one core or device of the machine that made the record."
)


@dataclass(frozen=True)
class Point:
    """Where a row stood within a budget: its last noted step there, gradients until then, values of its seeds."""

    step: int
    gradients: float
    values: tuple[float, ...]


def spent(row: Row) -> tuple[str, str, str]:
    """Return what one seed of a row saw and computed, and the seconds of all its seeds; nothing for a control."""
    cost, took = row.records[0].cost, sum(seconds(record) / len(record.group) for record in row.records)
    if row.is_control or not cost:
        return "", "", ""
    return counted(cost.get("samples_seen", 0)), counted(cost["gradients"]), f"{took:.0f}"


def seconds(record: Record) -> float:
    """Return how long the group of a record took, training included where only its scores were made anew."""
    return float(record.trained.get("seconds", 0.0))


def counted(number: float) -> str:
    """Write a large count to three digits: 64, 1.92k, 384k, 1.2M."""
    power = min(3, floor(log10(number) / 3)) if number >= 1 else 0
    scaled = number / 1000**power
    return f"{scaled:.{max(0, 2 - floor(log10(scaled))) if power else 0}f}{' kMG'[power].strip()}" if number else "0"


def thriftiest(rows: Sequence[Row]) -> float:
    """Return the gradients of the row that was trained with the fewest; 0 where all were trained with as many."""
    totals = {row.records[0].cost["gradients"] for row in rows if watched(row)}
    return min(totals) if len(totals) > 1 else 0.0


def watched(row: Row) -> bool:
    """Whether a row was trained and has a learning curve."""
    return not row.is_control and all(record.curve and record.cost.get("gradients") for record in row.records)


def within(row: Row, gradients: float) -> Point | None:
    """Return the last point of a row's curve that cost no more than a number of gradients for each seed, if any."""
    affordable = []
    for record in row.records:
        each = record.cost["gradients"] / record.plan["steps"]
        affordable.append([point for point in record.curve if point["step"] * each <= gradients * (1 + 1e-9)])
    if not all(affordable):
        return None
    step = min(points[-1]["step"] for points in affordable)
    values = [point["value"] for points in affordable for point in points if point["step"] == step]
    first = row.records[0]
    cost = step * first.cost["gradients"] / first.plan["steps"]
    return Point(step, cost, tuple(value for value in values if value is not None))


def direction(rows: Sequence[Row]) -> tuple[str, str, float | None]:
    """Return the metric that the rows' curves show, in which direction it is better, and its ideal."""
    name = next(row.records[0].curve[-1]["metric"] for row in rows if watched(row))
    known = facts("metrics", name)
    return name, known.get("better", "target"), known.get("ideal")
