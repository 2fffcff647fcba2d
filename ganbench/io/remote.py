"""Samples that lie elsewhere, streamed through fsspec: folders of images, archives and arrays; nothing is unpacked.

``s3://``, ``gs://``, ``hf://``, ``https://``, ``memory://`` and whatever else fsspec knows. What a store says of its
files (sizes, tags, times) stands for their content: they are not read to be recognised.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from importlib import import_module
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import IO, Any, cast

from ganbench.errors import BadInput, Missing
from ganbench.io.decode import SUFFIXES
from ganbench.io.folder import Item, decoded, decoder, reasons_of, within_bounds
from ganbench.io.source import LeftOut, Reading, Source, Span, between, natural, printable

ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://")
EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "hf": "hf", "http": "http", "https": "http"}


def scheme_of(samples: str) -> str:
    """Return the scheme of an address such as ``s3://bucket/folder``, or nothing for a path."""
    match = ADDRESS.match(samples)
    return match[1] if match else ""


@dataclass(frozen=True)
class Remote:
    """One file of a store, as far as readers of local files need it to be a path."""

    store: Any  # an fsspec file system
    path: str
    size: int

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.path).suffix

    def open(self, _mode: str = "rb") -> IO[bytes]:
        """Open the file for reading; where the reader jumps, it is fetched by ranges."""
        return cast("IO[bytes]", self.store.open(self.path, "rb"))

    def stat(self) -> os.stat_result:
        """Return what is asked of a file's state: its size."""
        return cast("os.stat_result", SimpleNamespace(st_size=self.size))


def located(url: str, name: str) -> tuple[Any, str, bool]:
    """Return a store, the path in it and whether it is a folder.

    Raises Missing, in one line, where the package for a scheme is not there, and where nothing can be read.
    """
    scheme = scheme_of(url)
    try:
        core = import_module("fsspec.core")
    except ImportError as error:
        raise Missing(
            f"{name}: {scheme}:// needs fsspec; pip install 'ganbench[{EXTRAS.get(scheme, 'remote')}]'"
        ) from error
    try:
        store, path = core.url_to_fs(url)
    except ImportError as error:
        remedy = f"pip install 'ganbench[{EXTRAS[scheme]}]'" if scheme in EXTRAS else str(error)
        raise Missing(f"{name}: {scheme}:// needs another package; {remedy}") from error
    except ValueError as error:
        raise Missing(f"{name}: {scheme}:// is no scheme that fsspec knows") from error
    try:
        if not store.exists(path):
            raise Missing(f"{name}: no such file or folder")
        return store, path, bool(store.isdir(path))
    except Missing:
        raise
    except Exception as error:  # every store raises its own: no rights, no network, no such bucket
        raise Missing(f"{name}: cannot be read ({said(error)})") from error


def said(error: Exception) -> str:
    """Return what an error says, on one line."""
    return printable(" ".join(str(error).split())[:200]) or type(error).__name__


def remote_file(store: Any, path: str) -> Remote:
    """Return one file of a store."""
    return Remote(store, path, int(store.size(path) or 0))


def token(info: dict[str, Any]) -> str:
    """Return what a store says of a file, as text: its size, its tags and times."""
    return repr(sorted((key, str(value)) for key, value in info.items() if key not in ("name", "type")))


def open_remote_folder(store: Any, top: str, name: str, span: Span | None) -> Source:
    """Return the images below a folder of a store; raises BadInput where there is none."""
    entries = store.find(top, detail=True)
    files, left_out = [], []
    for path, info in entries.items():
        below = printable(path[len(top) :].lstrip("/"))
        if any(part.startswith(".") for part in below.split("/")):
            left_out.append(LeftOut(below, "hidden"))
        elif not path.lower().endswith(SUFFIXES):
            left_out.append(LeftOut(below, "no image by its suffix"))
        elif not info.get("size"):
            left_out.append(LeftOut(below, "empty"))
        else:
            files.append((below, path))
    if not files:
        raise BadInput(f"{name}: no image in this folder{reasons_of(left_out)}; expected {', '.join(SUFFIXES)}")
    files.sort(key=lambda each: natural(each[0]))
    left_out.sort(key=lambda each: natural(each.name))

    def items() -> Iterator[Item]:
        yield from left_out
        for below, path in files:
            yield below, partial(content_of, store, path, below)

    whole = blake2b(digest_size=16)
    for below, path in files:
        whole.update(f"{below} {token(entries[path])}\n".encode("utf-8", "surrogateescape"))
    return Source(
        name,
        "images",
        whole.hexdigest,
        lambda: decoded(items(), decoder(span)),
        span=span,
        respan=None if span else lambda guessed: lambda: decoded(items(), decoder(None, guessed[1])),
        count=len(files),
        between=lambda first, last: lambda: decoded(between(items(), first, last), decoder(span)),
    )


def content_of(store: Any, path: str, name: str) -> bytes:
    """Return a file's content; raises BadInput where it cannot be read or is too large to be an image."""
    try:
        content = bytes(store.cat_file(path))
    except Exception as error:  # every store raises its own
        raise BadInput(f"{name}: cannot be read ({said(error)})") from error
    return within_bounds(name, content)


def known_by(source: Source, store: Any, path: str, reading: Reading) -> Source:
    """Return a source that is recognised by what its store says of the file, and by how it is read."""
    text = f"{path} {token(store.info(path))} {reading}"
    whole = blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16)
    return replace(source, digest=whole.hexdigest, stamp=None)
