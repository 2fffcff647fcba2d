"""Zip and tar archives of image files, read as a stream: nothing is unpacked to disk, no link and no path is followed."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from hashlib import file_digest
from pathlib import Path, PurePosixPath

from ganbench.errors import BadInput, Missing
from ganbench.sources.base import LeftOut, Source, natural
from ganbench.sources.decode import SUFFIXES
from ganbench.sources.files import LARGEST, Item, decoded, said, within_bounds

ZIP, TAR = (".zip",), (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
BOMB, FREE = 1000, 1 << 30  # an archive may grow by this factor, or to this many bytes


def archive(path: Path, name: str) -> Source:
    """Return the images in an archive; raises BadInput where there is none or the archive cannot be used."""
    is_zip = path.name.lower().endswith(ZIP)
    items = zip_items if is_zip else tar_items
    names = [each for each in listed(path, name, is_zip) if not isinstance(each, LeftOut)]
    if not names:
        raise BadInput(
            f"{name}: no image in this archive{said(each for each in listed(path, name, is_zip) if isinstance(each, LeftOut))}"
        )
    return Source(
        name,
        "images",
        lambda: content_digest(path, name),
        lambda: decoded(guarded(items(path), name)),
        count=len(names),
    )


def listed(path: Path, name: str, is_zip: bool) -> list[str | LeftOut]:
    """Return the names of image files, and what is passed over."""
    if is_zip:
        return [each if isinstance(each, LeftOut) else each[0] for each in guarded(zip_items(path), name)]
    return [each if isinstance(each, LeftOut) else each[0] for each in guarded(tar_items(path, read=False), name)]


def guarded(items: Iterator[Item], name: str) -> Iterator[Item]:
    """Pass items on; raise BadInput, or Missing, with one line for a damaged or unreadable archive."""
    try:
        yield from items
    except (PermissionError, FileNotFoundError) as error:
        raise Missing(f"{name}: cannot be read ({error.strerror})") from error
    except BadInput as error:
        raise BadInput(f"{name}: {error}") from error
    except (zipfile.BadZipFile, tarfile.TarError, OSError, EOFError, zlib.error, ValueError, NotImplementedError) as error:
        raise BadInput(f"{name}: a damaged archive ({' '.join(str(error).split())})") from error


def unfit(name: str, is_file: bool, size: int) -> str:
    """Return why a member gives no image, or nothing."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        return "a path that leads outside"
    if not is_file:
        return "a link or a device"
    if any(part.startswith((".", "__MACOSX")) for part in path.parts):
        return "hidden"
    if path.suffix.lower() not in SUFFIXES:
        return "no image by its suffix"
    return "" if size else "empty"


def zip_items(path: Path) -> Iterator[Item]:
    """Yield what is passed over, then the images in natural order; raises BadInput for a bomb."""
    with zipfile.ZipFile(path) as file:
        files = [info for info in file.infolist() if not info.is_dir()]
        grown(sum(info.file_size for info in files), path)
        good = []
        for info in files:
            is_file = (info.external_attr >> 28) in (0, 8)  # the kind of a Unix file, where it is told
            reason = unfit(info.filename, is_file, info.file_size)
            if not reason:
                good.append(info)
                continue
            yield LeftOut(info.filename, reason)
        for info in sorted(good, key=lambda each: natural(each.filename)):
            yield info.filename, partial(unzipped, file, info)


def unzipped(file: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Return a member's content; raises BadInput where it is damaged, encrypted, or too large to be an image."""
    try:
        with file.open(info) as member:
            return within_bounds(info.filename, member.read(LARGEST + 1))
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error, RuntimeError, NotImplementedError) as error:
        raise BadInput(f"{info.filename}: cannot be unpacked ({' '.join(str(error).split())})") from error


def tar_items(path: Path, read: bool = True) -> Iterator[Item]:
    """Yield members in the order of the archive, which cannot be jumped in; raises BadInput for a bomb."""
    total = 0
    with tarfile.open(path, "r|*") as file:
        for info in file:
            total += info.size
            grown(total, path)
            if info.isdir():
                continue
            reason = unfit(info.name, info.isreg(), info.size)
            if reason:
                yield LeftOut(info.name, reason)
                continue
            member = file.extractfile(info) if read else None
            content = member.read(LARGEST + 1) if member else b""
            yield info.name, partial(within_bounds, info.name, content)


def grown(size: int, path: Path) -> None:
    """Raise BadInput where the content is far larger than the archive: nobody's pictures shrink so much."""
    if size > max(FREE, BOMB * path.stat().st_size):
        raise BadInput(f"unpacks to {size} bytes from {path.stat().st_size}: a bomb")


def content_digest(path: Path, name: str) -> str:
    """Return the digest of a file's bytes; raises Missing where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "blake2b").hexdigest()[:32]
    except OSError as error:
        raise Missing(f"{name}: cannot be read ({error.strerror})") from error
