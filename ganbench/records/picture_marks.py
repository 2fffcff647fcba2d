"""Which records a picture shows, as a mark inside of the file: a picture of other records is drawn again.

A process may be killed between a record and its pictures, and a picture may be damaged, or copied from elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

from ganbench._util.files import write_atomically
from ganbench.records.record import Record, to_line

HEAD = 4096  # bytes in which a mark lies: before the pixels
SEEDS = 3  # that the picture of a row shows, side by side
PICTURE = "samples.png"  # of a row, beside its samples
LISTED = "pictures.json"  # which pictures of all records there are, and their mark


def mark_of(records: Sequence[Record]) -> str:
    """Return the digest of records, in any order, without where and when they were made."""
    lines = sorted(to_line(replace(record, provenance={})) for record in records)
    return blake2b("\n".join(lines).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def carries(path: Path, mark: str) -> bool:
    """Whether a picture is there and carries a mark."""
    try:
        with path.open("rb") as file:
            return mark.encode() in file.read(HEAD)
    except OSError:
        return False


def shown(row: Sequence[Record]) -> list[Record]:
    """Return those seeds of a row that its picture shows."""
    return sorted(row, key=lambda record: record.seed)[:SEEDS]


def place(record: Record, folder: Path) -> Path:
    """Return where the picture of a record's row lies in a results folder."""
    return folder / record.files / PICTURE


def has_samples(record: Record, folder: Path) -> bool:
    """Whether the samples of a seed are kept."""
    return (folder / record.files / f"samples-{record.seed}.safetensors").exists()


def lacking(records: Sequence[Record], folder: Path) -> list[list[Record]]:
    """Return the rows whose samples are kept, and whose picture is missing or shows other records."""
    by_row: dict[str, list[Record]] = {}
    for record in records:
        by_row.setdefault(record.row, []).append(record)
    drawn = [shown(row) for row in by_row.values()]
    return [
        row
        for row in drawn
        if any(each.status == "done" for each in row)
        and all(has_samples(each, folder) for each in row if each.status == "done")
        and not carries(place(row[0], folder), mark_of(row))
    ]


def note(paths: Sequence[Path], records: Sequence[Record], folder: Path) -> None:
    """Write down which pictures of all records there are."""
    table = {"records": mark_of(records), "files": sorted(path.name for path in paths)}
    write_atomically(folder / LISTED, json.dumps(table, indent=1).encode())


def is_complete(records: Sequence[Record], folder: Path) -> bool:
    """Whether the pictures of all records, as they were written down, are there and of these records."""
    try:
        table = json.loads((folder / LISTED).read_text(encoding="utf-8"))
        mark, names = table["records"], [str(name) for name in table["files"]]
    except (OSError, ValueError, TypeError, KeyError):
        return False
    return mark == mark_of(records) and all(carries(folder / Path(name).name, mark) for name in names)
