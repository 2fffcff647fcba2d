"""Digests of sources, taken once: not at all where the files lie as they did when it was taken before."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

from ganbench.cache import DIGESTS
from ganbench.files import write_atomically
from ganbench.sources import Source

MOST = 256  # digests that are kept: what is forgotten is taken again
SETTLED = 2 * 10**9  # nanoseconds after a change until the next one surely shows in a file's times


def remembering(source: Source, folder: Path | None) -> Source:
    """Return the same source with a digest that is taken once, or was kept in ``folder`` by the stamp of its files."""
    stamp = source.stamp
    if stamp is None or folder is None:
        return source.remembering()
    before, file = stamp(), folder / DIGESTS
    settled = before.newest + SETTLED < time.time_ns()

    def digest() -> str:
        known = kept(file).get(before.text) if settled else None
        found = known or source.digest()
        if known is None and settled and stamp() == before:
            keep(file, before.text, found)
        return found

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
