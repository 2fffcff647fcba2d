"""Folders of image files: nested, mixed, in the order of their names, decoded by threads."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from hashlib import blake2b
from itertools import islice
from pathlib import Path

import numpy as np

from ganbench.errors import BadInput, Missing
from ganbench.io.decode import SUFFIXES, decode
from ganbench.io.fingerprint import stamp
from ganbench.io.grey_levels import FULL
from ganbench.io.sidecars import TABLE, with_table
from ganbench.io.source import LeftOut, Picture, Source, Span, between, natural, printable

LARGEST = 1 << 27  # bytes of a single image file
TASK, TASK_BYTES, AHEAD = 16, 1 << 22, 3  # files of a task, bytes of its pixels; tasks that wait for each thread
FREED = (1 << 25) - (1 << 16)  # just below the largest block from whose size glibc learns

Read = Callable[[], bytes]
Item = tuple[str, Read] | LeftOut
Decode = Callable[[str, bytes], Picture]


def open_folder(path: Path, name: str, span: Span | None = None) -> Source:
    """Return the images below a folder; raises BadInput where there is none, Missing where it cannot be read."""
    try:
        files, left_out = listed(path)
    except OSError as error:
        raise Missing(f"{name}: cannot be read ({error.strerror})") from error
    if not files:
        raise BadInput(f"{name}: no image in this folder{reasons_of(left_out)}; expected {', '.join(SUFFIXES)}")

    def items() -> Iterator[Item]:
        yield from left_out
        for file in files:
            yield relative(file, path), partial(bytes_of, file)

    table = path / TABLE
    has_table = table.is_file()
    left_out = [each for each in left_out if not (has_table and each.name == TABLE)]
    passed = [f"{each.reason}: {each.name}" for each in left_out]
    source = Source(
        name,
        "images",
        lambda: digest(items()),
        lambda: decoded(items(), decoder(span)),
        span=span,
        respan=None if span else lambda guessed: lambda: decoded(items(), decoder(None, guessed[1])),
        count=len(files),
        between=lambda first, last: lambda: decoded(between(items(), first, last), decoder(span)),
        stamp=lambda: stamp([*files, str(table)] if has_table else files, *passed),
    )
    names = [relative(file, path) for file in files] if has_table else []
    return with_table(source, names, partial(bytes_of, str(table))) if has_table else source


def listed(top: Path) -> tuple[list[str], list[LeftOut]]:
    """Return image files below a folder in natural order, and what was passed over; links to folders seen are cut."""
    files: list[str] = []
    left_out: list[LeftOut] = []
    seen: set[tuple[int, int]] = set()
    waiting = [str(top)]
    while waiting:
        here = waiting.pop()
        status = os.stat(here)  # noqa: PTH116 (text, not paths: a folder may hold a hundred thousand)
        if (status.st_dev, status.st_ino) in seen:
            left_out.append(LeftOut(relative(here, top), "a folder met before"))
            continue
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(here) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    left_out.append(LeftOut(relative(entry.path, top), "hidden"))
                elif os.path.isdir(entry.path) if entry.is_symlink() else entry.is_dir():  # noqa: PTH112
                    waiting.append(entry.path)
                elif reason := unfit(entry):
                    left_out.append(LeftOut(relative(entry.path, top), reason))
                else:
                    files.append(entry.path)
    start = len(str(top))
    return sorted(files, key=lambda path: natural(path[start:])), sorted(left_out, key=lambda each: natural(each.name))


def relative(path: str, top: Path) -> str:
    """Return a path below ``top``; pathlib would take longer than the decoding of small files."""
    return printable(path[len(str(top)) :].lstrip(os.sep).replace(os.sep, "/"))


def unfit(entry: os.DirEntry[str]) -> str:
    """Return why a file gives no image, or nothing."""
    if not (os.path.isfile(entry.path) if entry.is_symlink() else entry.is_file()):  # noqa: PTH113
        return "no regular file" if os.path.exists(entry.path) else "a broken link"  # noqa: PTH110
    if not entry.name.lower().endswith(SUFFIXES):
        return "no image by its suffix"
    return "" if entry.stat().st_size else "empty"


def reasons_of(left_out: Iterable[LeftOut]) -> str:
    """Return how many things were passed over and why, for a message."""
    counts: dict[str, int] = {}
    for each in left_out:
        counts[each.reason] = counts.get(each.reason, 0) + 1
    return f" ({', '.join(f'{count} {reason}' for reason, count in counts.items())})" if counts else ""


def bytes_of(path: str) -> bytes:
    """Return a file's content; raises BadInput where it cannot be read or is too large to be an image."""
    name = printable(os.path.basename(path))  # noqa: PTH119
    try:
        file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))  # an opened stream takes four times as long
        try:
            size = os.fstat(file).st_size
            content = os.read(file, min(size, LARGEST) + 1)
            while len(content) != size and len(content) <= LARGEST and (more := os.read(file, TASK_BYTES)):
                content += more  # where a read is interrupted, or the system does not know the size
        finally:
            os.close(file)
    except OSError as error:
        raise BadInput(f"{name}: cannot be read ({error.strerror})") from error
    return within_bounds(name, content)


