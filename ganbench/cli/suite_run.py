"""What ``ganbench run`` does and prints about a suite of cells."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ganbench._util.files import write_atomically
from ganbench._util.machine import device_for
from ganbench.cli import notes_run
from ganbench.cli.progress import display, duration
from ganbench.cli.run import Request
from ganbench.cli.terminal import say, terminal
from ganbench.errors import BadInput
from ganbench.records.record import Record
from ganbench.records.store import SELECTION, Store
from ganbench.runs.cell import Place
from ganbench.runs.executors import process as local
from ganbench.runs.grid import Task, grid, groups, tasks
from ganbench.suites import find_suite
from ganbench.suites.suite import Notes, Suite
from ganbench.tables import show, write
from ganbench.tables.rows import spans

STATES = {"missing": "to do", "unscored": "to score", "failed": "failed", "done": "done"}


def run(request: Request) -> int:
    """Run what is missing of a suite and show the comparison; return the exit code."""
    question, device = find_suite(request.suite), device_for(request.device)
    if isinstance(question, Notes):
        return notes_run.run(terminal(), request, question)
    suite = asked(question, request)
    store = Store(request.out / suite.name)
    work = tasks(grid(suite, request.data, download=not request.dry_run), {} if request.fresh else store.read())
    todo = [
        task
        for task in work
        if task.state not in {"done", "failed"} or (task.state == "failed" and request.retry_failed)
    ]
    jobs = request.jobs or local.jobs_for(groups(todo), device)
    console = terminal()
    announce(console, suite, work, todo, device, jobs)
    if request.dry_run:
        console.print(overview(work))
        return 0
    for warning in filter(
        None, [store.open(), *(f"set aside: {path}" for path in (store.set_aside() if request.fresh else []))]
    ):
        say(console, warning)
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
        backend=request.backend or suite.backend,
    )


def announce(
    console: Console, suite: Suite, work: Sequence[Task], todo: Sequence[Task], device: str, jobs: int
) -> None:
    """Say what is asked, what is done already, and how long the rest takes."""
    seeds = len(suite.seeds)
    rows = len(work) // seeds
    say(console, f"{suite.name}: {suite.question}")
    say(
        console,
        f"{len(work)} cells ({rows} row{'s' * (rows != 1)} of {seeds} seed{'s' * (seeds != 1)}) on {device}, "
        f"{jobs} process{'es' * (jobs != 1)}",
    )
    done = sum(task.state == "done" for task in work)
    failed = sum(task.state == "failed" for task in work if task not in todo)
    rest = f"; about {duration(sum(task.seconds for task in todo) / jobs)} to go" if todo else ""
    kept = f", {failed} failed (again with --retry-failed)" if failed else ""
    say(console, f"{done} of {len(work)} cells done{kept}{rest}")


def overview(work: Sequence[Task]) -> Table:
    """Return the rows of cells with the states of their seeds and the time that they need."""
    table = Table("baseline", "dataset", "steps", "seeds", "state", "time")
    alike: dict[tuple[str, str], list[Task]] = {}
    for task in work:
        alike.setdefault((task.cell.row, task.state), []).append(task)
    for (_, state), members in alike.items():
        cell, seconds = members[0].cell, sum(task.seconds for task in members)
        time = f"about {duration(seconds)}" if state != "done" else ""
        seeds = spans(task.cell.seed for task in members)
        table.add_row(cell.title, cell.dataset, str(cell.steps), seeds, STATES[state], time)
    return table


def carry_out(console: Console, todo: Sequence[Task], work: Sequence[Task], place: Place, jobs: int) -> int:
    """Compute what is to do; return 1 if any cell has failed, now or before, and 0 otherwise."""
    ended = {task.cell.key: task.old for task in work if task.old}
    waiting = groups(todo)
    with display(console, len(waiting)) as shown:
        try:
            for group, records in local.run(waiting, place, jobs, shown.step):
                ended |= {record.key: record for record in records}
                shown.end(group, records)
                draw([record for record in ended.values() if record.row == records[0].row], place)
        except KeyboardInterrupt:
            kept = sum(task.state == "done" or ended.get(task.cell.key) is not task.old for task in work)
            said = f"interrupted: {kept} of {len(work)} cells are kept in {place.folder}"
            raise KeyboardInterrupt(f"{said}; the same command goes on from there") from None
    return int(any(record.status != "done" for record in ended.values()))


def draw(row: Sequence[Record], place: Place) -> None:
    """Draw the picture of a row of which seeds were just computed."""
    from ganbench.report import pictures  # noqa: PLC0415 matplotlib, which a finished run does not need

    pictures.cells(row, place.folder, place.data, again=True)


def conclude(console: Console, store: Store, redraw: bool, data: Path | None) -> None:
    """Show the comparison and say where everything is."""
    records = store.selected()
    console.print(show(records))
    paths = write(records, store.folder)
    paths += charts(records, store, data) if redraw or any(map(store.lacks_picture, records)) else []
    paths += sorted({*store.folder.glob("*.png")} - set(paths))
    say(console, f"records: {store.path}")
    say(console, f"samples, weights, pictures of each row: {store.cells}")
    say(console, f"tables and pictures: {', '.join(map(str, paths))}")


def charts(records: Sequence[Record], store: Store, data: Path | None) -> list[Path]:
    """Draw all records, and the rows whose pictures are missing; return the paths of the former."""
    from ganbench.report import pictures  # noqa: PLC0415 matplotlib, which a finished run does not need

    pictures.cells(records, store.folder, data)
    folder = store.folder
    return [
        *pictures.curves(records, folder),
        *pictures.intervals(records, folder),
        *pictures.overview(records, folder, data),
    ]
