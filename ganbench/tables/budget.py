"""What scores cost: examples, operations and seconds beside them, and how rows compare at equal budgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from ganbench._util.catalogue import facts
from ganbench.records.display import ARROWS
from ganbench.records.record import Record
from ganbench.tables.best import tier
from ganbench.tables.columns import curve_name
from ganbench.tables.leagues import LEAGUES
from ganbench.tables.numbers import counted
from ganbench.tables.rows import Row
from ganbench.tables.scales import Scale, scale_named
from ganbench.tables.statistics import Estimate, estimate

if TYPE_CHECKING:
    from ganbench.tables.summary import Summary


NOTE = (
    "Samples seen and {} are those of one seed; seconds are those of all seeds of the row together, scoring included, "
    "on the machine that made the record."
)


@dataclass(frozen=True)
class Kind:
    """One kind of budget: what one seed spends of it in a whole training, how it is written, what it counts."""

    name: str
    of: Callable[[Record], float]
    written: Callable[[float], str]
    note: str


def seconds(record: Record) -> float:
    """Return how long the group of a record took, training included where only its scores were made anew."""
    return float(record.trained.get("seconds", 0.0))


def training_seconds(record: Record) -> float:
    """Return the seconds of one seed's training steps alone; 0 where the record does not say it."""
    return float(record.trained.get("training_seconds", 0.0)) / len(record.group)


def operations(record: Record) -> float:
    """Return the floating point operations of one seed's training; 0 where the record does not say it."""
    return float(record.cost.get("flops", 0.0))


KINDS = (
    Kind("steps", lambda record: float(record.plan.get("steps", 0)), lambda x: f"{x:.0f}", ""),
    Kind(
        "flops", operations, counted, "Operations of all products are counted, inner steps and second derivatives too."
    ),
    Kind(
        "seconds",
        training_seconds,
        lambda x: f"{x:.3g}",
        "Seconds are those of training steps on the machine of the record, shared evenly among the seeds of a group; "
        "imports, compilation and scoring are not in them.",
    ),
)


def header(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the names of the columns of cost: operations where they were counted, gradients where they were not."""
    known = any(operations(record) for row in rows for record in row.records)
    return ("samples seen", "flops" if known else "gradients", "seconds")


def spent(row: Row, names: Sequence[str]) -> tuple[str, ...]:
    """Return what one seed of a row saw and computed, and the seconds of all its seeds; nothing for a control."""
    cost, took = row.records[0].cost, sum(seconds(record) / len(record.group) for record in row.records)
    if row.is_control or not cost:
        return ("",) * len(names)
    return counted(cost.get("samples_seen", 0)), counted(cost.get(names[1], 0)), f"{took:.0f}"


@dataclass(frozen=True)
class Point:
    """Where a row stood within a budget: its last noted step there, what it had spent, and what its seeds had then."""

    row: Row
    step: int
    spent: float
    values: tuple[float, ...]
    estimate: Estimate | None
    in_tier: bool = False


@dataclass(frozen=True)
class Budget:
    """The rows of a data set at one budget, league by league, the best first, and the metric of their curves."""

    metric: str
    limit: float
    points: tuple[Point, ...]


def at_equal(summary: Summary, kind: Kind) -> Budget | None:
    """Return the rows that have learning curves at the budget of the thriftiest; None where all spent as much."""
    watched = [row for row in summary.rows if has_curve(row, kind)]
    totals = {dear(row, kind) for row in watched}
    if len(totals) < 2:
        return None
    name, better, ideal = direction(watched)
    points = [(row, *point) for row in watched if (point := within(row, kind, min(totals)))]
    scale = scale_named(name, [value for _, _, _, values in points for value in values])

    def loss(values: Sequence[float]) -> float:
        return float(scale.losses(values, better, ideal).mean()) if len(values) else inf

    kept = tiers([(row, values) for row, _, _, values in points], scale, better, ideal)
    leagues = list(LEAGUES)
    ordered = sorted(points, key=lambda point: (leagues.index(point[0].league), loss(point[3]), point[0].label))
    title = f"{curve_name(name, [record for row in watched for record in row.records])} {ARROWS[better]}"
    return Budget(title, min(totals), tuple(placed(*point, scale, kept) for point in ordered))


def placed(row: Row, step: int, cost: float, values: tuple[float, ...], scale: Scale, kept: set[str]) -> Point:
    """Return a row's place with its interval."""
    return Point(row, step, cost, values, estimate(values, scale) if values else None, row.label in kept)


def tiers(points: Sequence[tuple[Row, tuple[float, ...]]], scale: Scale, better: str, ideal: float | None) -> set[str]:
    """Return the rows that may be the best of their league within the budget; seeds that diverged leave a row out."""
    if better == "target":
        return set()
    kept: set[str] = set()
    for league in LEAGUES:
        losses = {r.label: scale.losses(x, better, ideal).tolist() for r, x in points if r.league == league and len(x)}
        whole = {row.label for row, values in points if len(values) == len(row.records)}
        kept |= tier({label: each for label, each in losses.items() if label in whole}, losses)
    return kept


def has_curve(row: Row, kind: Kind) -> bool:
    """Whether a row was trained, has a learning curve, and says what it spent."""
    return not row.is_control and all(record.curve and kind.of(record) for record in row.records)


def dear(row: Row, kind: Kind) -> float:
    """Return what one seed of a row spent in all, the dearest seed."""
    return max(kind.of(record) for record in row.records)


def within(row: Row, kind: Kind, limit: float) -> tuple[int, float, tuple[float, ...]] | None:
    """Return the last step noted by all seeds that costs no more than a limit, its cost, and its values, if any."""
    affordable: list[list[dict[str, Any]]] = []
    for record in row.records:
        each = kind.of(record) / record.plan["steps"]
        affordable.append([point for point in record.curve if point["step"] * each <= limit * (1 + 1e-9)])
    if not all(affordable):
        return None
    step = min(points[-1]["step"] for points in affordable)
    values = [point["value"] for points in affordable for point in points if point["step"] == step]
    cost = step * dear(row, kind) / row.records[0].plan["steps"]
    return step, cost, tuple(value for value in values if value is not None)


def direction(rows: Sequence[Row]) -> tuple[str, str, float | None]:
    """Return the metric that the rows' curves show, in which direction it is better, and its ideal."""
    name = next(row.records[0].curve[-1]["metric"] for row in rows)
    known = facts("metrics", name)
    return name, known.get("better", "target"), known.get("ideal")
