"""A user's own Python file, run because the user names it."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Mapping
from hashlib import blake2b
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from ganbench._util.names import suggestion
from ganbench.errors import BadInput, Missing

# names of 0.1 that a user's file may import, and their names since
RENAMED_MODULES = {
    "ganbench.game": "ganbench.baseline",
    "ganbench.players": "ganbench.baseline",
    "ganbench.deal": "ganbench.training.batches",
    "ganbench.train": "ganbench.training.trainer",
    "ganbench.sample": "ganbench.training.sampler",
    "ganbench.metrics.base": "ganbench.metrics",
    "ganbench.roster": "ganbench.training.registry",
    "ganbench.check": "ganbench.conformance",
}
RENAMED_IMPORTS = {"Player": "Net", "Move": "Update", "critic": "discriminator"}


def is_path(name: str) -> bool:
    """Whether a name means a file rather than something shipped."""
    return split(name)[0].endswith(".py") or "/" in name


def regularised(name: str) -> tuple[str, list[str]]:
    """Return the name or path, and the regularisers that are asked for around it: ``f_gan:kl+r1+diffaug``."""
    match = re.fullmatch(r"([^/\\+]+|.*\.py(?::[^/\\+]*)?)\+([^/\\:.]*)", name)
    return (match[1], match[2].split("+")) if match else (name, [])


def split(name: str) -> tuple[str, str]:
    """Return the name or path without regularisers, and the member of it that is asked for, or nothing."""
    name, _ = regularised(name)
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
        raise BadInput(f"{path}: does not import: {renamed(error) or in_one_line(error)}") from error
    return sys.modules[private]


def attribute(path: Path, name: str, kind: str) -> tuple[Any, str]:
    """Return what a user's file calls by that name, and the digest of the file; raises as ``imported``."""
    module = imported(path, kind)
    if not hasattr(module, name):
        public = [each for each in vars(module) if not each.startswith("_")]
        raise BadInput(f"{path}: has no {name}; {suggestion(name, public)}")
    return getattr(module, name), blake2b(content_of(path, kind), digest_size=16).hexdigest()


class Fresh(SourceFileLoader):
    """Compiles the file as it is now; no compiled form is read or left behind."""

    def path_stats(self, path: str) -> Mapping[str, Any]:
        raise OSError("a time stamp would allow a stale compiled form")


def renamed(error: BaseException) -> str:
    """Return what a name of 0.1 that cannot be imported is called now, or nothing."""
    if isinstance(error, ModuleNotFoundError) and error.name in RENAMED_MODULES:
        return f"{error.name} is called {RENAMED_MODULES[error.name]} now"
    match = re.match(r"cannot import name '(\w+)' from 'ganbench\.", str(error))
    name = match[1] if match else ""
    return f"{name} is called {RENAMED_IMPORTS[name]} now" if name in RENAMED_IMPORTS else ""


def in_one_line(error: BaseException) -> str:
    """Return an exception's type and text on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def raising_line(error: Exception, file: Path) -> tuple[int, str]:
    """Return number and text of the line of a file that raised, the innermost one; 0 and nothing where none did."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == file]
    return (frames[-1].lineno or 0, frames[-1].line or "") if frames else (0, "")
