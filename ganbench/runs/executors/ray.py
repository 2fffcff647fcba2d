"""Groups of cells as tasks of Ray: of one that is started here for the run, or of a cluster that is there.

The process that was called holds the leases of all cells that its tasks compute, and draws pictures and tables. A task
writes its records into the results folder, which all nodes must see. Where its worker or node dies, Ray starts it
again elsewhere: it goes on from its checkpoint, and what has a record is not computed again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from time import sleep
from typing import Any, ClassVar

from ganbench._util.machine import device_for
from ganbench._util.ray_cluster import Cluster, enter
from ganbench.errors import BadInput, CellError
from ganbench.records.record import Record
from ganbench.records.store import Store
from ganbench.runs import stopping
from ganbench.runs.execution import Place
from ganbench.runs.executors import Group, Resources, Tell
from ganbench.runs.executors.process import PAUSE, jobs_for
from ganbench.runs.executors.process import computed as in_this_process
from ganbench.runs.queue import Queue

REMEDY = "more --cpus-per-cell or a smaller --group"


class Ray:
    """Tasks on a Ray cluster."""

    options: ClassVar[frozenset[str]] = frozenset({"ray_address", "cpus_per_cell", "gpus_per_cell"})

    def __init__(self, resources: Resources) -> None:
        self.resources, self.is_here = resources, not resources.ray_address
        cpus = 1.0 if resources.cpus_per_cell is None else resources.cpus_per_cell
        self.gpus = resources.gpus_per_cell
        self.cluster = Cluster(resources.ray_address, cpus, self.gpus or 0.0, CellError, resources.jobs)
        self.ray = self.cluster.ray

    def device(self, wanted: str) -> str:
        """Return the device of cells: a GPU where they get one, or a part of one, and the CPU elsewhere."""
        if self.gpus is None:
            self.gpus = 1.0 if wanted.startswith("cuda") or (self.is_here and device_for(wanted) != "cpu") else 0.0
        if self.gpus and wanted == "cpu":
            raise BadInput(f"--device cpu computes on no GPU; expected no --gpus-per-cell, got {self.gpus:g}")
        self.cluster.gpus = self.gpus
        return "cuda:0" if self.gpus else "cpu"  # of the GPUs that Ray lets a task see, the first

    def jobs(self, work: Sequence[object], device: str) -> int:
        """Return for how many groups at a time there is room, on this machine or in the cluster as it is."""
        if self.is_here or not work:
            return self.resources.jobs or max(1, int(jobs_for(work, device) / self.cluster.cpus))
        return max(1, min(len(work), self.cluster.slots()))

    def run(self, queue: Queue, place: Place, tell: Tell) -> Iterator[tuple[Group, list[Record]]]:
        """Compute what the queue hands out as tasks, as many at a time as the cluster has room for."""
        ray, running, given = self.ray, dict[Any, Group](), list[Group]()
        if not queue.parts:
            return
        self.cluster.connect()
        task, news = self.cluster.task(computed), self.news()
        place = replace(place, folder=place.folder.absolute(), data=place.data and place.data.absolute())
        source, more = iter(queue), True
        try:
            while more or running:
                group = None
                if more and len(running) < self.cluster.slots():
                    try:
                        group = next(source)
                    except StopIteration:
                        more = False
                if group is not None:
                    given.append(group)
                    running[task.remote(group, place, os.getcwd(), len(given) - 1, news)] = group  # noqa: PTH109
                    continue
                if running:
                    ended, _ = ray.wait(list(running), timeout=PAUSE)
                else:
                    ended = []
                    sleep(PAUSE)
                self.pass_on(news, given, tell)
                for each in ended:
                    yield running.pop(each), self.cluster.result(each, REMEDY)
        except BaseException:
            self.cluster.cancel(list(running), stopping.GRACE)  # each writes a checkpoint first
            raise

    def news(self) -> Any:
        """Return an actor on this node that collects how far tasks are."""
        strategy = import_module("ray.util.scheduling_strategies").NodeAffinitySchedulingStrategy
        here = strategy(self.ray.get_runtime_context().get_node_id(), soft=True)
        return self.ray.remote(num_cpus=0, scheduling_strategy=here)(News).remote()

    def pass_on(self, news: Any, given: Sequence[Group], tell: Tell) -> None:
        """Tell how far tasks are."""
        with suppress(self.ray.exceptions.RayError):  # only shown
            for number, steps in self.ray.get(news.taken.remote(), timeout=PAUSE).items():
                tell(given[number], steps)

    def close(self) -> None:
        """Leave the cluster; end the one that was started for this run."""
        self.cluster.close()


class News:
    """How many steps of each group are done, as last heard."""

    def __init__(self) -> None:
        self.steps: dict[int, int] = {}

    def tell(self, number: int, steps: int) -> None:
        """Note how far a group is."""
        self.steps[number] = steps

    def taken(self) -> dict[int, int]:
        """Return what was heard since the last time."""
        steps, self.steps = self.steps, {}
        return steps


def computed(group: Group, place: Place, folder: str, number: int, news: Any) -> list[Record]:
    """Compute a group in a worker, but for cells that a worker which died had recorded.

    Paths of a user's files are those of the ``folder`` in which the run was started.
    """
    enter(folder, place.folder)
    store = Store(place.folder)
    known = {task.cell.key: (store.latest_of(task.cell.key), task.old) for task in group}
    made = {key: record for key, (record, old) in known.items() if record and record != old}
    left = [task for task in group if task.cell.key not in made]
    if left:
        with stopping.on_signals(interrupts=True):
            fresh = in_this_process(left, place, lambda steps: news.tell.remote(number, steps) and None)
        made |= {record.key: record for record in fresh}
    return [made[task.cell.key] for task in group]
