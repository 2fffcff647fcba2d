"""``ganbench run``: what may be typed behind it. What it does is in ``suite_run``, which takes long to import."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from ganbench.cli.complete import of

MOST = 10_000  # seeds of a run


@dataclass(frozen=True)
class Request:
    """The options of a run; empty means as the suite says."""

    suite: str
    baselines: tuple[str, ...]
    datasets: tuple[str, ...]
    experiments: tuple[str, ...]
    seeds: tuple[int, ...]
    metrics: tuple[str, ...]
    steps: int | None
    budget: str
    backend: str
    device: str
    jobs: int | None
    group: int | None
    out: Path
    data: Path | None
    fresh: bool
    retry_failed: bool
    dry_run: bool
    shard: tuple[int, int] | None = None  # which part of how many, from 0


def seeds_of(text: str) -> tuple[int, ...]:
    """Return the seeds that 0-4 or 0,2,5 or both mean, in that order; raises BadParameter for anything else."""
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        if not fits(first) or (dash and not fits(last)):
            expected = "expected seeds such as 0-4 or 0,2,5, of at most nine digits"
            raise click.BadParameter(f"{expected}, got {text[:60]!r}", param_hint="--seeds")
        if dash and int(last) < int(first):
            raise click.BadParameter(f"expected seeds from low to high, got {part!r}", param_hint="--seeds")
        if len(seeds) + int(last or first) - int(first) >= MOST:
            raise click.BadParameter(f"expected at most {MOST} seeds, got {part[:60]!r}", param_hint="--seeds")
        seeds += range(int(first), int(last or first) + 1)
    if len(set(seeds)) < len(seeds):
        raise click.BadParameter(f"expected different seeds, got {text!r}", param_hint="--seeds")
    return tuple(seeds)


def shard_of(text: str | None) -> tuple[int, int] | None:
    """Return the part and the number of parts that 2/8 means; raises BadParameter for anything else."""
    if text is None:
        return None
    number, slash, count = (piece.strip() for piece in text.partition("/"))
    if not (slash and fits(number) and fits(count) and 0 <= int(number) < int(count)):
        raise click.BadParameter(f"expected a part such as 0/8, ..., 7/8, got {text!r}", param_hint="--shard")
    return int(number), int(count)


def fits(text: str) -> bool:
    """Whether a text is a whole number of a size that has a use."""
    return text.isascii() and text.isdecimal() and len(text) < 10


@click.command()
@click.option(
    "--suite", default="quick", show_default=True, shell_complete=of("suites"), help="A suite's name, or a TOML file."
)
@click.option(
    "--baseline",
    "baselines",
    multiple=True,
    shell_complete=of("baselines", "all"),
    help="Instead of the suite's: a name, family:member, ./file.py or all. Repeatable.",
)
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    shell_complete=of("datasets"),
    help="Instead of the suite's: a name, or name(field=number,...). Repeatable.",
)
@click.option(
    "--experiment",
    "experiments",
    multiple=True,
    shell_complete=of("experiments"),
    help="Of a suite of experiments only these: a name. Repeatable.",
)
@click.option("--seeds", help="Instead of the suite's: 0-4 or 0,2,5. One number is one seed.")
@click.option(
    "--metrics",
    default="",
    shell_complete=of("metrics", "all", commas=True),
    help="Instead of the suite's: names with commas between, or all.",
)
@click.option("--steps", type=int, help="Instead of the suite's, on all data sets.")
@click.option(
    "--budget",
    default="standard",
    show_default=True,
    help="tiny: a fifth of the steps, two seeds, for a first look; full: four times the steps, ten seeds.",
)
@click.option(
    "--backend",
    default="",
    help="Instead of the suite's: how updates are executed: auto (compiled if it pays), traced, compiled, eager, loop.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
@click.option("--jobs", type=click.IntRange(min=1), help="Cells at a time.  [default: one per core; one on a GPU]")
@click.option("--group", type=click.IntRange(min=1), help="Seeds of a row trained together, at most.  [default: all]")
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
@click.option("--shard", help="Only this part of the rows, 0/8 to 7/8: for schedulers of any kind.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and how long it takes; write nothing.")
def run(
    suite: str,
    baselines: tuple[str, ...],
    datasets: tuple[str, ...],
    experiments: tuple[str, ...],
    seeds: str | None,
    metrics: str,
    steps: int | None,
    budget: str,
    backend: str,
    device: str,
    jobs: int | None,
    group: int | None,
    out: Path,
    data: Path | None,
    fresh: bool,
    retry_failed: bool,
    dry_run: bool,
    shard: str | None,
) -> None:
    """Train, score and compare what a suite asks for; what is done already is not done again.

    Exit codes: 0 done, 1 a seed of some cell diverged or failed, 2 the request was wrong, 130 interrupted.
    """
    from ganbench.cli import suite_run  # noqa: PLC0415

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
        budget,
        backend,
        device,
        jobs,
        group,
        out,
        data,
        fresh,
        retry_failed,
        dry_run,
        shard_of(shard),
    )
    click.get_current_context().exit(suite_run.run(request))
