"""What the commands do and print."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ganbench import notes_console, roster
from ganbench.cell import Place
from ganbench.errors import BadInput, Missing
from ganbench.executors import local
from ganbench.files import write_atomically
from ganbench.machine import device_for
from ganbench.progress import display, duration
from ganbench.record import Record
from ganbench.report import pictures
from ganbench.request import Request
from ganbench.run import Task, grid, tasks
from ganbench.store import Store
from ganbench.suite import Notes, Suite
from ganbench.suites import find_suite
from ganbench.table import show, write

SELECTION = "selection.json"  # which records the last run was about
STATES = {"missing": "to do", "unscored": "to score", "failed": "failed", "done": "done"}


def run(request: Request) -> int:
    """Run what is missing of a suite and show the comparison; return the exit code."""
    question, device = find_suite(request.suite), device_for(request.device)
    if isinstance(question, Notes):
        return notes_console.run(terminal(), request, question)
    suite = asked(question, request)
    store = Store(request.out / suite.name)
    work = tasks(grid(suite, request.data, download=not request.dry_run), {} if request.fresh else store.read())
    todo = [
        task
        for task in work
        if task.state not in {"done", "failed"} or (task.state == "failed" and request.retry_failed)
    ]
    jobs = request.jobs or local.jobs_for(todo, device)
    console = terminal()
    announce(console, suite, work, todo, device, jobs)
    if request.dry_run:
        console.print(overview(work))
        return 0
    for warning in filter(
        None, [store.open(), *(f"set aside: {path}" for path in (store.set_aside() if request.fresh else []))]
    ):
        console.print(warning, markup=False, highlight=False, soft_wrap=True)
    failed = carry_out(console, todo, work, Place(store.folder, device, request.data), jobs)
    keys = [task.cell.key for task in work]
    write_atomically(store.folder / SELECTION, json.dumps({"suite": suite.name, "keys": keys}, indent=1).encode())
    conclude(console, store, bool(todo), request.data)
    return failed


def asked(suite: Suite, request: Request) -> Suite:
    """Return the suite as the request changes it: lists that were typed replace the suite's."""
    if request.experiments:
        raise BadInput(f"--experiment cannot change {suite.name}: it is made of cells, not of experiments")
    same_steps = {name: replace(budget, steps=0) for name, budget in suite.plan.items()}
    return replace(
        suite,
        baselines="all" if request.baselines == ("all",) else request.baselines or suite.baselines,
        datasets=request.datasets or suite.datasets,
        seeds=request.seeds or suite.seeds,
        metrics="all" if request.metrics == ("all",) else request.metrics or suite.metrics,
        steps=suite.steps if request.steps is None else request.steps,
        plan=suite.plan if request.steps is None else same_steps,
        way=request.way or suite.way,
    )


def terminal() -> Console:
    """Return a console that does not fold tables where nobody looks at a screen."""
    return Console(file=sys.stdout) if sys.stdout.isatty() else Console(file=sys.stdout, width=200)


def announce(
    console: Console, suite: Suite, work: Sequence[Task], todo: Sequence[Task], device: str, jobs: int
) -> None:
    """Say what is asked, what is done already, and how long the rest takes."""
    seeds = len(suite.seeds)
    console.print(f"{suite.name}: {suite.question}", markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"{len(work)} cells of {seeds} seed{'s' * (seeds != 1)} on {device}, {jobs} at a time", highlight=False
    )
    done = sum(task.state == "done" for task in work)
    failed = sum(task.state == "failed" for task in work if task not in todo)
    rest = f"; about {duration(sum(task.seconds for task in todo) / jobs)} to go" if todo else ""
    kept = f", {failed} failed (again with --retry-failed)" if failed else ""
    console.print(f"{done} of {len(work)} cells done{kept}{rest}", highlight=False)


def overview(work: Sequence[Task]) -> Table:
    """Return the cells with their states and the time that they need."""
    table = Table("baseline", "dataset", "steps", "seeds", "state", "time")
    for task in work:
        time = f"about {duration(task.seconds)}" if task.state != "done" else ""
        seeds = ",".join(map(str, task.cell.seeds))
        name = roster.title(task.cell.baseline)
        table.add_row(name, task.cell.dataset, str(task.cell.steps), seeds, STATES[task.state], time)
    return table


def carry_out(console: Console, todo: Sequence[Task], work: Sequence[Task], place: Place, jobs: int) -> int:
    """Compute what is to do; return 1 if a seed of any cell has failed, now or before, and 0 otherwise."""
    ended = {task.cell.key: task.old for task in work if task.old}
    with display(console, len(todo)) as shown:
        try:
            for task, record in local.run(todo, place, jobs, shown.step):
                ended[task.cell.key] = record
                shown.end(task.cell, record)
        except KeyboardInterrupt:
            kept = sum(task.state == "done" or ended.get(task.cell.key) is not task.old for task in work)
            said = f"interrupted: {kept} of {len(work)} cells are kept in {place.folder}"
            raise KeyboardInterrupt(f"{said}; the same command goes on from there") from None
    return int(any(run.status != "done" for record in ended.values() for run in record.runs))


def conclude(console: Console, store: Store, redraw: bool, data: Path | None) -> None:
    """Show the comparison and say where everything is."""
    records = selected(store)
    console.print(show(records))
    paths = write(records, store.folder)
    if redraw:
        for charts in (pictures.curves, pictures.intervals):
            paths += charts(records, store.folder)
        paths += pictures.overview(records, store.folder, data)
    paths += sorted({*store.folder.glob("*.png")} - set(paths))
    console.print(f"records: {store.path}", markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"samples, weights, pictures of each cell: {store.cells}", markup=False, highlight=False, soft_wrap=True
    )
    console.print(f"tables and pictures: {', '.join(map(str, paths))}", markup=False, highlight=False, soft_wrap=True)


def selected(store: Store) -> list[Record]:
    """Return the records that the last run in this folder was about; all of them where nothing says which."""
    records = store.read()
    try:
        keys = json.loads((store.folder / SELECTION).read_text(encoding="utf-8"))["keys"]
    except FileNotFoundError:
        keys = list(records)
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{store.folder / SELECTION}: cannot be read; remove it to see all records") from error
    return [records[key] for key in keys if key in records]


def tabulate(folder: Path) -> int:
    """Write the table files of a results folder again and show the comparison; return the exit code."""
    store = Store(folder)
    if not store.path.exists():
        inside = [path.parent.name for path in sorted(folder.glob("*/records.jsonl"))]
        hint = f"; in it are {', '.join(inside)}" if inside else ""
        raise Missing(f"{folder}: no records.jsonl here{hint}")
    console = terminal()
    if notes_console.is_notes(folder):
        return notes_console.tabulate(console, folder)
    records = selected(store)
    console.print(show(records))
    paths = write(records, folder)
    console.print(f"tables: {', '.join(map(str, paths))}", markup=False, highlight=False, soft_wrap=True)
    return 0
