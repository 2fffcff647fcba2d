"""Files that are there wholly or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from time import time

from platformdirs import user_cache_path

from ganbench._util.processes import is_alive, machine
from ganbench.errors import BadInput, PlaceError

DAY = 86400.0  # seconds after which what a process of another machine left half written is nobody's
numbers = count()


def cache_folder() -> Path:
    """Where feature sets are kept: $GANBENCH_CACHE, or ganbench/features in the user's cache folder."""
    chosen = os.environ.get("GANBENCH_CACHE")
    return Path(chosen) if chosen else user_cache() / "features"


def user_cache() -> Path:
    """Return the user's cache folder; in a container without a home and without users, one in the folder for parts."""
    try:
        return user_cache_path("ganbench", appauthor=False)
    except RuntimeError:
        folder = Path(gettempdir()) / f"ganbench-{os.getuid()}"
        with suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
        is_own = folder.is_dir() and not folder.is_symlink() and folder.stat().st_uid == os.getuid()
        return folder if is_own else Path(mkdtemp(prefix="ganbench-"))


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a path beside ``path`` to write to; what was written there is moved to ``path`` if nothing was raised.

    Folders are made as needed. When this returns, file and name are on the disk. Raises OSError where the file cannot
    be made or moved.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name[-100:]}.{machine()}-{os.getpid()}-{next(numbers)}.part")
    try:
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can say so."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sweep(folder: Path) -> int:
    """Remove what processes that have ended left half written in a folder and below; return how many files went.

    Those of another machine, whose processes cannot be seen from here, go after a day.
    """
    removed = 0
    for path in folder.rglob(".*.part"):
        with suppress(OSError):
            if is_abandoned(path):
                path.unlink()
                removed += 1
    return removed


def is_abandoned(part: Path) -> bool:
    """Whether the process that wrote to a part has ended, or is not known and has not written for a day."""
    where, _, rest = part.name.removesuffix(".part").rpartition(".")[2].partition("-")
    pid = rest.partition("-")[0]
    if where == machine() and pid.isdecimal() and len(pid) < 10:
        return not is_alive(int(pid))
    return time() - part.stat().st_mtime > DAY


@contextmanager
def in_place(folder: Path) -> Iterator[None]:
    """Raise PlaceError for what the operating system refuses within: no cell is to blame for a full disk."""
    try:
        yield
    except OSError as error:
        raise place_error(folder, error) from error


def place_error(folder: Path, error: OSError) -> PlaceError:
    """Return what a user is told when a folder cannot be written to."""
    reason = error.strerror or str(error)
    return PlaceError(
        f"{error.filename or folder}: cannot be written: {reason}; what was finished is kept, and the same command "
        "goes on from there once it can be"
    )


def write_atomically(path: Path, content: bytes) -> Path:
    """Write ``content`` beside ``path`` and move it there in one step; folders are made as needed."""
    with written_whole(path) as part:
        part.write_bytes(content)
    return path


def write_text(path: Path, text: str) -> Path:
    """Write text for a user, whole or not at all; raises BadInput where it cannot be written."""
    try:
        return write_atomically(path, text.encode("utf-8", "replace"))
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror})") from error


def save_as(path: str | Path, formats: Mapping[str, Callable[[], str]]) -> Path:
    """Write the text of the format that a name's suffix says; raises BadInput for another suffix."""
    path = Path(path)
    if path.suffix.lower() not in formats:
        raise BadInput(f"{path}: expected a name that ends in {', '.join(formats)}")
    return write_text(path, formats[path.suffix.lower()]())
