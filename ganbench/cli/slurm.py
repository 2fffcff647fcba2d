"""``ganbench slurm``: a job script for Slurm, whose tasks share one results folder."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

import click

TIME = re.compile(r"(\d+-)?\d{1,3}(:\d{1,2}){0,2}")  # as sbatch takes it: minutes, h:m:s, days-h:m:s
MOST = 10_000  # tasks of an array
AHEAD = 120  # seconds before the end of its time at which a task is told
SCRIPT = """\
#!/bin/bash
#SBATCH --job-name={name}
#SBATCH --array=1-{array}
#SBATCH --time={time}
#SBATCH --cpus-per-task={cpus}
#SBATCH --signal=B:USR1@{ahead}
#SBATCH --requeue
#SBATCH --output={name}-%A_%a.log
{more}# All tasks work on one folder and share its cells by leases, so that any of them may end at any time.
# Ahead of its end a task writes a checkpoint and gives its cells back (exit code {interrupted}); it is queued again.
cd {folder} || exit
export OMP_NUM_THREADS=1
{command} &
task=$!
trap 'kill -USR1 $task 2>/dev/null' USR1
trap 'kill -TERM $task 2>/dev/null' TERM
code={waiting}
while [ $code -gt 128 ] && kill -0 $task 2>/dev/null; do wait $task; code=$?; done
wait $task 2>/dev/null; last=$?
[ $last -ne 127 ] && code=$last
if [ $code -eq {interrupted} ] && [ -n "$SLURM_ARRAY_JOB_ID" ] && command -v scontrol >/dev/null; then
  scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID"
fi
exit $code
"""


def checked(text: str) -> str:
    """Return a time as Slurm takes it; raises BadParameter for another text."""
    if not TIME.fullmatch(text):
        raise click.BadParameter(f"expected a time such as 4:00:00 or 1-12:00:00, got {text!r}", param_hint="--time")
    return text


def directive(text: str) -> str:
    """Return an option of sbatch for the script; raises BadParameter for what is none."""
    if not re.fullmatch(r"--?[A-Za-z][^\n\r]*", text):
        raise click.BadParameter(f"expected an option such as --partition=cpu, got {text!r}", param_hint="--sbatch")
    return f"#SBATCH {text}\n"


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

    with run.make_context("ganbench run", list(arguments)) as context:  # an unknown option ends here, not in the queue
        suite = str(context.params["suite"])
    for taken in ("--jobs", "--fresh", "--dry-run", "--shard"):
        if any(each == taken or each.startswith(f"{taken}=") for each in arguments):
            raise click.UsageError(f"{taken} cannot be given to the tasks of an array; see --cpus and --array")
    name = re.sub(r"[^\w.-]+", "_", f"ganbench-{Path(suite).stem}")
    command = [sys.executable, "-m", "ganbench", "run", *arguments, "--jobs", str(cpus)]
    click.echo(
        SCRIPT.format(
            name=name,
            array=array,
            time=checked(time),
            cpus=cpus,
            ahead=AHEAD,
            more="".join(map(directive, sbatch)),
            folder=shlex.quote(os.getcwd()),  # noqa: PTH109 as the shell says it
            command=shlex.join(command),
            interrupted=130,
            waiting=129,
        ),
        nl=False,
    )
