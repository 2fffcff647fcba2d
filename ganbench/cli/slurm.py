"""``ganbench slurm``: a job script for Slurm, whose tasks share one results folder."""

from __future__ import annotations

from pathlib import Path

import click

MOST = 10_000  # tasks of an array
OWN = ("--jobs", "--fresh", "--dry-run", "--shard", "--executor")  # of what each task is for itself


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--array", type=click.IntRange(1, MOST), default=8, show_default=True, help="Tasks of the job.")
@click.option("--time", default="4:00:00", show_default=True, help="Time of a task, as sbatch takes it.")
@click.option("--cpus", type=click.IntRange(1, 1024), default=1, show_default=True, help="Cores and --jobs of a task.")
@click.option("--sbatch", multiple=True, help="Another option of sbatch, as --sbatch=--partition=cpu. Repeatable.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def slurm(array: int, time: str, cpus: int, sbatch: tuple[str, ...], arguments: tuple[str, ...]) -> None:
    """Print a job script that runs a suite as a Slurm array: ganbench slurm --suite standard --array 64 > job.sh.

    All other options are those of ganbench run. The folder of --out must be one that all machines see.
    """
    from ganbench.cli.run import run  # noqa: PLC0415
    from ganbench.runs.executors.slurm import script  # noqa: PLC0415

    with run.make_context("ganbench run", list(arguments)) as context:  # an unknown option ends here, not in the queue
        suite = str(context.params["suite"])
    for taken in OWN:
        if any(each == taken or each.startswith(f"{taken}=") for each in arguments):
            raise click.UsageError(f"{taken} cannot be given to the tasks of an array; see --cpus and --array")
    command = [*arguments, "--jobs", str(cpus)]
    click.echo(script(Path(suite).stem, command, array, time, cpus, sbatch), nl=False)
