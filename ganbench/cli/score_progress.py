"""How scoring is going: a bar for each source on a terminal, and a line for each of many metrics."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

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

from ganbench.cli.terminal import say
from ganbench.features.extraction import Progress as Report
from ganbench.features.extraction import silent
from ganbench.metrics import METRICS
from ganbench.scoring.scorer import MetricProgress, Step, untold

METRIC_BAR = "\0metrics"  # no source is called so


class Rate(ProgressColumn):
    """Images a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.0f} a second" if task.speed else "")


@contextmanager
def progress_bars(*, lines: bool = False) -> Iterator[tuple[Report, MetricProgress]]:
    """Show bars on a terminal's stderr, and anywhere, with ``lines``, what each metric has cost once it is done."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield silent, partial(line_of, console) if lines else untold
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def report(name: str, done: int, count: int | None) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name[-40:].replace("[", "\\["), total=count)
            bars.update(tasks[name], completed=done, total=count)

        def metric(step: Step) -> None:
            if METRIC_BAR not in tasks:
                tasks[METRIC_BAR] = bars.add_task("")
            bars.update(tasks[METRIC_BAR], description=step.metric, completed=step.place, total=step.count)
            if lines:
                line_of(console, step)

        yield report, metric


def line_of(console: Console, step: Step) -> None:
    """Print what a metric has cost; of one that is known to be slow also that it begins."""
    place = f"{step.of}: {step.place} of {step.count}: {step.metric}"
    if step.seconds is not None:
        say(console, f"{place}: {step.seconds:.2f} s")
    elif step.metric in METRICS and METRICS[step.metric].spec.slow:
        say(console, f"{place}: begins, and takes long")
