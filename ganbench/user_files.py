"""A user's own Python file, run because the user names it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from hashlib import blake2b
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from ganbench.errors import BadInput, Missing


def is_path(name: str) -> bool:
    """Whether a name means a file rather than something shipped."""
    return split(name)[0].endswith(".py") or "/" in name


def split(name: str) -> tuple[str, str]:
    """Return the name or path, and the member of it that is asked for, or nothing."""
    base, colon, member = name.rpartition(":")
    return (base, member) if colon and not {"/", "\\"} & set(member) else (name, "")


def content_of(path: Path, kind: str) -> bytes:
    """Return what a file holds; raises Missing for a file of that ``kind`` that cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Missing(f"{path}: cannot read this {kind}: {error.strerror}") from error


def imported(path: Path, kind: str) -> ModuleType:
    """Import a user's file under a private name made from its place and content; writes nothing beside it.

    Raises Missing for a file that cannot be read, BadInput for one that does not import.
    """
    content = content_of(path, kind)
    private = f"_ganbench_{blake2b(bytes(path.resolve()) + content, digest_size=8).hexdigest()}"
    if private in sys.modules:
        return sys.modules[private]
    spec = spec_from_file_location(private, path, loader=Fresh(private, str(path.resolve())))
    if spec is None or spec.loader is None:
        raise BadInput(f"{path}: not a Python file")
    sys.modules[private] = module_from_spec(spec)  # a dataclass looks its module up while it is made
    try:
        spec.loader.exec_module(sys.modules[private])
    except (Exception, SystemExit) as error:  # whatever a user's file may raise
        del sys.modules[private]
        raise BadInput(f"{path}: does not import: {in_one_line(error)}") from error
    return sys.modules[private]


class Fresh(SourceFileLoader):
    """Compiles the file as it is now; no compiled form is read or left behind."""

    def path_stats(self, path: str) -> Mapping[str, Any]:
        raise OSError("a time stamp would allow a stale compiled form")


def in_one_line(error: BaseException) -> str:
    """Return an exception's type and text on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
