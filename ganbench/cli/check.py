"""The command ``check``: metric implementations against claims, and results against results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganbench.cli.complete import of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ganbench.conformance.claims import Claim
    from ganbench.conformance.output import Outcome
    from ganbench.conformance.runner import Request

FORMATS = ("text", "json", "markdown", "github", "junit", "sarif")
OF_RESULTS = FORMATS[:4]  # results are no claims: no cases, no rules
FILE = click.Path(path_type=Path, dir_okay=False)
OUT = click.Path(path_type=Path, file_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


def names(text: str) -> tuple[str, ...]:
    """Return the names between the commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


@click.command()
@click.option(
    "--metric",
    default="",
    shell_complete=of("metrics", commas=True),
    help="Names with commas between.  [default: all of ours]",
)
@click.option("--implementation", default="", help="package.module:function or FILE.py:function.  [default: ours]")
@click.option("--order", default="", help="The callable's arguments: fake,real or real,fake,nearest_k=k.")
@click.option("--returns", default="", help="Which part of its answer: a key, an attribute or an index.")
@click.option("--adapter", default="", help="FILE.py with adapt(thing), which returns a callable on arrays.")
@click.option("--select", multiple=True, help="Only claims that match: fid/*, invariance-*, fast or slow. Repeatable.")
@click.option("--skip", multiple=True, help="Without claims that match. Repeatable.")
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), default=60.0, show_default=True, help="Seconds."
)
@click.option("--results", type=FOLDER, help="Compare this results folder ...")
@click.option("--against", type=FOLDER, help="... with that one, instead of checking an implementation.")
@click.option("--reproduce", type=FOLDER, help="Train cells of this results folder again and compare.")
@click.option("--cells", type=click.IntRange(min=1), default=3, show_default=True, help="How many, with --reproduce.")
@click.option("--own-code", is_flag=True, help="With --reproduce: execute FILE.py that a record names as its baseline.")
@click.option("--peers", is_flag=True, help="Check other libraries instead: all that can be imported.")
@click.option("--board", is_flag=True, help="What a metric says of simple distributions of known quality.")
@click.option("--features", default="", help="With --board: FILE.py:function from rows (n, d) to features (n, k).")
@click.option("--out", type=OUT, help="Where --peers writes, and --board too.  [default: results/peers; nowhere]")
@click.option(
    "--fail-on",
    default="value,invariance",
    show_default=True,
    help="Levels that make an implementation fail, commas between: value, invariance, numerics, input, convention.",
)
@click.option("--junit", type=FILE, help="Also write JUnit XML there.")
@click.option("--sarif", type=FILE, help="Also write SARIF there.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--verbose", is_flag=True, help="Also what passed, with prints and tracebacks.")
def check(
    metric: str,
    implementation: str,
    order: str,
    returns: str,
    adapter: str,
    select: tuple[str, ...],
    skip: tuple[str, ...],
    timeout: float,
    results: Path | None,
    against: Path | None,
    reproduce: Path | None,
    cells: int,
    own_code: bool,
    peers: bool,
    board: bool,
    features: str,
    out: Path | None,
    fail_on: str,
    junit: Path | None,
    sarif: Path | None,
    form: str,
    verbose: bool,
) -> None:
    """Check metric implementations, ours or anybody's, against claims; or compare results with results.

    Exit codes: 0 passed, 1 something is wrong at a level of --fail-on or has moved, 2 the request was wrong.
    """
    metrics, subjects = names(metric), [results, reproduce, peers or None, implementation or None]
    of_claims = select or skip or junit or sarif
    for wrong, said in (
        (bool(results) != bool(against), "--results and --against go together"),
        (len(subjects) - subjects.count(None) > 1, "give one of --implementation, --results, --reproduce and --peers"),
        (
            not implementation and (order or returns or adapter),
            "--order, --returns and --adapter describe an --implementation",
        ),
        (implementation and len(metrics) != 1, "--implementation needs one --metric that it should be"),
        (
            (results or reproduce) and form not in OF_RESULTS,
            f"--format {form} goes with claims; for results there are {', '.join(OF_RESULTS)}",
        ),
        (own_code and not reproduce, "--own-code goes with --reproduce"),
        (features and not board, "--features goes with --board"),
        (
            board and (results or reproduce or of_claims or form != "text"),
            "--board goes with --metric, --implementation, --peers, --features and --out",
        ),
    ):
        if wrong:
            raise click.UsageError(said)
    leave = click.get_current_context().exit
    if results and against:
        leave(of_results(results, against, form))
    if reproduce:
        leave(of_cells(reproduce, cells, own_code, form))
    from ganbench._util.names import check_names  # noqa: PLC0415
    from ganbench.conformance import claims, output, runner  # noqa: PLC0415

    request = runner.Request(implementation, names(order), returns, adapter, timeout)
    if board:
        leave(of_board(metrics, request, peers, features, out))
    counted = names(fail_on)
    check_names("level", counted, claims.LEVELS)
    selected = claims.selected(metrics, select, skip)
    if peers:
        leave(of_peers(selected, timeout, out or Path("results/peers")))
    outcome = checked(selected, request, counted)
    click.echo(output.FORMS[form](outcome, verbose), nl=False)
    for path, written in ((junit, output.as_junit), (sarif, output.as_sarif)):
        if path:
            write(path, written(outcome))
    leave(exit_code(outcome))


