"""The command line. What takes long to import is imported by the command that needs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ganbench.check_command import check
from ganbench.score_command import cache, score

KINDS = ("baselines", "datasets", "metrics", "features", "suites", "experiments")
INTERRUPTED = 130


class Commands(click.Group):
    """Commands whose errors are one line on stderr: exit code 2 for a wrong request, 1 for what went wrong."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        asked = bool(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            if not asked:  # the usage itself is the answer
                raise
            raise refusal(error.format_message(), error.exit_code) from error

    def invoke(self, ctx: click.Context) -> Any:
        from ganbench.errors import GanbenchError, RequestError  # noqa: PLC0415

        try:
            return super().invoke(ctx)
        except GanbenchError as error:
            code, text = 2 if isinstance(error, RequestError) else 1, str(error)
        except click.ClickException as error:
            code, text = error.exit_code, error.format_message()
        except KeyboardInterrupt as error:
            code, text = INTERRUPTED, str(error) or "interrupted"
        raise refusal(text, code)


def refusal(text: str, code: int) -> click.exceptions.Exit:
    """Say on one line of stderr what went wrong; return what leaves with that exit code."""
    click.echo(f"ganbench: {' '.join(text.split())}", err=True)
    return click.exceptions.Exit(code)


def seeds_of(text: str) -> tuple[int, ...]:
    """Return the seeds that 0-4 or 0,2,5 or both mean, in that order; raises BadParameter for anything else."""
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise click.BadParameter(f"expected seeds such as 0-4 or 0,2,5, got {text!r}", param_hint="--seeds")
        if dash and int(last) < int(first):
            raise click.BadParameter(f"expected seeds from low to high, got {part!r}", param_hint="--seeds")
        seeds += range(int(first), int(last or first) + 1)
    if len(set(seeds)) < len(seeds):
        raise click.BadParameter(f"expected different seeds, got {text!r}", param_hint="--seeds")
    return tuple(seeds)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ganbench")
def main() -> None:
    """Which GAN is better, on what evidence?"""


@main.command()
@click.option("--suite", default="quick", show_default=True, help="A suite's name, or a TOML file.")
@click.option(
    "--baseline",
    "baselines",
    multiple=True,
    help="Instead of the suite's: a name, family:member, ./file.py or all. Repeatable.",
)
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    help="Instead of the suite's: a name, or name(field=number,...). Repeatable.",
)
@click.option(
    "--experiment", "experiments", multiple=True, help="Of a suite of experiments only these: a name. Repeatable."
)
@click.option("--seeds", help="Instead of the suite's: 0-4 or 0,2,5. One number is one seed.")
@click.option("--metrics", default="", help="Instead of the suite's: names with commas between, or all.")
@click.option("--steps", type=int, help="Instead of the suite's, on all data sets.")
@click.option(
    "--way", default="", help="Instead of the suite's: how moves are executed: replay, compiled, eager or auto."
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
@click.option("--jobs", type=click.IntRange(min=1), help="Cells at a time.  [default: one per core; one on a GPU]")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Results go to OUT/<suite>.",
)
@click.option(
    "--data", type=click.Path(path_type=Path), help="Folder of data sets that come as files.  [default: data]"
)
@click.option("--fresh", is_flag=True, help="Set earlier results aside and do everything again.")
@click.option(
    "--retry-failed", is_flag=True, help="Do cells again that ended in an error. Divergence is a result and stays."
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and how long it takes; write nothing.")
def run(
    suite: str,
    baselines: tuple[str, ...],
    datasets: tuple[str, ...],
    experiments: tuple[str, ...],
    seeds: str | None,
    metrics: str,
    steps: int | None,
    way: str,
    device: str,
    jobs: int | None,
    out: Path,
    data: Path | None,
    fresh: bool,
    retry_failed: bool,
    dry_run: bool,
) -> None:
    """Train, score and compare what a suite asks for; what is done already is not done again.

    Exit codes: 0 done, 1 a seed of some cell diverged or failed, 2 the request was wrong, 130 interrupted.
    """
    from ganbench import console  # noqa: PLC0415
    from ganbench.request import Request  # noqa: PLC0415

    names = tuple(name.strip() for name in metrics.split(",") if name.strip())
    chosen = () if seeds is None else seeds_of(seeds)
    request = Request(
        suite,
        baselines,
        datasets,
        experiments,
        chosen,
        names,
        steps,
        way,
        device,
        jobs,
        out,
        data,
        fresh,
        retry_failed,
        dry_run,
    )
    click.get_current_context().exit(console.run(request))


@main.command()
@click.argument("results", type=click.Path(path_type=Path))
def table(results: Path) -> None:
    """Write the tables of a results folder again, from its records."""
    from ganbench import console  # noqa: PLC0415

    click.get_current_context().exit(console.tabulate(results))


@main.command(name="list")
@click.argument("kind", required=False, type=click.Choice(KINDS))
def listed(kind: str | None) -> None:
    """Show what there is to choose from."""
    from ganbench import console, listing  # noqa: PLC0415

    listing.show(console.terminal(), kind)


main.add_command(check)
main.add_command(score)
main.add_command(cache)
