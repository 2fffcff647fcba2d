"""The digest of the code that a cell's samples depend on; comments, docstrings and layout are not part of it."""

from __future__ import annotations

import ast
import inspect
from functools import cache
from hashlib import blake2b
from io import StringIO
from pathlib import Path
from tokenize import COMMENT, generate_tokens

PACKAGE = Path(__file__).parent
# Whatever the samples of a cell depend on, beside the file of its baseline.
SOURCES = (
    "dataset",
    "deal",
    "game",
    "moves",
    "optim",
    "players",
    "replay",
    "sample",
    "sides",
    "streams",
    "train",
    "weights",
)
FOLDERS = ("data", "nets")


def source_digest(baseline: type) -> str:
    """Return the digest of the code that a baseline's samples depend on: its own file and the package's share."""
    digest = blake2b(digest_size=16)
    own = bare(Path(inspect.getfile(baseline)).read_text(encoding="utf-8"))
    for name, code in {**package_sources(), "": own}.items():
        digest.update(f"{name} {len(code)}\n{code}".encode())
    return digest.hexdigest()


@cache
def package_sources() -> dict[str, str]:
    """Code of this package that samples depend on, by the name of its file."""
    files = [PACKAGE / f"{name}.py" for name in SOURCES]
    files += [path for folder in FOLDERS for path in sorted((PACKAGE / folder).rglob("*.py"))]
    return {path.relative_to(PACKAGE).as_posix(): bare(path.read_text(encoding="utf-8")) for path in files}


def bare(text: str) -> str:
    """Return Python source without comments, docstrings and empty lines: saying something better changes no sample."""
    lines = text.splitlines()
    for token in generate_tokens(StringIO(text).readline):
        if token.type == COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            said = node.body[0]
            if not lines[said.lineno - 1][: said.col_offset].strip():  # not beside code on one line
                for row in range(said.lineno - 1, said.end_lineno or said.lineno):
                    lines[row] = ""
    return "\n".join(line.rstrip() for line in lines if line.strip())
