"""Files that are there wholly or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from ganbench.errors import BadInput


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a path beside ``path`` to write to; what was written there is moved to ``path`` if nothing was raised.

    Folders are made as needed. Raises OSError where the file cannot be made or moved.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


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
