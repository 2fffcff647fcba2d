"""Where an implementation is written: file and line, found without running any of its code."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """A file, as seen from the current folder where it lies in it, and the line where a function or class begins."""

    path: str
    line: int


def place_of(where: str) -> Place | None:
    """Return the place of ``package.module:name`` or ``file.py:name``; None where no source says."""
    source, _, name = where.rpartition(":")
    path = Path(source) if source.endswith(".py") else file_of(source)
    try:
        tree = ast.parse(path.read_bytes()) if path else None
    except (OSError, SyntaxError, ValueError):
        return None
    return Place(as_seen(path), line_of(tree, name.split("."))) if path and tree else None


def file_of(module: str) -> Path | None:
    """Return a module's file, sought in the folder of its package, which is not imported."""
    first, *parts = module.split(".")
    try:
        spec = find_spec(first)
    except (ImportError, ValueError):
        return None
    if spec is None or (not parts and spec.origin is None):
        return None
    inside = [Path(folder).joinpath(*parts) for folder in spec.submodule_search_locations or ()]
    files = [each for path in inside for each in (path.with_suffix(".py"), path / "__init__.py")]
    return next(filter(Path.is_file, files if parts else [Path(str(spec.origin))]), None)


def line_of(tree: ast.Module, names: list[str]) -> int:
    """Return the line where the function or class of that name begins, 1 where it is made in another way."""
    body, line = tree.body, 1
    for name in names:
        parts = [n for n in body if isinstance(n, ast.FunctionDef | ast.ClassDef) and n.name == name]
        if not parts:
            return line
        body, line = parts[-1].body, parts[-1].lineno
    return line


def as_seen(path: Path) -> str:
    """Return a path from the current folder, whole where the file lies elsewhere."""
    whole, here = path.resolve(), Path.cwd()
    return (whole.relative_to(here) if whole.is_relative_to(here) else whole).as_posix()
