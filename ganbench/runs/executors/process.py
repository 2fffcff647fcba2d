"""Groups of cells on this machine: one after the other in this process, or several at a time in their own processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from multiprocessing.queues import Queue
from threading import Thread, current_thread, main_thread

from ganbench.errors import CellError
from ganbench.records.record import Record
from ganbench.runs.cell import Place, compute
from ganbench.runs.grid import Task

Group = Sequence[Task]  # cells that are computed together
Tell = Callable[[Group, int], None]  # which cells, how many steps are done
News = tuple[int, int] | None  # the group's number and its steps; None: no more

inbox: list[Queue[News]] = []  # of a worker process: where its news go


def jobs_for(work: Sequence[object], device: str) -> int:
    """Return how many processes to use: as many as there are cores, one on a GPU, never more than there is work for."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(len(work), 1 if device.startswith("cuda") else cores))


def run(groups: Sequence[Group], place: Place, jobs: int, tell: Tell) -> Iterator[tuple[Group, list[Record]]]:
    """Compute groups and yield each with its records as it ends; the results are the same under any ``jobs``.

    Raises CellError when a process dies; what was finished is kept.
    """
    if jobs > 1 and len(groups) > 1:
        yield from several(groups, place, min(jobs, len(groups)), tell)
        return
    for group in groups:
        yield group, computed(group, place, lambda steps, group=group: tell(group, steps))  # type: ignore[misc]


def computed(group: Group, place: Place, tell: Callable[[int], None]) -> list[Record]:
    """Compute one group."""
    known = {task.cell.key: task.old for task in group if task.old}
    return compute([task.cell for task in group], place, known, tell)


def several(groups: Sequence[Group], place: Place, jobs: int, tell: Tell) -> Iterator[tuple[Group, list[Record]]]:
    """Compute groups in fresh processes: a forked one would inherit threads and devices in an unknown state."""
    context = get_context("spawn")
    news: Queue[News] = context.Queue()
    with listening(news, groups, tell), pool(jobs, news) as workers:
        waiting: dict[Future[list[Record]], Group] = {
            workers.submit(work, i, group, place): group for i, group in enumerate(groups)
        }
        try:
            for future in as_completed(waiting):
                yield waiting[future], future.result()
        except BrokenProcessPool as error:
            raise CellError("a worker process died, perhaps for lack of memory; run again with fewer --jobs") from error


@contextmanager
def pool(jobs: int, news: Queue[News] | None = None) -> Iterator[ProcessPoolExecutor]:
    """Open a pool of processes; when left by an exception, what runs in it is ended."""
    before = set(active_children())
    workers = ProcessPoolExecutor(jobs, get_context("spawn"), start_worker, (news,))
    try:
        with termination_interrupts():
            yield workers
    except BaseException:
        workers.shutdown(wait=False, cancel_futures=True)
        for child in set(active_children()) - before:
            child.terminate()
        raise
    workers.shutdown()


@contextmanager
def termination_interrupts() -> Iterator[None]:
    """Take SIGTERM for an interrupt, so that it ends the processes of the pool too; only the main thread can."""
    if current_thread() is not main_thread():
        yield
        return
    usual = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, usual)


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


def start_worker(news: Queue[News] | None) -> None:
    """Prepare a worker: an interrupt is the parent's business, a termination its own end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if news is not None:
        inbox.append(news)


def work(number: int, group: Group, place: Place) -> list[Record]:
    """Compute one group in a worker."""
    return computed(group, place, lambda steps: inbox[0].put((number, steps)))
