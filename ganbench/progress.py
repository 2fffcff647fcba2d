"""How a run is going: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ganbench.record import Record
from ganbench.suite import Cell


class Display(Protocol):
    """Something that shows how cells are going."""

    def step(self, cell: Cell, steps: int) -> None:
        """Show that ``steps`` steps of a cell are done."""

    def end(self, cell: Cell, record: Record) -> None:
        """Show that a cell has ended."""


class Lines:
    """One line for each cell that ends."""

    def __init__(self, console: Console, count: int) -> None:
        self.console, self.count, self.ended = console, count, 0

    def step(self, cell: Cell, steps: int) -> None:
        """Say nothing: lines are kept for what has ended."""

    def end(self, cell: Cell, record: Record) -> None:
        self.ended += 1
        self.console.print(
            f"{self.ended} of {self.count}  {cell.name}: {outcome(record)}", markup=False, highlight=False
        )


class Bars:
    """A bar for each cell that is running, and one for all."""

    def __init__(self, bars: Progress, count: int) -> None:
        self.bars, self.running = bars, dict[str, TaskID]()
        self.whole = bars.add_task("all cells", total=count)

    def step(self, cell: Cell, steps: int) -> None:
        if cell.key not in self.running:
            self.running[cell.key] = self.bars.add_task(cell.name, total=cell.steps)
        self.bars.update(self.running[cell.key], completed=steps)

    def end(self, cell: Cell, record: Record) -> None:
        if cell.key in self.running:
            self.bars.remove_task(self.running.pop(cell.key))
        self.bars.console.print(f"{cell.name}: {outcome(record)}", markup=False, highlight=False)
        self.bars.advance(self.whole)


@contextmanager
def display(console: Console, count: int) -> Iterator[Display]:
    """Show ``count`` cells going by."""
    if not console.is_terminal:
        yield Lines(console, count)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bars:
        yield Bars(bars, count)


def outcome(record: Record) -> str:
    """Say in one line how a cell ended and how long it took."""
    failed = [run for run in record.runs if run.status != "done"]
    took = f"{record.provenance['seconds']:.1f} s"
    if not failed:
        return f"done in {took}"
    if failed[0].status == "error":
        return f"error after {took}: {failed[0].reason}"
    return f"{len(failed)} of {len(record.runs)} seeds diverged, {took}; {failed[0].reason}"


def duration(seconds: float) -> str:
    """Return a time in a unit that suits it."""
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(1, round(seconds))} s"
