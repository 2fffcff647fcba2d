"""Cells on this machine: one after the other in this process, or several at a time in processes of their own."""

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

from ganbench.cell import Place, compute
from ganbench.errors import CellError
from ganbench.record import Record
from ganbench.run import Task
from ganbench.suite import Cell

Tell = Callable[[Cell, int], None]  # which cell, how many steps are done
News = tuple[int, int] | None  # the task's number and its steps; None: no more

inbox: list[Queue[News]] = []  # of a worker process: where its news go


def jobs_for(tasks: Sequence[object], device: str) -> int:
    """Return how many cells to run at a time: as many as there are cores, one on a GPU, never more than tasks."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(len(tasks), 1 if device.startswith("cuda") else cores))


def run(tasks: Sequence[Task], place: Place, jobs: int, tell: Tell) -> Iterator[tuple[Task, Record]]:
    """Compute the tasks and yield each with its record as it ends; the results are the same under any ``jobs``.

    Raises CellError when a process dies; what was finished is kept.
    """
    if jobs > 1 and len(tasks) > 1:
        yield from several(tasks, place, min(jobs, len(tasks)), tell)
        return
    for task in tasks:
        yield task, compute(task.cell, place, task.old, told(task.cell, tell))


def told(cell: Cell, tell: Tell) -> Callable[[int], None]:
    """Return ``tell`` for one cell."""
    return lambda steps: tell(cell, steps)


def several(tasks: Sequence[Task], place: Place, jobs: int, tell: Tell) -> Iterator[tuple[Task, Record]]:
    """Compute tasks in fresh processes: a forked one would inherit threads and devices in an unknown state."""
    context = get_context("spawn")
    news: Queue[News] = context.Queue()
    with listening(news, tasks, tell), pool(jobs, news) as workers:
        waiting: dict[Future[Record], Task] = {
            workers.submit(work, i, task, place): task for i, task in enumerate(tasks)
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
def listening(news: Queue[News], tasks: Sequence[Task], tell: Tell) -> Iterator[None]:
    """Pass on what the workers tell, in a thread."""

    def listen() -> None:
        while (item := news.get()) is not None:
            tell(tasks[item[0]].cell, item[1])

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


def work(number: int, task: Task, place: Place) -> Record:
    """Compute one task in a worker."""
    return compute(task.cell, place, task.old, lambda steps: inbox[0].put((number, steps)))
