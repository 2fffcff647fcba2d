"""What ``ganbench run`` does and prints about a suite of cells."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from itertools import chain
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ganbench._util.files import in_place, sweep, write_atomically
from ganbench._util.locks import Lock
from ganbench.cli import bundle_run, notes_run
from ganbench.cli.progress import display
from ganbench.cli.run import Request
from ganbench.cli.terminal import duration, say, terminal
from ganbench.data.names import is_own, split, with_setting
from ganbench.errors import BadInput
from ganbench.metrics.user import find_metric
from ganbench.records.picture_marks import is_complete, lacking, note
from ganbench.records.record import Record
from ganbench.records.store import SELECTION, Store
from ganbench.runs import loggers, stopping
from ganbench.runs.execution import Place
from ganbench.runs.executors import Executor, Resources, executor
from ganbench.runs.grid import Task, at_hand, check_memory, groups, tasks, with_at_hand
from ganbench.runs.leases import Leases, held
from ganbench.runs.leases import sweep as sweep_leases
from ganbench.runs.longer import continued
from ganbench.runs.queue import Queue
from ganbench.runs.search import Trial, best, chosen, csv_of, stages, toml, trials, tuning, tuning_csv
from ganbench.suites import find_suite
from ganbench.suites.changes import changed, check_effect
from ganbench.suites.suite import Bundle, Cell, Notes, Suite, with_budget
from ganbench.tables import Tables
from ganbench.tables.rows import spans

TABLES = "tables.lock"  # held while tables and pictures are written
STATES = {"missing": "to do", "unscored": "to score", "failed": "failed", "done": "done"}


def run(request: Request) -> int:
    """Run what is missing of a suite and show the comparison; return the exit code."""
    check_is_folder(request.out)
    question = find_suite(request.suite)
    if isinstance(question, Bundle):
        return bundle_run.run(request, question, run)
    if isinstance(question, Notes):
        return notes_run.run(terminal(), request, question)
    loggers.check(request.log)
    where = executor(request.executor, resources(request))
    try:
        return run_by(where, request, question)
    finally:
        where.close()


def check_is_folder(out: Path) -> None:
    """Raise BadInput for an address of a store: records are appended, and leases taken, where nothing is either."""
    if scheme := re.match(r"([A-Za-z][A-Za-z0-9+.-]+):[/\\]", str(out)):
        raise BadInput(
            f"--out {scheme[1]}://...: expected a folder; object stores have no appends and no locks, on which records "
            "and leases rely: run into a folder, and copy it there"
        )


def resources(request: Request) -> Resources:
    """Return what an executor is to give the cells of a request."""
    given = {field.name: getattr(request, field.name) for field in fields(Resources) if field.name != "command"}
    typed = request.typed("fresh", "executor", *given) if request.executor == "slurm" else ()
    return Resources(**given, command=typed)


def run_by(where: Executor, request: Request, question: Suite) -> int:
    """Run what is missing of a suite by an executor; return the exit code."""
    device = where.device(request.device)
    suite, console = asked(with_budget(question, request.budget), request), terminal()
    suite = suite if request.datasets else with_at_hand(suite, request.data)
    suite, missing = at_hand(suite, request.data) if request.dry_run else (suite, dict[str, str]())
    store = Store(request.out / suite.name)
    if request.shard and suite.rungs:
        raise BadInput(f"--shard cannot divide {suite.name}: trials go on by the records of all; leave it out")
    rounds = stages(suite, store.read, request.data, download=not request.dry_run)
    if request.dry_run:
        for name, reason in missing.items():
            say(console, f"not in this list: {name} ({reason}); a run downloads it first, or stops")
        return foretell(console, suite, rounds, {} if request.fresh else store.read(), request, where)
    # What is wrong with the request or the records ends here: nothing is written.
    first, known = next(rounds), store.read()
    check_effect(request.changes, (cell.settings for cell in first))
    parts = groups(
        [task for task in tasks(first, {} if request.fresh else known) if to_do(task, request)], request.group
    )
    if where.is_here:
        check_memory(parts, device, where.jobs(parts, device), request.data)
    for warning in [request.remark, store.open(), *(f"set aside: {path}" for path in set_aside(store, request))]:
        if warning:
            say(console, warning)
    sweep(store.folder)
    sweep_leases(store.folder)
    failed, worked, keys = 0, False, list[str]()
    for cells in chain([first], rounds):
        work = tasks(cells, store.read())
        todo = shared([task for task in work if to_do(task, request)], request.shard)
        todo, said = continued(todo, store.read(), Place(store.folder, device, request.data))
        parts = groups(todo, request.group)
        announce(console, suite, work, todo, device, where.jobs(parts, device))
        for line in said:
            say(console, line)
        keys += [task.cell.key for task in work]
        select(store, suite, keys)
        with Leases(store.folder) as leases:
            place = Place(store.folder, device, request.data, leases.token, request.memory, request.log)
            failed |= carry_out(console, parts, work, place, where, not suite.rungs, leases)
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
    where: Executor,
) -> int:
    """Say what would be done, rung by rung as far as it is known; return the exit code."""
    device = where.device(request.device)
    for number in range(max(1, len(suite.rungs))):
        try:
            cells = next(rounds)
        except BadInput:  # a trial of the rung before has no record yet
            kept = ", then ".join(f"the best {rung.keep}" for rung in suite.rungs[number - 1 : -1])
            say(console, f"after that {kept} of each baseline go on, which is chosen when all are done")
            break
        check_effect(request.changes, (cell.settings for cell in cells))
        if request.remark and not number:
            say(console, request.remark)
        work = tasks(cells, known)
        todo = shared([task for task in work if to_do(task, request)], request.shard)
        todo, said = continued(todo, known, Place(request.out / suite.name, device, request.data))
        parts = groups(todo, request.group)
        jobs = where.jobs(parts, device)
        if where.is_here:
            check_memory(parts, device, jobs, request.data)
        announce(console, suite, work, todo, device, jobs)
        for line in said:
            say(console, line)
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
    suite = replace(
        suite,
        baselines="all" if request.baselines == ("all",) else request.baselines or suite.baselines,
        datasets=datasets_of(request, suite),
        seeds=request.seeds or suite.seeds,
        metrics="all" if request.metrics == ("all",) else request.metrics or suite.metrics,
        steps=suite.steps if request.steps is None else request.steps,
        plan=plan,
        backend=request.backend or suite.backend,
        added=(*suite.added, *request.added),
    )
    return changed(suite, request.changes)


def datasets_of(request: Request, suite: Suite) -> tuple[str, ...]:
    """Return the data sets that are asked for; of one's own without their broken pictures, if that is."""
    names = request.datasets or suite.datasets
    if not request.skip_broken:
        return names
    own = [name for name in names if is_own(name)]
    if not own:
        raise BadInput(f"--skip-broken: no data of your own among {', '.join(names)}")
    return tuple(with_setting(name, "skip_broken", 1) if name in own else name for name in names)


