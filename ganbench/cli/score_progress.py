"""How the extraction of features is going: a bar for each source on a terminal, nothing elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from ganbench.features.extraction import Progress as Report
from ganbench.features.extraction import silent


class Rate(ProgressColumn):
    """Images a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.0f} a second" if task.speed else "")


@contextmanager
def progress_bars() -> Iterator[Report]:
    """Show bars on stderr."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield silent
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def report(name: str, done: int, count: int | None) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name[-40:].replace("[", "\\["), total=count)
            bars.update(tasks[name], completed=done, total=count)

        yield report
