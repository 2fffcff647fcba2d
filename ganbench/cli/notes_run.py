"""What ``ganbench run`` and ``ganbench table`` do and print about a suite of experiments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from ganbench.cli.run import Request
from ganbench.cli.terminal import say
from ganbench.errors import BadInput, Missing, RequestError
from ganbench.notes import _standard
from ganbench.notes._mnist import at_hand
from ganbench.notes.base import Form, FormName
from ganbench.notes.claims import about
from ganbench.notes.pages import verdict, write
from ganbench.notes.record import Observation, keys_for, reads_results
from ganbench.notes.run import missing, observations, selected
from ganbench.records.store import Log
from ganbench.runs.executors.process import jobs_for
from ganbench.suites.suite import Notes

FORMS: tuple[FormName, ...] = ("fast", "full")


def run(console: Console, request: Request, suite: Notes) -> int:
    """Carry out what is missing of a suite of experiments and show the verdicts; return the exit code."""
    check_options(request, suite.name)
    form = Form(suite.form, request.data, request.out)
    check_data(form, suite.name)
    asked = request.experiments or (() if suite.experiments == "all" else suite.experiments)
    names = readable(console, selected(asked), form, request.experiments)
    log = Log(request.out / suite.name, Observation)
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
    measure_missing(console, log, todo, form, jobs)
    return report(console, log, latest(log.read(), form))


def readable(console: Console, names: Sequence[str], form: Form, asked: Sequence[str]) -> list[str]:
    """Return the experiments that have what they read, and say which have not; raises Missing for one asked by name."""
    without = [name for name in names if reads_results(name) and not _standard.at_hand(form)]
    for name in without:
        there = f"{_standard.folder(form)} has no records, which {name} reads; ganbench run --suite standard makes them"
        if name in asked:
            raise Missing(there)
        say(console, f"{name} is left out: {there}")
    return [name for name in names if name not in without]


def check_options(request: Request, name: str) -> None:
    """Raise BadInput for an option that has no meaning for experiments."""
    given = {
        "--baseline": request.baselines,
        "--add": request.added,
        "--set": request.changes,
        "--log": request.log,
        "--skip-broken": request.skip_broken,
        "--dataset": request.datasets,
        "--seeds": request.seeds,
        "--metrics": request.metrics,
        "--steps": request.steps is not None,
        "--budget": request.budget != "standard",
        "--backend": request.backend,
        "--memory": request.memory is not None,
        "--device": request.device not in {"auto", "cpu"},
        "--executor": request.executor != "process",
    }
    if without := [option for option, value in given.items() if value]:
        raise BadInput(f"{', '.join(without)} cannot change {name}: its experiments say how they run; try --experiment")


def check_data(form: Form, name: str) -> None:
    """Raise for a data folder that the form does not read, or that lacks MNIST."""
    if form.folder and form.name == "fast":
        raise BadInput(f"--data cannot change {name}: it reads no files; the suite notes-full does")
    if form.folder and not at_hand(form):
        there = form.folder / "MNIST" / "raw"
        raise Missing(f"MNIST is not in {form.folder}; put its four files (*-ubyte.gz) into {there}")


def measure_missing(console: Console, log: Log[Observation], todo: Sequence[str], form: Form, jobs: int) -> None:
    """Measure and record what is missing, with a line for each experiment that ends."""
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
            for observation in observations(todo, form, jobs):
                log.append(observation)
                bars.advance(whole)
                say(
                    console,
                    f"{observation.experiment}: {outcome(observation)}, {observation.provenance['seconds']:.1f} s",
                )
        except KeyboardInterrupt:
            message = f"interrupted: what ended is kept in {log.folder}"
            raise KeyboardInterrupt(f"{message}; the same command goes on from there") from None


def outcome(observation: Observation) -> str:
    """Say in a line how an experiment ended."""
    if observation.status == "error":
        return f"error: {observation.reason}"
    return ", ".join(f"{name} {verdict}" for name, verdict in observation.verdicts.items())


def latest(known: dict[str, Observation], form: Form) -> list[Observation]:
    """Return each experiment's observation under its present key, with MNIST rather than without."""
    keys = [[key for key in keys_for(name, form) if key in known] for name in selected(())]
    return [known[first] for first, *_ in filter(None, keys)]


def report(console: Console, log: Log[Observation], observations: Sequence[Observation]) -> int:
    """Show the verdicts and write the pages; return 1 if an experiment failed."""
    console.print(overview(observations))
    paths = write(observations, log.folder, redraw=True, full=thorough(log.folder))
    say(console, f"records: {log.path}")
    say(console, f"pages and pictures: {', '.join(map(str, paths))}")
    return int(any(each.status == "error" for each in observations))


def thorough(folder: Path) -> list[Observation]:
    """Return the observations of the full form that lie beside those of the fast one."""
    if folder.name != "notes":
        return []
    known = Log(folder.parent / "notes-full", Observation).read().values()
    return list({each.experiment: each for each in known}.values())


def overview(observations: Sequence[Observation]) -> Table:
    """Return claims and verdicts for a terminal."""
    table = Table("experiment", "claim", "where", "verdict")
    for each in observations:
        for claim in about(each.experiment):
            table.add_row(each.experiment, claim.name, claim.where, verdict(claim, each))
    return table


def tabulate(console: Console, folder: Path) -> int:
    """Write the pages of a folder of observations again; return the exit code."""
    log = Log(folder, Observation)
    known = log.read()
    forms = {each.form for each in known.values()}
    for form in FORMS:
        if shown := latest(known, Form(form, None, folder.parent)):
            return report(console, log, shown)
    raise RequestError(
        f"{folder}: its observations ({', '.join(sorted(forms))}) are of other code; run the suite again"
    )
