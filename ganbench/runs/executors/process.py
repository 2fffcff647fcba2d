"""Groups of cells on this machine: one after the other in this process, or several at a time in their own processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from multiprocessing.connection import wait as sentinel_wait
from multiprocessing.queues import Queue
from threading import Thread
from time import monotonic, sleep
from typing import ClassVar

from ganbench._util.machine import device_for
from ganbench._util.processes import die_with_parent
from ganbench.errors import CellError
from ganbench.records.record import Record
from ganbench.runs import stopping
from ganbench.runs.execution import Place, compute, dataset_of
from ganbench.runs.executors import Group, Resources, Tell
from ganbench.runs.queue import Queue as Cells

News = tuple[int, int] | None  # the group's number and its steps; None: no more

PAUSE = 0.5  # seconds between two questions whether there is a group
inbox: list[Queue[News]] = []  # of a worker process: where its news go


class Processes:
    """The processes of this machine, or this one alone."""

    options: ClassVar[frozenset[str]] = frozenset()
    is_here = True

    def __init__(self, resources: Resources) -> None:
        self.most = resources.jobs

    def device(self, wanted: str) -> str:
        """Return the device of cells; raises BadInput for one that is not on this machine."""
        return device_for(wanted)

    def jobs(self, work: Sequence[object], device: str) -> int:
        """Return how many groups are computed at a time."""
        return self.most or jobs_for(work, device)

    def run(self, queue: Cells, place: Place, tell: Tell) -> Iterator[tuple[Group, list[Record]]]:
        """Compute what the queue hands out, here or in as many processes as there is work for."""
        yield from run(queue, place, min(self.jobs(queue.parts, place.device), len(queue.parts)), tell)

    def close(self) -> None:
        """Nothing is left to end."""


def jobs_for(work: Sequence[object], device: str) -> int:
    """Return how many processes to use: as many as there are cores, one on a GPU, never more than there is work for."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(len(work), 1 if device.startswith("cuda") else cores))


def run(groups: Iterable[Group | None], place: Place, jobs: int, tell: Tell) -> Iterator[tuple[Group, list[Record]]]:
    """Compute groups and yield each with its records as it ends; the results are the same under any ``jobs``.

    A None among the groups means that there is none at present: the next is asked for a little later. Raises CellError
    when a process dies; what was finished is kept.
    """
    dataset_of.cache_clear()  # files may have changed since
    if jobs > 1:
        yield from several(groups, place, jobs, tell)
        return
    for group in groups:
        if group is None:
            sleep(PAUSE)
        else:
            yield group, computed(group, place, lambda steps, group=group: tell(group, steps))  # type: ignore[misc]


def computed(group: Group, place: Place, tell: Callable[[int], None]) -> list[Record]:
    """Compute one group."""
    known = {task.cell.key: task.old for task in group if task.old}
    earlier = {task.cell.seed: task.earlier for task in group if task.earlier}
    return compute([task.cell for task in group], place, known, tell, earlier)


def several(
    groups: Iterable[Group | None], place: Place, jobs: int, tell: Tell
) -> Iterator[tuple[Group, list[Record]]]:
    """Compute groups in fresh processes: a forked one would inherit threads and devices in an unknown state.

    A group is asked for when there is a process for it, so that others who share the folder find theirs.
    """
    context = get_context("spawn")
    news: Queue[News] = context.Queue()
    given: list[Group] = []
    source = iter(groups)
    with listening(news, given, tell), pool(jobs, news) as workers:
        running: dict[Future[list[Record]], Group] = {}
        more = True
        while more or running:
            group = None
            if more and len(running) < jobs:
                try:
                    group = next(source)
                except StopIteration:
                    more = False
            if group is not None:
                given.append(group)
                running[workers.submit(work, len(given) - 1, group, place)] = group
                continue
            yield from ended(running, PAUSE if more and len(running) < jobs else None)


def ended(running: dict[Future[list[Record]], Group], timeout: float | None) -> Iterator[tuple[Group, list[Record]]]:
    """Wait for one of some groups to end, or so many seconds; yield those that ended and forget them."""
    if not running:
        sleep(timeout or 0)
    for future in wait(running, timeout, FIRST_COMPLETED).done:
        group = running.pop(future)
        try:
            yield group, future.result()
        except BrokenProcessPool as error:
            raise CellError("a worker process died, perhaps for lack of memory; run again with fewer --jobs") from error


@contextmanager
def pool(jobs: int, news: Queue[News] | None = None) -> Iterator[ProcessPoolExecutor]:
    """Open a pool of processes; when left by an exception, what runs in it is ended."""
    before = set(active_children())
    workers = ProcessPoolExecutor(jobs, get_context("spawn"), start_worker, (news,))
    try:
        with stopping.on_signals():
            yield workers
    except BaseException:
        workers.shutdown(wait=False, cancel_futures=True)
        children = set(active_children()) - before
        for child in children:
            child.terminate()
        wait_for_all([child.sentinel for child in children], stopping.GRACE)  # they may write a checkpoint
        raise
    workers.shutdown()


@contextmanager
def listening(news: Queue[News], groups: Sequence[Group], tell: Tell) -> Iterator[None]:
    """Pass on what the workers tell, in a thread."""

    def listen() -> None:
        while (item := news.get()) is not None:
            tell(groups[item[0]], item[1])

    listener = Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield
    finally:
        news.put(None)
        listener.join(timeout=5)
        news.cancel_join_thread()  # a worker that was ended may have left the queue locked
        news.close()


def wait_for_all(sentinels: Sequence[int], seconds: float) -> None:
    """Wait until processes have ended, so many seconds at most. They are not joined: the thread of the pool does it."""
    left, until = set(sentinels), monotonic() + seconds
    while left and (ended := sentinel_wait(list(left), until - monotonic())):
        left -= {each for each in ended if isinstance(each, int)}


def start_worker(news: Queue[News] | None) -> None:
    """Prepare a worker: an interrupt is the parent's business, a termination or the parent's end its own end."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stopping.in_worker()
    if news is not None:
        inbox.append(news)


def work(number: int, group: Group, place: Place) -> list[Record]:
    """Compute one group in a worker."""
    return computed(group, place, lambda steps: inbox[0].put((number, steps)))
