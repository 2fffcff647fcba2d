"""A Slurm array whose tasks share the results folder by leases: its script, and waiting for its end."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import which
from time import sleep
from typing import ClassVar

from ganbench._util.files import in_place, write_atomically
from ganbench.errors import BadInput, CellError, Missing
from ganbench.records.record import Record
from ganbench.runs.execution import Place
from ganbench.runs.executors import Group, Resources, Tell
from ganbench.runs.queue import Queue

PAUSE = 2.0  # seconds between two looks at the records
TASKS = 8  # of an array, where nothing was asked
TIME = re.compile(r"(\d+-)?\d{1,3}(:\d{1,2}){0,2}")  # as sbatch takes it: minutes, h:m:s, days-h:m:s
AHEAD = 120  # seconds before the end of its time at which a task is told
HOURS = "4:00:00"  # of a task, where nothing was asked
JOB = "slurm.sh"  # the script, in the results folder
SCRIPT = """\
#!/bin/bash
#SBATCH --job-name={name}
#SBATCH --array=1-{array}
#SBATCH --time={time}
#SBATCH --cpus-per-task={cpus}
#SBATCH --signal=B:USR1@{ahead}
#SBATCH --requeue
#SBATCH --output={log}-%A_%a.log
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


def script(
    name: str, arguments: Sequence[str], array: int, time: str, cpus: int, sbatch: Sequence[str], logs: str = ""
) -> str:
    """Return the script of an array of tasks, each ``ganbench run`` with the arguments.

    ``sbatch`` are more of its options, ``logs`` the folder of what the tasks say, with a slash. Raises BadInput for a
    time or an option that is none.
    """
    title = re.sub(r"[^\w.-]+", "_", f"ganbench-{name}")
    return SCRIPT.format(
        name=title,
        log=f"{logs}{title}",
        array=array,
        time=checked(time),
        cpus=cpus,
        ahead=AHEAD,
        more="".join(map(directive, sbatch)),
        folder=shlex.quote(os.getcwd()),  # noqa: PTH109 as the shell says it
        command=shlex.join([sys.executable, "-m", "ganbench", "run", *arguments]),
        interrupted=130,
        waiting=129,
    )


def checked(text: str) -> str:
    """Return a time as Slurm takes it; raises BadInput for another text."""
    if not TIME.fullmatch(text):
        raise BadInput(f"--time: expected a time such as 4:00:00 or 1-12:00:00, got {text!r}")
    return text


def directive(text: str) -> str:
    """Return an option of sbatch for the script; raises BadInput for what is none."""
    if not re.fullmatch(r"--?[A-Za-z][^\n\r]*", text):
        raise BadInput(f"--sbatch: expected an option such as --partition=cpu, got {text!r}")
    return f"#SBATCH {text}\n"


class Slurm:
    """Submits an array of tasks, each a process on the folder, and waits until all cells have their records."""

    options: ClassVar[frozenset[str]] = frozenset({"cpus_per_cell", "gpus_per_cell", "time", "sbatch"})
    is_here = False

    def __init__(self, resources: Resources) -> None:
        cpus, gpus = resources.cpus_per_cell or 1, resources.gpus_per_cell or 0
        for name, number in (("--cpus-per-cell", cpus), ("--gpus-per-cell", gpus)):
            if number != int(number):
                raise BadInput(f"{name}: Slurm gives whole ones; expected a whole number, got {number:g}")
        self.resources, self.cpus = resources, int(cpus)
        self.sbatch = [*([f"--gres=gpu:{int(gpus)}"] if gpus else []), *resources.sbatch]
        self.time = checked(resources.time or HOURS)
        for option in self.sbatch:
            directive(option)
        if not which("sbatch"):
            raise Missing("--executor slurm: there is no sbatch here; run it where jobs are submitted, or use --shard")

    def device(self, wanted: str) -> str:
        """Return what was asked: the tasks find out whether it is there."""
        return wanted

    def jobs(self, work: Sequence[object], device: str) -> int:
        """Return how many tasks the array has."""
        return max(1, min(self.resources.jobs or TASKS, len(work)))

    def run(self, queue: Queue, place: Place, tell: Tell) -> Iterator[tuple[Group, list[Record]]]:
        """Submit the array where anything is left, and yield groups as their records appear."""
        left = [part for each in queue.parts if (part := queue.missing(each))]
        if not left:
            return
        job = self.submitted(place.folder, self.jobs(left, place.device))
        try:
            while left:
                ended = job.poll() is not None  # looked at before the records: what ended wrote them
                for part in left:
                    keys = {task.cell.key for task in queue.missing(part)}
                    if done := [task for task in part if task.cell.key not in keys]:
                        yield done, [queue.others[task.cell.key] for task in done]
                left = [rest for part in left if (rest := queue.missing(part))]
                if left and ended:
                    cells = sum(map(len, left))
                    raise CellError(
                        f"the Slurm job has ended (sbatch: exit code {job.returncode}) and {cells} cells have no "
                        f"record; its logs are in {place.folder}, and the same command goes on from there"
                    )
                sleep(PAUSE if left else 0)
        finally:
            if job.poll() is None:
                job.terminate()  # sbatch --wait only waits: the tasks go on, and end by themselves
                job.wait()

    def submitted(self, folder: Path, tasks: int) -> subprocess.Popen[bytes]:
        """Submit the script, and return the process that waits for the end of the job."""
        arguments = [*self.resources.command, "--jobs", "1"]
        logs = f"{folder.absolute()}/"
        text = script(folder.name, arguments, tasks, self.time, self.cpus, self.sbatch, logs)
        with in_place(folder):
            path = write_atomically(folder / JOB, text.encode())
        return subprocess.Popen(["sbatch", "--wait", str(path)], stdout=subprocess.DEVNULL)  # noqa: S603, S607

    def close(self) -> None:
        """Nothing is left to end: the tasks are Slurm's."""
