"""Which cells this process computes next, while others take theirs from the same results folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ganbench.records.record import Record
from ganbench.records.store import Store
from ganbench.runs.execution import state
from ganbench.runs.grid import Task
from ganbench.runs.leases import Leases

Group = tuple[Task, ...]  # cells that are computed together


class Queue:
    """Groups of cells to compute; each is handed out once its leases are taken.

    Iterating yields groups, and None while all cells that are left are computed by others: ask again a little later.
    It ends when every cell has its record.

    Parameters
    ----------
    parts
        The groups, as planned.
    store
        Where records appear, also those of others.
    leases
        The leases of this process.
    waiting
        Called with who has the cells that are left, whenever that changes.
    """

    def __init__(
        self, parts: Sequence[Group], store: Store, leases: Leases, waiting: Callable[[str], None] = lambda text: None
    ) -> None:
        self.parts, self.store, self.leases, self.waiting = parts, store, leases, waiting
        self.others: dict[str, Record] = {}  # records that others made, by key
        self.said = ""

    def __iter__(self) -> Iterator[Group | None]:
        left = list(self.parts)
        while left:
            rest = []
            for part in left:
                mine, theirs = self.claim(self.missing(part))
                if mine:
                    yield mine
                if theirs:
                    rest.append(theirs)
            left = rest
            if left:
                self.tell(left)
                yield None

    def claim(self, part: Group) -> tuple[Group, Group]:
        """Take the leases of cells; return those that are ours to compute, and those that others compute."""
        taken = set(self.leases.take({task.cell.key: title(task) for task in part}))
        mine = self.missing(tuple(task for task in part if task.cell.key in taken))  # one may have ended just now
        self.leases.give_back(taken - {task.cell.key for task in mine})
        return mine, tuple(task for task in part if task.cell.key not in taken)

    def missing(self, part: Group) -> Group:
        """Return the tasks of a group that nobody has done since it was planned."""
        known, left = self.store.news(), []
        for task in part:
            record = known.get(task.cell.key)
            if record is None or record == task.old:
                left.append(task)
                continue
            now = state(task.cell, record)
            if now in {"done", "failed"}:
                self.others[record.key] = record
            else:
                left.append(replace(task, old=record, state=now))
        return tuple(left)

    def tell(self, left: Sequence[Group]) -> None:
        """Say who has the cells that are left, if that was not said."""
        keys = [task.cell.key for part in left for task in part]
        owners = {str(lease.owner) for key in keys if (lease := self.leases.read(key))}
        text = f"waiting for {len(keys)} cell{'s' * (len(keys) != 1)} that others compute: {', '.join(sorted(owners))}"
        if owners and text != self.said:
            self.said = text
            self.waiting(text)


def title(task: Task) -> str:
    """Return what a cell is called where leases are shown."""
    return f"{task.cell.title} on {task.cell.dataset}, seed {task.cell.seed}"
