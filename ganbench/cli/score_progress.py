"""How scoring is going: a bar for each source on a terminal; what many metrics will cost, and what each has cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

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

from ganbench.cli.terminal import duration, say
from ganbench.features.extraction import Progress as Report
from ganbench.features.extraction import silent
from ganbench.metrics import METRICS
from ganbench.metrics.cost import SIZES
from ganbench.scoring.costs import CostPlan, Expected, speed
from ganbench.scoring.scorer import Step

METRIC_BAR = "\0metrics"  # no source is called so
WHOLE = 100  # the bar of the metrics counts percent of the work
LEAST = 0.005  # of a sum of seconds: what is less is not worth a figure


class Rate(ProgressColumn):
    """Images a second; nothing beside the metrics, which are counted in percent."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.0f} a second" if task.speed and not task.fields.get("percent") else "")


@dataclass
class Metrics:
    """Shows the metrics of one set after another: their costs before they begin, a bar of the work that is done.

    ``bars`` is None where there is no terminal. ``lines`` says whether costs are printed, too.
    """

    console: Console
    lines: bool
    bars: Progress | None = None
    plan: CostPlan | None = None
    task: TaskID | None = None
    done: float = 0.0

    def costs(self, plan: CostPlan) -> None:
        """Print what each metric will cost, once for sets that cost alike."""
        if self.lines and (self.plan is None or plan.steps != self.plan.steps):
            say(self.console, cost_text(plan, speed()))
        self.plan, self.done = plan, 0.0

    def __call__(self, step: Step) -> None:
        """Show that a metric begins or has ended."""
        if step.seconds is not None and self.plan:
            self.done += sum(each.work or 0.0 for each in self.plan.steps if each.metric == step.metric)
        if self.bars:
            self.task = self.bars.add_task("", total=WHOLE, percent=True) if self.task is None else self.task
            of_work = self.done / self.plan.work if self.plan and self.plan.work else step.place / step.count
            self.bars.update(self.task, description=step.metric, completed=round(WHOLE * of_work))
        if self.lines:
            line_of(self.console, step)


@contextmanager
def progress_bars(*, lines: bool = False, quiet: bool = False) -> Iterator[tuple[Report, Metrics]]:
    """Show bars on a terminal's stderr, and anywhere, with ``lines``, what metrics will cost and have cost.

    ``quiet`` shows nothing: another process does it.
    """
    console = Console(stderr=True, quiet=quiet)
    if quiet or not console.is_terminal:
        yield silent, Metrics(console, lines)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def report(name: str, done: int, count: int | None) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name[-40:].replace("[", "\\["), total=count)
            bars.update(tasks[name], completed=done, total=count)

        yield report, Metrics(console, lines, bars)


def cost_text(plan: CostPlan, speed: float) -> str:
    """Return the lines that say what each metric will cost, at so many multiplications and additions a second."""
    sizes = ", ".join(f"{name} = {size} {SIZES[name]}" for name, size in plan.sizes.items() if size)
    lines = [f"{plan.of}: what each metric will cost, by {sizes}:"]
    width = max((len(each.metric) for each in plan.steps), default=0)
    for each in plan.steps:
        slow = "; left out, --slow takes it" if each.left_out else ""
        lines.append(f"  {each.metric:<{width}}  {estimate(each, plan, speed)}  {each.growth or 'not declared'}{slow}")
    seconds = plan.work / speed
    lines.append(f"{plan.of}: together about {duration(seconds)}, at {speed / 1e9:.3g} G steps a second here and now")
    return "\n".join(lines)


def estimate(step: Expected, plan: CostPlan, speed: float) -> str:
    """Return about how long a step takes, in a column of its own."""
    if step.work is None:
        return f"{'?':>9}"
    is_small = step.work < LEAST * plan.work or step.work / speed < LEAST
    return f"{'little' if is_small else duration(step.work / speed):>9}"


def line_of(console: Console, step: Step) -> None:
    """Print what a metric has cost; of one that is known to be slow also that it begins."""
    place = f"{step.of}: {step.place} of {step.count}: {step.metric}"
    if step.seconds is not None:
        say(console, f"{place}: {step.seconds:.2f} s")
    elif step.metric in METRICS and METRICS[step.metric].spec.slow:
        say(console, f"{place}: begins, and takes long")