def announce(
    console: Console, suite: Suite, work: Sequence[Task], todo: Sequence[Task], device: str, jobs: int
) -> None:
    """Say what is asked, what is done already, and how long the rest takes."""
    rows, numbers = len({task.cell.row for task in work}), {task.cell.seed for task in work}
    seeds = len(numbers)
    most = "" if rows * seeds == len(work) else "up to "
    say(console, f"{suite.name}: {suite.question}")
    say(
        console,
        f"{len(work)} cells ({rows} row{'s' * (rows != 1)} of {most}{seeds} seed{'s' * (seeds != 1)}: "
        f"{spans(numbers)}) on {device}, "
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
    where: Executor,
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
            for group, records in where.run(queue, place, shown.step):
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
    if redraw or lacking(records, store.folder) or not is_complete(records, store.folder):
        paths += charts(records, store, data)
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
        write_atomically(store.folder / "chosen.toml", toml(suite, chosen(suite, known, data)).encode()),
        write_atomically(store.folder / "best_of_k.csv", tuning_csv(suite, rungs[0]).encode()),
        *drawn_tuning(store, suite, rungs[0]),
    ]
    say(console, f"records: {store.path}")
    say(console, f"trials, what was chosen, what tuning is worth: {', '.join(map(str, paths))}")


def drawn_tuning(store: Store, suite: Suite, rung: Sequence[Trial]) -> list[Path]:
    """Draw what the best of 1, 2, ... trials of the first rung reaches, a picture for each data set."""
    from ganbench.report import charts  # noqa: PLC0415 matplotlib, which a finished run does not need
    from ganbench.report.style import file_name  # noqa: PLC0415

    means, paths = tuning(rung), []
    for dataset in dict.fromkeys(trial.dataset for trial in rung):
        curves = {baseline: values for (name, baseline), values in means.items() if name == dataset}
        path = store.folder / f"tuning-{file_name(split(dataset)[0])}.png"
        objective = suite.objective_on(dataset)
        paths.append(charts.tuned(curves, dataset, objective, path, find_metric(objective).spec.better))
    return paths


def charts(records: Sequence[Record], store: Store, data: Path | None) -> list[Path]:
    """Draw all records, and the rows whose pictures are missing; return the paths of the former."""
    from ganbench.report import pictures  # noqa: PLC0415 matplotlib, which a finished run does not need

    pictures.cells(records, store.folder, data)
    folder = store.folder
    paths = [
        *pictures.curves(records, folder),
        *pictures.intervals(records, folder),
        *pictures.overview(records, folder, data),
    ]
    note(paths, records, folder)
    return paths