def checked(selected: Sequence[Claim], request: Request, counted: Sequence[str]) -> Outcome:
    """Check an implementation against claims."""
    from ganbench.conformance import diagnosis, output, place, runner  # noqa: PLC0415

    findings, diagnoses = diagnosis.examine(list(runner.run_claims(selected, request)))
    there = place.place_of(request.implementation) if request.implementation else None
    return output.Outcome(findings, diagnoses, counted, there)


def of_results(new: Path, old: Path, form: str) -> int:
    """Compare results with results and return the exit code."""
    from ganbench.conformance import against  # noqa: PLC0415

    lines = against.compare(new, old)
    click.echo(against.text(lines, form), nl=False)
    return against.exit_code(lines)


def of_cells(folder: Path, count: int, own_code: bool, form: str) -> int:
    """Train cells again, compare them with their records and return the exit code."""
    from ganbench.conformance import reproduce  # noqa: PLC0415

    cells, refused = reproduce.sampled(folder, count, own_code)
    results = []
    for each in reproduce.reproduce(cells, folder):
        results.append(each)
        click.echo(f"{len(results)} of {len(cells)} cells: {each.cell}", err=True)
    click.echo(reproduce.text(results, refused, form), nl=False)
    return reproduce.exit_code(results)


def of_peers(selected: Sequence[Claim], timeout: float, out: Path) -> int:
    """Check other libraries and return the exit code; raises Missing where none can be imported."""
    from ganbench.conformance import peers  # noqa: PLC0415
    from ganbench.errors import Missing  # noqa: PLC0415

    made = peers.compare(selected, timeout)
    for name, why in made.skipped.items():
        click.echo(f"{name} is left out: {why}")
    if not made.versions:
        raise Missing("no other library can be imported; they come with the extra 'peers'")
    click.echo(peers.overview(made), nl=False)
    for path in peers.save(made, out):
        click.echo(f"wrote {path}")
    return 0


def of_board(metrics: Sequence[str], request: Request, peers: bool, features: str, out: Path | None) -> int:
    """Fill the sanity board, show it and return the exit code; it only reports."""
    from ganbench._util.names import check_names  # noqa: PLC0415
    from ganbench.conformance import board  # noqa: PLC0415
    from ganbench.conformance.implementation import implementation  # noqa: PLC0415
    from ganbench.metrics import METRICS  # noqa: PLC0415

    check_names("metric", metrics, METRICS)
    encode = board.encoder(features) if features else None
    if request.implementation:
        theirs = implementation(request.implementation, request.order, request.returns, request.adapter)
        columns = [board.column(request.implementation, metrics[0], request.implementation, theirs)]
    else:
        columns = board.columns_of_ours(metrics)
    if peers:
        peer_columns, skipped = board.columns_of_peers()
        columns += [each for each in peer_columns if not metrics or each.metric in metrics]
        for name, why in skipped.items():
            click.echo(f"{name} is left out: {why}", err=True)
    rows = []
    for row in board.fill(columns, encode):
        rows.append(row)
        click.echo(f"{row[0].name}: {sum(not each.failed for each in row[1])} of {len(row[1])} pass", err=True)
    click.echo(board.as_text(rows), nl=False)
    for path in board.save(rows, out) if out else []:
        click.echo(f"wrote {path}")
    return 0


def exit_code(outcome: Outcome) -> int:
    """Return 0 where it passed, else 1; raises RequestError where every claim was skipped."""
    from ganbench.errors import RequestError  # noqa: PLC0415

    findings = outcome.findings
    if all(finding.verdict == "skipped" for finding in findings):
        raise RequestError(f"every claim was skipped: {findings[0].message}" if findings else "no claim was selected")
    return 0 if outcome.passed else 1


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all; raises BadInput where it cannot be written."""
    from ganbench._util.files import write_atomically  # noqa: PLC0415
    from ganbench.errors import BadInput  # noqa: PLC0415

    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror})") from error
