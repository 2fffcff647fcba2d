"""Locks between processes that say whom they wait for, and give up."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from ganbench._util.processes import Owner, owner_of, this
from ganbench.errors import PlaceError

PATIENCE = 120.0  # seconds: what is done under a lock takes a fraction of one, tables and pictures some


class Lock:
    """A lock that one process holds at a time, on this machine and on others that share the file system.

    The kernel frees it when its holder dies. It is ``flock``, which file systems of one machine and NFS 4 keep.
    Raises PlaceError where it is not free within ``patience`` seconds; the line says who holds it.
    """

    def __init__(self, path: Path, patience: float | None = None) -> None:
        self.path, self.patience, self.lock = path, patience, FileLock(path)
        self.note = path.with_name(f"{path.name}.holder")

    def __enter__(self) -> Self:
        try:
            self.lock.acquire(timeout=PATIENCE if self.patience is None else self.patience)
        except Timeout as error:
            who = self.holder()
            holder = f"{who} holds it" if who else "another process holds it"
            seconds = PATIENCE if self.patience is None else self.patience
            raise PlaceError(f"{self.path}: waited {seconds:g} s for this lock; {holder}, and may hang") from error
        with suppress(OSError):  # who holds it is only shown
            self.note.write_text(json.dumps(this().as_dict()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self.note.unlink(missing_ok=True)
        self.lock.release()

    def holder(self) -> Owner | None:
        """Return who holds the lock, None where nothing says so."""
        with suppress(OSError, ValueError):
            return owner_of(json.loads(self.note.read_text()))
        return None
