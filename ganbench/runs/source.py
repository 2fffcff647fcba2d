"""The code that made a sample: a user's file stands for its version, and the digest of the rest is provenance."""

from __future__ import annotations

import ast
import inspect
from functools import cache
from hashlib import blake2b
from io import StringIO
from pathlib import Path
from tokenize import COMMENT, generate_tokens

from ganbench._util.user_code import is_path
from ganbench.baseline import Baseline
from ganbench.regularisers import Regularised

PACKAGE = Path(__file__).parents[1]
# Whatever the samples of a cell depend on, beside the file of its baseline.
SOURCES = ("baseline.py", "dataset.py", "losses.py", "optim.py", "_util/streams.py")
FOLDERS = ("data", "nets", "regularisers", "training")


def version_of(name: str, baseline: type[Baseline]) -> int | str:
    """Return the version of a shipped baseline, and of one in a user's file, which has no such discipline, its digest.

    Comments, docstrings and layout are not part of the digest.
    """
    if not is_path(name):
        return baseline.version
    digest = digest_of(file_of(baseline))
    return f"{digest}+{baseline.version}" if issubclass(baseline, Regularised) else digest


def source_digest(baseline: type) -> str:
    """Return the digest of the code that a baseline's samples depend on: its own file and the package's share.

    No key depends on it: it tells where a record comes from.
    """
    digest = blake2b(digest_size=16)
    for name, code in {**package_sources(), "": file_of(baseline)}.items():
        digest.update(f"{name} {len(code)}\n{code}".encode())
    return digest.hexdigest()


def file_of(baseline: type) -> str:
    """Return the code of a baseline's own file."""
    return bare(Path(inspect.getfile(baseline)).read_text(encoding="utf-8"))


def digest_of(code: str) -> str:
    """Return the digest of code."""
    return blake2b(code.encode(), digest_size=16).hexdigest()


@cache
def package_sources() -> dict[str, str]:
    """Code of this package that samples depend on, by the name of its file."""
    files = [path for name in SOURCES if (path := PACKAGE / name).exists()]
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
            docstring = node.body[0]
            if not lines[docstring.lineno - 1][: docstring.col_offset].strip():  # not beside code on one line
                for row in range(docstring.lineno - 1, docstring.end_lineno or docstring.lineno):
                    lines[row] = ""
    return "\n".join(line.rstrip() for line in lines if line.strip())
