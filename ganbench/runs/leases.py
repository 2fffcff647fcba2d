"""Leases of cells: any number of processes work on one results folder, and each cell is computed by one of them.

A lease is a file ``leases/KEY.json`` that says which process computes a cell. It is made in one step, with its
content, so that of two processes one gets it. Its holder touches it every BEAT seconds. It is stale, and whoever comes
next takes it over under a lock, when its process has ended on this machine or when it was not touched for STALE
seconds, by the clock of the file system. A process that lost a lease while it hung keeps its result to itself: records
are written under the folder's lock by those who hold the lease.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import time
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from ganbench._util.locks import Lock
from ganbench._util.processes import Owner, owner_of, this

BEAT = 10.0  # seconds between two signs of life
STALE = 120.0  # seconds without one, after which a lease is taken over
FOLDER, LOCK = "leases", "takeover.lock"


@dataclass(frozen=True)
class Lease:
    """Who computes a cell, as its file says."""

    key: str
    title: str  # of the cell, to be shown
    token: str  # of the process's leases: two of one process differ
    owner: Owner
    age: float  # seconds since the last sign of life

    @property
    def is_stale(self) -> bool:
        """Whether nobody computes the cell any more."""
        return self.owner.is_gone or self.age > STALE


class Leases:
    """The leases of one process on the cells of one results folder; leaving the block gives all of them back."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.token = folder / FOLDER, uuid4().hex
        self.held: set[str] = set()
        self.stop = Event()

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lock = Lock(self.folder / LOCK)
        self.probe = self.folder / f".{self.token}.clock"
        self.touch(self.probe)
        self.beat = Thread(target=self.beats, daemon=True)
        self.beat.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop.set()
        self.beat.join()
        self.give_back(tuple(self.held))
        with suppress(OSError):
            self.probe.unlink()

    def take(self, titles: Mapping[str, str]) -> list[str]:
        """Take the leases of cells, by key with what they are called; return the keys of those that were free."""
        return [key for key, title in titles.items() if self.taken(key, title)]

    def taken(self, key: str, title: str) -> bool:
        """Take one lease; return whether that worked."""
        if self.made(key, title):
            return True
        if self.is_taken(key):
            return False
        with self.lock:  # of two that see a stale lease, the second sees the first's
            if self.is_taken(key):
                return False
            self.path(key).unlink(missing_ok=True)
            return self.made(key, title)

    def is_taken(self, key: str) -> bool:
        """Whether somebody computes a cell; a file without its content yet counts as a lease for a while."""
        if lease := self.read(key):
            return not lease.is_stale
        try:
            return moment(self.probe) - self.path(key).stat().st_mtime < BEAT
        except OSError:
            return False

    def made(self, key: str, title: str) -> bool:
        """Make the file of a lease, with its content, in one step; return False where there is one."""
        content = json.dumps({"title": title, "token": self.token, "owner": this().as_dict()})
        part = self.folder / f".{key}.{self.token}.lease"
        part.write_text(content, encoding="utf-8")
        try:
            os.link(part, self.path(key))
        except FileExistsError:
            return False
        except OSError:  # a file system without links: its exclusive creation, which may leave an empty file
            try:
                with self.path(key).open("x", encoding="utf-8") as file:
                    file.write(content)
            except FileExistsError:
                return False
        finally:
            part.unlink(missing_ok=True)
        self.held.add(key)
        return True

    def give_back(self, keys: Iterable[str]) -> None:
        """Give leases back; one that was taken over stays with its new holder."""
        for key in keys:
            self.held.discard(key)
            with suppress(OSError):
                if is_held(self.folder, key, self.token):
                    self.path(key).unlink(missing_ok=True)

    def beats(self) -> None:
        """Show a sign of life every BEAT seconds."""
        while not self.stop.wait(BEAT):
            for path in [self.probe, *map(self.path, tuple(self.held))]:
                with suppress(OSError):  # taken over, or given back just now
                    os.utime(path)

    def path(self, key: str) -> Path:
        """Return the file of a lease."""
        return self.folder / f"{key}.json"

    def read(self, key: str) -> Lease | None:
        """Return a cell's lease as it is now; None where there is none, or one that cannot be read."""
        with suppress(OSError):
            self.touch(self.probe)
        return read(self.path(key), moment(self.probe))

    def touch(self, path: Path) -> None:
        """Set a file's time to the file system's, which the times of leases are compared with."""
        path.touch()


def read(path: Path, now: float) -> Lease | None:
    """Return the lease that a file holds, with its age at that time; None where there is none that can be read."""
    table = content(path)
    owner = owner_of(table.get("owner"))
    if not owner:
        return None
    try:
        age = now - path.stat().st_mtime
    except OSError:
        return None
    return Lease(path.stem, str(table.get("title")), str(table.get("token")), owner, age)


def content(path: Path) -> dict[str, Any]:
    """Return what the file of a lease says; nothing where it is damaged."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return table if isinstance(table, dict) else {}


def is_held(folder: Path, key: str, token: str) -> bool:
    """Whether a lease is still that of the process which the token names."""
    return content(folder / f"{key}.json").get("token") == token


def held(folder: Path) -> list[Lease]:
    """Return the leases in a results folder as they are now, the oldest first.

    Nothing is written: the age is told by this machine's clock, or by the latest sign of life if that is later.
    """
    paths = sorted((folder / FOLDER).glob("*.json"))
    latest = [time(), *(moment(path) for path in (folder / FOLDER).glob("*"))]
    every = [read(path, max(latest)) for path in paths]
    return sorted((lease for lease in every if lease), key=lambda lease: (lease.owner.since, lease.title))


def moment(path: Path) -> float:
    """Return when a file was touched; long ago for one that is not there."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def sweep(folder: Path) -> None:
    """Remove the leases of processes that have ended, and what they left beside them."""
    place = folder / FOLDER
    if not place.is_dir():
        return
    with Lock(place / LOCK):  # nobody takes one over meanwhile
        for lease in held(folder):
            if lease.is_stale:
                (place / f"{lease.key}.json").unlink(missing_ok=True)
        for path in place.glob(".*"):
            if time() - moment(path) > STALE:
                path.unlink(missing_ok=True)
