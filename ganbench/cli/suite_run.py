"""What ``ganbench run`` does and prints about a suite of cells."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ganbench._util.files import in_place, sweep, write_atomically
from ganbench._util.locks import Lock
from ganbench._util.machine import device_for
from ganbench.cli import bundle_run, notes_run
from ganbench.cli.progress import display, duration
from ganbench.cli.run import Request
from ganbench.cli.terminal import say, terminal
from ganbench.errors import BadInput
from ganbench.records.record import Record
from ganbench.records.store import SELECTION, Store
from ganbench.runs import stopping
from ganbench.runs.execution import Place
from ganbench.runs.executors import process as local
from ganbench.runs.grid import Task, at_hand, check_memory, groups, tasks
from ganbench.runs.leases import Leases, held
from ganbench.runs.leases import sweep as sweep_leases
from ganbench.runs.queue import Queue
from ganbench.runs.select import best, chosen, csv_of, stages, toml, trials
from ganbench.suites import find_suite
from ganbench.suites.suite import Bundle, Cell, Notes, Suite, with_budget
from ganbench.tables import Tables
from ganbench.tables.rows import spans

TABLES = "tables.lock"  # held while tables and pictures are written
STATES = {"missing": "to do", "unscored": "to score", "failed": "failed", "done": "done"}


def run(request: Request) -> int:
    """Run what is missing of a suite and show the comparison; return the exit code."""
    question, device = find_suite(request.suite), device_for(request.device)
    if isinstance(question, Bundle):
        return bundle_run.run(request, question, run)
    if isinstance(question, Notes):
        return notes_run.run(terminal(), request, question)
    suite, console = asked(with_budget(question, request.budget), request), terminal()
    suite, missing = at_hand(suite, request.data) if request.dry_run else (suite, dict[str, str]())
    store = Store(request.out / suite.name)
    if request.shard and suite.rungs:
        raise BadInput(f"--shard cannot divide {suite.name}: trials go on by the records of all; leave it out")
    rounds = stages(suite, store.read, request.data, download=not request.dry_run)
    if request.dry_run:
        for name, reason in missing.items():
            say(console, f"not in this list: {name} ({reason}); a run downloads it first, or stops")
        return foretell(console, suite, rounds, {} if request.fresh else store.read(), request, device)
    # What is wrong with the request or the records ends here: nothing is written.
    first, known = next(rounds), store.read()
    parts = groups(
        [task for task in tasks(first, {} if request.fresh else known) if to_do(task, request)], request.group
    )
    check_memory(parts, device, request.jobs or local.jobs_for(parts, device), request.data)
    for warning in [store.open(), *(f"set aside: {path}" for path in set_aside(store, request))]:
        if warning:
            say(console, warning)
    sweep(store.folder)
    sweep_leases(store.folder)
    failed, worked, keys = 0, False, list[str]()
    for cells in chain([first], rounds):
        work = tasks(cells, store.read())
        todo = shared([task for task in work if to_do(task, request)], request.shard)
        parts = groups(todo, request.group)
        jobs = request.jobs or local.jobs_for(parts, device)
        announce(console, suite, work, todo, device, jobs)
        keys += [task.cell.key for task in work]
        select(store, suite, keys)
        with Leases(store.folder) as leases:
            place = Place(store.folder, device, request.data, leases.token)
            failed |= carry_out(console, parts, work, place, jobs, not suite.rungs, leases)
        worked |= bool(todo)
    with in_place(store.folder), Lock(store.folder / TABLES):  # who shares the folder ends at the same time
        if suite.rungs:
            conclude_search(console, store, suite, request.data)
        else:
            conclude(console, store, worked, request.data)
    return failed


def shared(todo: Sequence[Task], shard: tuple[int, int] | None) -> list[Task]:
    """Return the share of one process of several: every so-manieth row, which does not depend on what is done."""
    if shard is None:
        return list(todo)
    number, count = shard
    return [task for task in todo if int(task.cell.row, 16) % count == number]


def select(store: Store, suite: Suite, keys: Sequence[str]) -> None:
    """Write which records the run is about, which tables show and ``status`` counts."""
    with in_place(store.folder):
        about = {"suite": suite.name, "question": suite.question, "keys": keys}
        write_atomically(store.folder / SELECTION, json.dumps(about, indent=1).encode())


def set_aside(store: Store, request: Request) -> list[Path]:
    """Set earlier results aside where the request says so; return their new places.

    Raises BadInput while another process works on them.
    """
    if not request.fresh:
        return []
    if busy := [lease for lease in held(store.folder) if not lease.is_stale]:
        raise BadInput(f"--fresh: {store.folder} is being worked on by {busy[0].owner}; wait for it, or end it first")
    return store.set_aside()


def to_do(task: Task, request: Request) -> bool:
    """Whether a cell is to be computed, or scored, as the request is."""
    return task.state not in {"done", "failed"} or (task.state == "failed" and request.retry_failed)


def foretell(
    console: Console,
    suite: Suite,
    rounds: Iterator[list[Cell]],
    known: dict[str, Record],
    request: Request,
    device: str,
) -> int:
    """Say what would be done, rung by rung as far as it is known; return the exit code."""
    for number in range(max(1, len(suite.rungs))):
        try:
            cells = next(rounds)
        except BadInput:  # a trial of the rung before has no record yet
            kept = ", then ".join(f"the best {rung.keep}" for rung in suite.rungs[number - 1 : -1])
            say(console, f"after that {kept} of each baseline go on, which is chosen when all are done")
            break
        work = tasks(cells, known)
        todo = shared([task for task in work if to_do(task, request)], request.shard)
        parts = groups(todo, request.group)
        jobs = request.jobs or local.jobs_for(parts, device)
        check_memory(parts, device, jobs, request.data)
        announce(console, suite, work, todo, device, jobs)
        console.print(overview(work))
    return 0


def asked(suite: Suite, request: Request) -> Suite:
    """Return the suite as the request changes it: lists that were typed replace the suite's."""
    if request.experiments:
        raise BadInput(f"--experiment cannot change {suite.name}: it is made of cells, not of experiments")
    plan = {
        name: replace(
            budget,
            steps=budget.steps if request.steps is None else 0,
            seeds=() if request.seeds else budget.seeds,
            baselines=() if request.baselines else budget.baselines,
            backend=request.backend or budget.backend,
        )
        for name, budget in suite.plan.items()
    }
    return replace(
        suite,
        baselines="all" if request.baselines == ("all",) else request.baselines or suite.baselines,
        datasets=request.datasets or suite.datasets,
        seeds=request.seeds or suite.seeds,
        metrics="all" if request.metrics == ("all",) else request.metrics or suite.metrics,
        steps=suite.steps if request.steps is None else request.steps,
        plan=plan,
        backend=request.backend or suite.backend,
    )


