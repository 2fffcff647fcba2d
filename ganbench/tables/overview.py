"""All data sets in one table: for each, the two columns that say most, by row."""

from __future__ import annotations

from collections.abc import Sequence

from ganbench.tables.comparison import Cell, Line, Table

# Where modes are known, how many are captured; elsewhere distance and variety. The first two that a table has.
TELLING = ("modes_captured", "high_quality", "fid", "coverage", "frechet", "recall")
NOTE = "Intervals, bold and names as in the tables of each data set; empty: not supported there."


def overview(tables: Sequence[Table]) -> Table | None:
    """Return one table of all rows on all data sets; None where there are fewer than two data sets."""
    shown = [(table, picks) for table in tables if (picks := chosen(table))]
    if len(shown) < 2:
        return None
    is_control = {line.label: line.is_control for table, _ in shown for line in table.lines}
    labels = sorted(is_control, key=lambda label: (is_control[label], label))
    cells = [{line.label: [line.cells[i] for i in picks] for line in table.lines} for table, picks in shown]
    lines = [
        Line(
            label,
            is_control[label],
            tuple(
                Cell(cell.text, cell.best)
                for known, (_, picks) in zip(cells, shown, strict=True)
                for cell in known.get(label, [Cell("")] * len(picks))
            ),
        )
        for label in labels
    ]
    header = tuple(f"{table.dataset}: {table.header[i]}" for table, picks in shown for i in picks)
    return Table("overview", header, tuple(lines), (NOTE,), ())


def chosen(table: Table) -> list[int]:
    """Return the places of the two most telling columns; none for a table of anything but scores."""
    if table.header == ("outcome",) or table.dataset.endswith("at equal gradients"):
        return []
    names = [header.rsplit(" ", 1)[0] for header in table.header]
    return [names.index(name) for name in TELLING if name in names][:2]
