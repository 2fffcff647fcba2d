"""Digests of sources, taken once: not at all where the files lie as they did when it was taken before.

Whether they do is told by what the file system knows of them, without reading them.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from hashlib import blake2b, file_digest
from pathlib import Path

from ganbench._util.files import write_atomically
from ganbench.errors import Missing
from ganbench.io.source import Source, Stamp

MOST = 256  # digests that are kept: what is forgotten is taken again
SETTLED = 2 * 10**9  # nanoseconds after a change until the next one surely shows in a file's times


def remembering(source: Source, file: Path | None) -> Source:
    """Return the same source with a digest that is taken once, or was kept in ``file`` by the stamp of its files."""
    stamp = source.stamp
    if stamp is None or file is None:
        return source.remembering()
    before = stamp()
    settled = before.newest + SETTLED < time.time_ns()

    def digest() -> str:
        known = kept(file).get(before.text) if settled else None
        result = known or source.digest()
        if known is None and settled and stamp() == before:
            keep(file, before.text, result)
        return result

    def again() -> str:
        return once() if settled and stamp() == before else source.digest()

    once = cache(digest)
    return replace(source, digest=once, again=again)


def kept(file: Path) -> dict[str, str]:
    """Return digests by stamps; none where the file is damaged or not there."""
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) and all(isinstance(each, str) for each in known.values()) else {}


def keep(file: Path, stamp: str, digest: str) -> None:
    """Keep one more digest; of two processes that do so at once, one may have to do it again."""
    latest = [*kept(file).items(), (stamp, digest)][-MOST:]
    with suppress(OSError):
        write_atomically(file, json.dumps(dict(latest)).encode())


def stamp(paths: Iterable[Path | str], *words: str) -> Stamp:
    """Return the stamp of files: names, numbers, sizes, times of the last change of content and of status.

    ``words`` are what else the samples depend on. A file whose state cannot be read counts by name.
    """
    whole, newest = blake2b(f"{Path.cwd()} {words}".encode("utf-8", "surrogateescape"), digest_size=16), 0
    for path in paths:
        try:
            status = os.stat(path)  # noqa: PTH116 (of ten thousand files, a second saved)
        except OSError:
            known: tuple[int, ...] = ()
        else:
            known = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            newest = max(newest, *known[3:])
        whole.update(f"{path} {known}\n".encode("utf-8", "surrogateescape"))
    return Stamp(whole.hexdigest(), newest)


def content_digest(path: Path, name: str) -> str:
    """Return the digest of a file's bytes; raises Missing where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "blake2b").hexdigest()[:32]
    except OSError as error:
        raise Missing(f"{name}: cannot be read ({error.strerror})") from error
