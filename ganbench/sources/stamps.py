"""Whether files are the ones of before, from what the file system knows of them, without reading them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

from ganbench.sources.base import Stamp


def stamp(paths: Iterable[Path | str], *words: str) -> Stamp:
    """Return the stamp of files: names, numbers, sizes, times of the last change of content and of status.

    ``words`` are what else the samples depend on. A file that cannot be looked at counts by name.
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
