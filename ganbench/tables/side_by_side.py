"""Several selections of one results folder side by side: the same rows with different steps, settings or weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ganbench._util.names import check_names
from ganbench.errors import BadInput
from ganbench.records.record import Record
from ganbench.tables.columns import canonical
from ganbench.tables.comparison import MOST, Cell, Footnotes, PrintedRow, Table, cell, chosen, in_order
from ganbench.tables.leagues import LEAGUES, SHORT, league_of
from ganbench.tables.summary import Summary, summarise

OWN = ("version", "dataset_version", "engine", "samples", "split")  # fields of a record that selections may differ in
WEIGHTS = ("average", "last")

Selections = Mapping[str, Sequence[Summary]]  # summaries of the data sets, by the value of the field


def selections(records: Sequence[Record], field: str) -> Selections:
    """Return the summaries of the records for each value of a field, by its value as text.

    Parameters
    ----------
    records : sequence of Record
        All of a folder.
    field : str
        What rows differ in: ``weights``, a field of the plan (``steps``, ``batch``, ...), a setting (``lr``, ...) or
        one of OWN.

    Raises
    ------
    UnknownName
        For a field that no record has.
    BadInput
        Where all records have the same value.
    """
    if field == "weights":
        there = {scores.weights for record in records for scores in record.scores}
        parts: dict[str, Sequence[Summary]] = {name: summarise(records, name) for name in WEIGHTS if name in there}
    else:
        names = {"weights", *OWN, *(name for record in records for name in (*record.plan, *record.settings))}
        check_names("field of records", [field], sorted(names))
        values = {canonical(value) for record in records if (value := value_of(record, field)) is not None}
        parts = {
            value: summarise([each for each in records if canonical(value_of(each, field)) in (value, "null")])
            for value in sorted(values, key=lambda text: (len(text), text))
        }
    if len(parts) < 2:
        only = next(iter(parts), "none")
        raise BadInput(f"--compare {field}: expected two values or more, all records have {only}")
    return parts


def value_of(record: Record, field: str) -> Any:
    """Return what a record has in a field; None where it has no such field, and of settings of controls.

    Records without a value belong to every selection.
    """
    if field in OWN:
        return getattr(record, field)
    own = {} if league_of(record) == "control" else record.settings
    return record.plan.get(field, own.get(field))


def tables_of(parts: Selections, field: str, most: int | None = MOST) -> list[Table]:
    """Return one table for each data set with several selections: for each metric, these next to each other.

    Raises BadInput where no data set has several.
    """
    by_name: dict[str, dict[str, Summary]] = {}
    for value, part in parts.items():
        for summary in part:
            if any(not row.is_control for row in summary.rows):
                by_name.setdefault(summary.dataset, {})[value] = summary
    several = {name: here for name, here in sorted(by_name.items()) if len(here) > 1}
    if not several:
        each = "; ".join(f"{name}: {', '.join(here)}" for name, here in sorted(by_name.items()))
        raise BadInput(f"--compare {field}: expected a data set with two values or more, got {each}")
    return [of_dataset(name, field, here, most) for name, here in several.items()]


def of_dataset(name: str, field: str, here: Mapping[str, Summary], most: int | None) -> Table:
    """Return the table of one data set, from its summary for each value of the field."""
    footnotes = Footnotes()
    columns = {column.name: column for summary in here.values() for column in in_order(summary.columns)}
    leagues = {row.label: row.league for summary in here.values() for row in summary.rows}
    best = dict.fromkeys(row.label for summary in list(here.values())[::-1] for row in chosen(summary, most))
    shown = sorted(best, key=lambda label: list(LEAGUES).index(leagues[label]))  # stable: the last selection's order
    controls = [label for label in shown if leagues[label] == "control"]
    trained = [label for label in shown if label not in controls]
    lines = [
        PrintedRow(
            label,
            leagues[label],
            (
                Cell(SHORT[leagues[label]]),
                *(at(summary, label, metric, footnotes) for metric in columns for summary in here.values()),
            ),
        )
        for label in [*(trained if most is None else trained[: max(1, most - len(controls))]), *controls]
    ]
    header = tuple(f"{column.header} {field} {value}" for column in columns.values() for value in here)
    note = f"Rows that differ in {field}, each selection ranked by itself; *: may be the best of its league there."
    return Table(f"{name} by {field}", ("league", *header), tuple(lines), (note,), tuple(footnotes.texts))


def at(summary: Summary, label: str, metric: str, footnotes: Footnotes) -> Cell:
    """Return a row's cell in one selection; nothing where it is not there."""
    entry = summary.entries.get((label, metric))
    return cell(entry, len(entry.row.records), footnotes) if entry else Cell("")
