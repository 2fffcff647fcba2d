"""Where cells are computed: in processes of this machine, on a Ray cluster, or by a Slurm array.

An executor is registered here, by its name in ``--executor``, as the module and class that keep to ``Executor``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib import import_module
from typing import ClassVar, Protocol

from ganbench._util.names import check_names
from ganbench.errors import BadInput
from ganbench.records.record import Record
from ganbench.runs.execution import Place
from ganbench.runs.grid import Task
from ganbench.runs.queue import Queue

EXECUTORS = {
    "process": "ganbench.runs.executors.process:Processes",
    "ray": "ganbench.runs.executors.ray:Ray",
    "slurm": "ganbench.runs.executors.slurm:Slurm",
}

Group = Sequence[Task]  # cells that are computed together
Tell = Callable[[Group, int], None]  # which cells, how many steps are done


@dataclass(frozen=True)
class Resources:
    """What a group of cells that is computed together gets, and where; None or empty where nothing was asked.

    Every executor says in ``options`` which of these have a meaning for it.
    """

    jobs: int | None = None  # groups at a time
    cpus_per_cell: float | None = None
    gpus_per_cell: float | None = None
    ray_address: str = ""
    time: str = ""  # of a Slurm task
    sbatch: tuple[str, ...] = ()  # more options of sbatch
    command: tuple[str, ...] = ()  # the run as it is typed, for tasks that are processes of their own


SHARED = {"jobs", "command"}  # that every executor knows


class Executor(Protocol):
    """Computes the groups of a queue, each once, and gives back their records; the bits do not depend on which."""

    options: ClassVar[frozenset[str]]  # fields of Resources, beside the shared ones, that it obeys
    is_here: bool  # whether groups are computed on this machine, whose memory must hold them

    def __init__(self, resources: Resources) -> None: ...

    def device(self, wanted: str) -> str:
        """Return the device of cells for what ``--device`` says; raises BadInput for one that is not there."""

    def jobs(self, work: Sequence[object], device: str) -> int:
        """Return how many groups are computed at a time, of so much work."""

    def run(self, queue: Queue, place: Place, tell: Tell) -> Iterator[tuple[Group, list[Record]]]:
        """Compute what the queue hands out; yield each group with its records as it ends.

        Raises CellError where processes die again and again; what was finished is kept.
        """

    def close(self) -> None:
        """End what was started for this run."""


def executor(name: str, resources: Resources) -> Executor:
    """Return the executor of that name; raises UnknownName, or BadInput for a resource that it does not know."""
    check_names("executor", [name], EXECUTORS)
    module, _, title = EXECUTORS[name].partition(":")
    kind: type[Executor] = getattr(import_module(module), title)
    given = [field.name for field in fields(resources) if getattr(resources, field.name) != field.default]
    if unknown := [option_of(each) for each in given if each not in kind.options | SHARED]:
        raise BadInput(f"{', '.join(unknown)}: no option of --executor {name}{hint(unknown, name)}")
    return kind(resources)


def hint(options: Sequence[str], without: str) -> str:
    """Say which executors know the first of some options, where others do."""
    kinds: Mapping[str, type[Executor]] = {
        name: getattr(import_module(path.partition(":")[0]), path.partition(":")[2])
        for name, path in EXECUTORS.items()
        if name != without
    }
    know = [name for name, kind in kinds.items() if any(option_of(each) == options[0] for each in kind.options)]
    return f"; it is one of --executor {' or '.join(know)}" if know else ""


def option_of(field: str) -> str:
    """Return how a field of Resources is typed."""
    return f"--{field.replace('_', '-')}"
