"""What ``ganbench run`` and ``ganbench table`` do and print about a suite of experiments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from ganbench.errors import BadInput, Missing, RequestError
from ganbench.executors.local import jobs_for
from ganbench.experiments import load
from ganbench.experiments._mnist import at_hand
from ganbench.experiments.base import Form, FormName
from ganbench.experiments.ledger import LEDGER
from ganbench.experiments.pages import verdict, write
from ganbench.experiments.record import Observation, keys_for
from ganbench.experiments.run import missing, observations, selected
from ganbench.files import write_atomically
from ganbench.request import Request
from ganbench.store import Log
from ganbench.suite import Notes

FORMS: tuple[FormName, ...] = ("fast", "full")


def run(console: Console, request: Request, suite: Notes) -> int:
    """Carry out what is missing of a suite of experiments and show the verdicts; return the exit code."""
    refuse_what_cells_need(request, suite.name)
    form = Form(suite.form, request.data)
    refuse_what_is_not_there(form, suite.name)
    asked = request.experiments or (() if suite.experiments == "all" else suite.experiments)
    names, log = selected(asked), Log(request.out / suite.name, Observation)
    todo = missing(names, form, {} if request.fresh else log.read(), request.retry_failed)
    jobs = request.jobs or jobs_for(todo, "cpu")
    say(console, f"{suite.name}: {suite.question}")
    say(console, f"{len(names) - len(todo)} of {len(names)} experiments done; {jobs} at a time")
    if request.dry_run:
        say(console, f"to do: {', '.join(todo) or 'nothing'}")
        return 0
    for warning in filter(
        None, [log.open(), *(f"set aside: {path}" for path in (log.set_aside() if request.fresh else []))]
    ):
        say(console, warning)
    carry_out(console, log, todo, form, jobs)
    return conclude(console, log, chosen(log.read(), suite.form))


def refuse_what_cells_need(request: Request, name: str) -> None:
    """Raise BadInput for an option that has no meaning for experiments."""
    given = {
        "--baseline": request.baselines,
        "--dataset": request.datasets,
        "--seeds": request.seeds,
        "--metrics": request.metrics,
        "--steps": request.steps is not None,
        "--way": request.way,
        "--device": request.device not in {"auto", "cpu"},
    }
    if without := [option for option, value in given.items() if value]:
        raise BadInput(f"{', '.join(without)} cannot change {name}: its experiments say how they run; try --experiment")


def refuse_what_is_not_there(form: Form, name: str) -> None:
    """Raise for a folder that the form does not look into, or that lacks what it looks for."""
    if form.folder and form.name == "fast":
        raise BadInput(f"--data cannot change {name}: it reads no files; the suite notes-full does")
    if form.folder and not at_hand(form):
        there = form.folder / "MNIST" / "raw"
        raise Missing(f"MNIST is not in {form.folder}; put its four files (*-ubyte.gz) into {there}")


def carry_out(console: Console, log: Log[Observation], todo: Sequence[str], form: Form, jobs: int) -> None:
    """Observe and keep what is to do, with a line for each experiment that ends."""
    columns = (
        TextColumn("experiments"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        whole = bars.add_task("", total=len(todo))
        try:
            for found in observations(todo, form, jobs):
                log.append(found)
                bars.advance(whole)
                say(console, f"{found.experiment}: {outcome(found)}, {found.provenance['seconds']:.1f} s")
        except KeyboardInterrupt:
            said = f"interrupted: what ended is kept in {log.folder}"
            raise KeyboardInterrupt(f"{said}; the same command goes on from there") from None


def outcome(found: Observation) -> str:
    """Say in a line how an experiment ended."""
    if found.status == "error":
        return f"error: {found.reason}"
    return ", ".join(f"{name} {verdict}" for name, verdict in found.verdicts.items())


def chosen(known: dict[str, Observation], form: FormName) -> list[Observation]:
    """Return what is known of each experiment by the present code, with MNIST rather than without."""
    keys = [[key for key in keys_for(name, form) if key in known] for name in selected(())]
    return [known[first] for first, *_ in filter(None, keys)]


def conclude(console: Console, log: Log[Observation], found: Sequence[Observation]) -> int:
    """Show the verdicts and write the pages; return 1 if an experiment failed."""
    console.print(overview(found))
    paths = write(found, log.folder, redraw=True)
    paths.append(write_atomically(log.folder.parent / LEDGER.name, LEDGER.read_bytes()))
    say(console, f"records: {log.path}")
    say(console, f"pages and pictures: {', '.join(map(str, paths))}")
    return int(any(each.status == "error" for each in found))


def overview(found: Sequence[Observation]) -> Table:
    """Return claims and verdicts for a terminal."""
    table = Table("experiment", "claim", "note", "verdict")
    for each in found:
        for claim in load(each.experiment).claims:
            table.add_row(each.experiment, claim.name, claim.note, verdict(claim, each))
    return table


def is_notes(folder: Path) -> bool:
    """Whether a results folder holds observations of experiments rather than records of cells."""
    try:
        with (folder / "records.jsonl").open("rb") as file:
            return b'"experiment":' in file.readline(4096)[:200]
    except OSError:
        return False


def tabulate(console: Console, folder: Path) -> int:
    """Write the pages of a folder of observations again; return the exit code."""
    log = Log(folder, Observation)
    known = log.read()
    forms = {each.form for each in known.values()}
    for form in FORMS:
        if found := chosen(known, form):
            return conclude(console, log, found)
    raise RequestError(
        f"{folder}: its observations ({', '.join(sorted(forms))}) are of other code; run the suite again"
    )


def say(console: Console, text: str) -> None:
    """Print a line as it is."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)
