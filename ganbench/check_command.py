"""The command ``check``: metric implementations against claims, and results against results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ganbench.check.judge import Finding

FORMATS = ("text", "json", "markdown", "github")
FILE = click.Path(path_type=Path, dir_okay=False)
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
@click.option("--select", multiple=True, help="Only claims that match: fid/*, law-*, fast or slow. Repeatable.")
@click.option("--skip", multiple=True, help="Without claims that match. Repeatable.")
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), default=60.0, show_default=True, help="Seconds."
)
@click.option("--results", type=FOLDER, help="Compare this results folder ...")
@click.option("--against", type=FOLDER, help="... with that one, instead of checking an implementation.")
@click.option("--junit", type=FILE, help="Also write JUnit XML there.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--verbose", is_flag=True, help="Also what held, with prints and tracebacks.")
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
    junit: Path | None,
    form: str,
    verbose: bool,
) -> None:
    """Put claims to metric implementations, ours or anybody's; or compare results with results.

    Exit codes: 0 all held, 1 something did not, 2 the request was wrong.
    """
    if bool(results) != bool(against):
        raise click.UsageError("--results and --against go together")
    if results and against:
        from ganbench.check import against as comparison  # noqa: PLC0415

        moved = comparison.compare(results, against)
        click.echo(comparison.text(moved, form), nl=False)
        click.get_current_context().exit(comparison.exit_code(moved))
    if not implementation and (order or returns or adapter):
        raise click.UsageError("--order, --returns and --adapter describe an --implementation")
    metrics = names(metric)
    if implementation and len(metrics) != 1:
        raise click.UsageError("--implementation needs one --metric to be judged as")

    from ganbench.check import claims, jury, output  # noqa: PLC0415

    request = jury.Request(implementation, names(order), returns, adapter, timeout)
    findings = list(jury.hear(claims.chosen(metrics, select, skip), request))
    click.echo(output.FORMS[form](findings, verbose), nl=False)
    if junit:
        write(junit, output.as_junit(findings))
    click.get_current_context().exit(exit_code(findings))


def exit_code(findings: Sequence[Finding]) -> int:
    """Return 0 where all held, 1 where something did not; raises RequestError where nothing could be asked."""
    from ganbench.check.output import stands  # noqa: PLC0415
    from ganbench.errors import RequestError  # noqa: PLC0415

    if all(finding.verdict == "unasked" for finding in findings):
        raise RequestError(f"no claim could be asked: {findings[0].message}" if findings else "no claim was chosen")
    return 0 if stands(findings) else 1


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all; raises BadInput where it cannot be written."""
    from ganbench.errors import BadInput  # noqa: PLC0415
    from ganbench.files import write_atomically  # noqa: PLC0415

    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror})") from error
