"""The append-only store of records: one JSON line each, safe against being cut anywhere and against other writers."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from ganbench._util.files import in_place, sync_folder
from ganbench._util.locks import Lock
from ganbench.errors import BadInput
from ganbench.records.record import Record, read_line, to_line

SELECTION = "selection.json"  # which records the last run was about


class Kept(Protocol):
    """What a store keeps: a dataclass that fits JSON."""

    @property
    def key(self) -> str:
        """The digest of everything that it depends on."""


Item = TypeVar("Item", bound=Kept)


class Log(Generic[Item]):
    """The records of one results folder, in ``records.jsonl``; of several lines with one key the last counts."""

    def __init__(self, folder: Path, kind: type[Item]) -> None:
        self.folder, self.path, self.cells, self.kind = folder, folder / "records.jsonl", folder / "cells", kind
        self.lock = Lock(folder / "records.lock")
        self.place, self.latest = 0, dict[str, Item]()  # what ``news`` has read so far

    def read(self) -> dict[str, Item]:
        """Return the latest record of every key; writes nothing, and passes over a torn last line.

        Raises BadInput or UnknownName that name the line, where one in the middle of the file is broken.
        """
        lines, tail = self.lines()
        texts = [(i, text) for i, line in lines if (text := decoded(line)).strip()]
        records = [read_line(text, self.kind, f"{self.path}, line {i}") for i, text in texts]
        if self.is_whole(tail):
            records.append(read_line(decoded(tail), self.kind))
        return {record.key: record for record in records}

    def news(self) -> dict[str, Item]:
        """Return the latest record of every key as ``read`` does; only lines that are new are read."""
        size = self.path.stat().st_size if self.path.exists() else 0
        if size < self.place:  # set aside, and begun afresh
            self.place, self.latest = 0, {}
        if size > self.place:
            with self.path.open("rb") as file:
                file.seek(self.place)
                finished, end, _ = file.read().rpartition(b"\n")
            self.place += len(finished) + len(end)
            for line in finished.split(b"\n"):
                if text := decoded(line).strip():
                    record = read_line(text, self.kind, str(self.path))
                    self.latest[record.key] = record
        return self.latest

    def latest_of(self, key: str) -> Item | None:
        """Return the latest record of a key, without reading the others; None where there is none."""
        content = self.path.read_bytes() if self.path.exists() else b""
        place = content.rfind(f'"key":"{key}"'.encode())
        start, end = content.rfind(b"\n", 0, max(place, 0)) + 1, content.find(b"\n", place)
        return None if place < 0 or end < 0 else read_line(decoded(content[start:end]), self.kind, str(self.path))

    def lines(self) -> tuple[list[tuple[int, bytes]], bytes]:
        """Return numbered finished lines, and whatever follows the last newline."""
        content = self.path.read_bytes() if self.path.exists() else b""
        *finished, tail = content.split(b"\n")
        return list(enumerate(finished, 1)), tail

    def open(self) -> str:
        """Make the folder ready for writing; return a warning if the last record was torn, else nothing.

        Raises BadInput for a folder that cannot be written to.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self.lock:
                return self.mend()
        except OSError as error:
            raise BadInput(f"{self.folder}: cannot write results there: {error.strerror or error}") from error

    def mend(self) -> str:
        """Finish a last line that lacks only its newline; set a torn one aside. The lock must be held."""
        tail = self.lines()[1]
        if not tail:
            return ""
        if self.is_whole(tail):
            self.add(self.path, b"\n")
            return ""
        torn = self.folder / "records.torn"
        self.add(torn, tail + b"\n")
        os.truncate(self.path, self.path.stat().st_size - len(tail))
        return (
            f"the last record in {self.path} was torn ({len(tail)} bytes, set aside in {torn.name}): it is done again"
        )

    def append(self, *records: Item, wanted: Callable[[str], bool] = lambda key: True) -> None:
        """Add records together; when this returns they are on the disk. Those whose key is not ``wanted`` are left out.

        Raises PlaceError where they cannot be written; then none of them is there.
        """
        lines = {record.key: f"{to_line(record)}\n" for record in records}
        with in_place(self.path), self.lock:
            self.mend()  # another process may have been cut off in the meantime
            if kept := "".join(line for key, line in lines.items() if wanted(key)):
                self.add(self.path, kept.encode())

    def add(self, path: Path, content: bytes) -> None:
        """Append bytes to a file, all or none, and wait until they and the file's name are on the disk."""
        with path.open("ab", buffering=0) as file:
            before = os.fstat(file.fileno()).st_size
            try:
                left = memoryview(content)
                while left:  # a disk that is nearly full takes a part
                    left = left[file.write(left) or 0 :]
                os.fsync(file.fileno())
            except OSError:
                os.truncate(path, before)
                raise
        if not before:
            sync_folder(path.parent)

    def set_aside(self) -> list[Path]:
        """Rename records and cells so that a run starts afresh; return their new places. Nothing is deleted."""
        with self.lock:
            number = 1
            while any(self.folder.glob(f"*.before-{number}*")):
                number += 1
            places = {self.path: f"records.before-{number}.jsonl", self.cells: f"cells.before-{number}"}
            return [old.rename(self.folder / new) for old, new in places.items() if old.exists()]

    def is_whole(self, tail: bytes) -> bool:
        """Whether a last line without its newline is a record all the same."""
        try:
            read_line(tail.decode(), self.kind)
        except ValueError:  # a RequestError or UnicodeDecodeError is one
            return False
        return True


class Store(Log[Record]):
    """The records of cells, and which of them the last run was about."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, Record)

    def selected(self) -> list[Record]:
        """Return the records that the last run in this folder was about; all of them where nothing says which.

        Raises BadInput for a selection that cannot be read.
        """
        records, keys = self.read(), self.selection()
        return [records[key] for key in (records if keys is None else keys) if key in records]

    def selection(self) -> list[str] | None:
        """Return the keys of the records that the last run was about, None where nothing says which.

        Raises BadInput for a file that is no selection.
        """
        path = self.folder / SELECTION
        try:
            keys = json.loads(path.read_text(encoding="utf-8"))["keys"]
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(f"{path}: cannot be read; remove it to see all records") from error
        return [str(key) for key in keys]


def decoded(line: bytes) -> str:
    """Return a line as text; bytes that are none are marked, so that reading them as JSON or by eye shows where."""
    return line.decode("utf-8", "replace")


def is_of_experiments(folder: Path) -> bool:
    """Whether a results folder holds observations of experiments rather than records of cells."""
    try:
        with (folder / "records.jsonl").open("rb") as file:
            return b'"experiment":' in file.readline(4096)[:200]
    except OSError:
        return False