def within_bounds(name: str, content: bytes) -> bytes:
    """Return the content unless it is too large to be an image."""
    if len(content) > LARGEST:
        raise BadInput(f"{name}: more than {LARGEST} bytes")
    return content


def digest(items: Iterator[Item]) -> str:
    """Return the digest of names, sizes and contents in order; what was left out or cannot be read counts by name."""
    whole = blake2b(digest_size=16)
    for item in items:
        if isinstance(item, LeftOut):
            whole.update(f"{item.reason}: {item.name}\n".encode("utf-8", "surrogateescape"))
            continue
        name, read = item
        try:
            content = read()
        except BadInput as error:
            content = str(error).encode("utf-8", "surrogateescape")
        whole.update(f"{len(content)} {name}\n".encode("utf-8", "surrogateescape") + content)
    return whole.hexdigest()


def decoder(span: Span | None = None, white: float = FULL) -> Decode:
    """Return a decoder that takes these values for black and white where files do not say them."""
    return partial(decode, span=span, white=white)


def decoded(items: Iterator[Item], decode: Decode = decode) -> Iterator[Picture | LeftOut]:
    """Decode in threads, in order, never more than a few tasks ahead; tasks are smaller where pictures are large."""
    keep_what_is_freed()
    workers, count = os.cpu_count() or 1, 1
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[list[Picture | LeftOut]]] = deque()
        while True:
            while len(waiting) < workers * AHEAD and (task := list(islice(items, count))):
                waiting.append(pool.submit(decode_all, task, decode))
            if not waiting:
                return
            pictures = waiting.popleft().result()
            largest = max((each.pixels.size for each in pictures if isinstance(each, Picture)), default=0)
            count = max(1, min(TASK, TASK_BYTES // max(1, largest)))
            yield from pictures


def keep_what_is_freed() -> None:
    """Let the allocator hand freed memory out again: glibc gives blocks back until one as large as this was freed.

    To be given new pages for every picture takes a fifth as long as decoding it. Nothing is written here, so no page
    is taken; other allocators do not mind.
    """
    np.empty(FREED, np.uint8)


def decode_all(task: Iterable[Item], decode: Decode) -> list[Picture | LeftOut]:
    return [item if isinstance(item, LeftOut) else decode_one(*item, decode) for item in task]


def decode_one(name: str, read: Read, decode: Decode) -> Picture | LeftOut:
    """Return one picture, or why there is none."""
    try:
        return decode(name, read())
    except BadInput as error:
        return LeftOut(name, str(error).partition(": ")[2] or str(error), broken=True)
