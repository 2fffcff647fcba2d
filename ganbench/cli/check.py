"""The command ``check``: metric implementations against claims, and results against results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ganbench.conformance.claims import Claim
    from ganbench.conformance.evaluate import Finding
    from ganbench.conformance.runner import Request

FORMATS = ("text", "json", "markdown", "github")
FILE = click.Path(path_type=Path, dir_okay=False)
OUT = click.Path(path_type=Path, file_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


def names(text: str) -> tuple[str, ...]:
    """Return the names between the commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


@click.command()
@click.option("--metric", default="", help="Names with commas between.  [default: all of ours]")
@click.option("--implementation", default="", help="package.module:function or FILE.py:function.  [default: ours]")
@click.option("--order", default="", help="The callable's arguments: fake,real or real,fake,k.")
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
@click.option("--out", type=OUT, default=Path("results/peers"), show_default=True, help="Where --peers writes.")
@click.option("--junit", type=FILE, help="Also write JUnit XML there.")
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
    out: Path,
    junit: Path | None,
    form: str,
    verbose: bool,
) -> None:
    """Check metric implementations, ours or anybody's, against claims; or compare results with results.

    Exit codes: 0 all passed, 1 something did not, 2 the request was wrong.
    """
    metrics, subjects = names(metric), [results, reproduce, peers or None, implementation or None]
    if bool(results) != bool(against):
        raise click.UsageError("--results and --against go together")
    if len(subjects) - subjects.count(None) > 1:
        raise click.UsageError("give one of --implementation, --results, --reproduce and --peers")
    if not implementation and (order or returns or adapter):
        raise click.UsageError("--order, --returns and --adapter describe an --implementation")
    if implementation and len(metrics) != 1:
        raise click.UsageError("--implementation needs one --metric that it should be")
    leave = click.get_current_context().exit
    if own_code and not reproduce:
        raise click.UsageError("--own-code goes with --reproduce")
    if results and against:
        leave(of_results(results, against, form))
    if reproduce:
        leave(of_cells(reproduce, cells, own_code, form))
    from ganbench.conformance import claims, runner  # noqa: PLC0415

    selected = claims.selected(metrics, select, skip)
    if peers:
        leave(of_peers(selected, timeout, out))
    request = runner.Request(implementation, names(order), returns, adapter, timeout)
    leave(of_implementation(selected, request, form, verbose, junit))


def of_implementation(selected: Sequence[Claim], request: Request, form: str, verbose: bool, junit: Path | None) -> int:
    """Check an implementation against claims and return the exit code."""
    from ganbench.conformance import evaluate, output, runner  # noqa: PLC0415

    findings = evaluate.cross_examine(list(runner.run_claims(selected, request)))
    click.echo(output.FORMS[form](findings, verbose), nl=False)
    if junit:
        write(junit, output.as_junit(findings))
    return exit_code(findings)


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


def exit_code(findings: Sequence[Finding]) -> int:
    """Return 0 where all passed, 1 where something did not; raises RequestError where every claim was skipped."""
    from ganbench.conformance.output import all_passed  # noqa: PLC0415
    from ganbench.errors import RequestError  # noqa: PLC0415

    if all(finding.verdict == "skipped" for finding in findings):
        raise RequestError(f"every claim was skipped: {findings[0].message}" if findings else "no claim was selected")
    return 0 if all_passed(findings) else 1


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all; raises BadInput where it cannot be written."""
    from ganbench._util.files import write_atomically  # noqa: PLC0415
    from ganbench.errors import BadInput  # noqa: PLC0415

    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror})") from error
