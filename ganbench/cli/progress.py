"""How a run is going: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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

from ganbench.records.record import Record
from ganbench.runs.grid import Task
from ganbench.tables.rows import spans


class Display(Protocol):
    """Something that shows how groups of cells are going."""

    def step(self, group: Sequence[Task], steps: int) -> None:
        """Show that ``steps`` steps of a group are done."""

    def end(self, group: Sequence[Task], records: Sequence[Record]) -> None:
        """Show that a group has ended."""


class Lines:
    """One line for each group that ends."""

    def __init__(self, console: Console, count: int) -> None:
        self.console, self.count, self.ended = console, count, 0

    def step(self, group: Sequence[Task], steps: int) -> None:
        """Say nothing: lines are kept for what has ended."""

    def end(self, group: Sequence[Task], records: Sequence[Record]) -> None:
        self.ended += 1
        text = f"{self.ended} of {self.count}  {name_of(group)}: {outcome(records)}"
        self.console.print(text, markup=False, highlight=False)


class Bars:
    """A bar for each group that is running, and one for all."""

    def __init__(self, bars: Progress, count: int) -> None:
        self.bars, self.running = bars, dict[str, TaskID]()
        self.whole = bars.add_task("all", total=count)

    def step(self, group: Sequence[Task], steps: int) -> None:
        key = group[0].cell.key
        if key not in self.running:
            self.running[key] = self.bars.add_task(name_of(group), total=group[0].cell.steps)
        self.bars.update(self.running[key], completed=steps)

    def end(self, group: Sequence[Task], records: Sequence[Record]) -> None:
        if (key := group[0].cell.key) in self.running:
            self.bars.remove_task(self.running.pop(key))
        self.bars.console.print(f"{name_of(group)}: {outcome(records)}", markup=False, highlight=False)
        self.bars.advance(self.whole)


@contextmanager
def display(console: Console, count: int) -> Iterator[Display]:
    """Show ``count`` groups of cells going by."""
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


def name_of(group: Sequence[Task]) -> str:
    """Return what a group of cells is called, with its seeds."""
    cells = [task.cell for task in group]
    seeds = f"seed{'s' * (len(cells) > 1)} {spans(cell.seed for cell in cells)}"
    return f"{cells[0].title} on {cells[0].dataset}, {seeds}"


def outcome(records: Sequence[Record]) -> str:
    """Say in one line how a group ended and how long it took."""
    failed = [record for record in records if record.status != "done"]
    took = f"{records[0].provenance['seconds']:.1f} s"
    if not failed:
        return f"done in {took}"
    if failed[0].status == "error":
        return f"error after {took}: {failed[0].reason}"
    return f"{len(failed)} of {len(records)} seeds diverged, {took}; {failed[0].reason}"