def announce(
    console: Console, suite: Suite, work: Sequence[Task], todo: Sequence[Task], device: str, jobs: int
) -> None:
    """Say what is asked, what is done already, and how long the rest takes."""
    rows, seeds = len({task.cell.row for task in work}), len({task.cell.seed for task in work})
    most = "" if rows * seeds == len(work) else "up to "
    say(console, f"{suite.name}: {suite.question}")
    say(
        console,
        f"{len(work)} cells ({rows} row{'s' * (rows != 1)} of {most}{seeds} seed{'s' * (seeds != 1)}) on {device}, "
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


def carry_out(
    console: Console,
    waiting: Sequence[tuple[Task, ...]],
    work: Sequence[Task],
    place: Place,
    jobs: int,
    pictures: bool,
    leases: Leases,
) -> int:
    """Compute the groups that are waiting; return 1 if any cell has failed, now or before, and 0 otherwise.

    What other processes compute in the same folder meanwhile is waited for.
    """
    ended = {task.cell.key: task.old for task in work if task.old}
    queue = Queue(waiting, Store(place.folder), leases, lambda text: say(console, text))
    with stopping.on_signals(), display(console, len(waiting)) as shown:
        try:
            for group, records in local.run(queue, place, min(jobs, len(waiting)), shown.step):
                leases.give_back([record.key for record in records])
                ended |= {record.key: record for record in records}
                shown.end(group, records)
                if pictures:
                    draw([record for record in ended.values() if record.row == records[0].row], place)
        except KeyboardInterrupt:
            kept = sum(task.state == "done" or ended.get(task.cell.key) is not task.old for task in work)
            said = f"interrupted: {kept} of {len(work)} cells are kept in {place.folder}"
            raise KeyboardInterrupt(f"{said}; the same command goes on from there") from None
    ended |= queue.others
    return int(any(record.status != "done" for record in ended.values()))


def draw(row: Sequence[Record], place: Place) -> None:
    """Draw the picture of a row of which seeds were just computed."""
    from ganbench.report import pictures  # noqa: PLC0415 matplotlib, which a finished run does not need

    pictures.cells(row, place.folder, place.data, again=True)


def conclude(console: Console, store: Store, redraw: bool, data: Path | None) -> None:
    """Show the comparison and say where everything is."""
    records = store.selected()
    tables = Tables(records)
    console.print(tables.show())
    paths = tables.write(store.folder)
    paths += charts(records, store, data) if redraw or any(map(store.lacks_picture, records)) else []
    paths += sorted({*store.folder.glob("*.png")} - set(paths))
    say(console, f"records: {store.path}")
    say(console, f"samples, weights, pictures of each row: {store.cells}")
    say(console, f"tables and pictures: {', '.join(map(str, paths))}")


def conclude_search(console: Console, store: Store, suite: Suite, data: Path | None) -> None:
    """Show the best trial of every baseline; write all trials and what was chosen."""
    known = store.read()
    rungs = trials(suite, known, data)
    table = Table("baseline", "dataset", "trials", "best", "settings")
    for trial in best(rungs[-1]):
        count = sum((each.dataset, each.baseline) == (trial.dataset, trial.baseline) for each in rungs[0])
        table.add_row(trial.baseline, trial.dataset, str(count), f"{trial.mean:.4g}", json.dumps(trial.settings))
    console.print(table)
    paths = [
        write_atomically(store.folder / "trials.csv", csv_of(rungs).encode()),
        write_atomically(store.folder / "chosen.toml", toml(chosen(suite, known, data)).encode()),
    ]
    say(console, f"records: {store.path}")
    say(console, f"trials and what was chosen: {', '.join(map(str, paths))}")


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
