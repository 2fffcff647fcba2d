"""Zip and tar archives of image files as streams: nothing is unpacked to disk, no link and no path is followed."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from ganbench.errors import BadInput, Missing
from ganbench.io.decode import DECODER_ERRORS, SUFFIXES, decode
from ganbench.io.fingerprint import content_digest, stamp
from ganbench.io.folder import LARGEST, Decode, Item, decoded, decoder, reasons_of, within_bounds
from ganbench.io.sidecars import LARGEST as LARGEST_SIDECAR
from ganbench.io.sidecars import SIDECARS, TABLE, Sidecars, note, with_sidecars, with_table
from ganbench.io.source import LeftOut, Picture, Source, Span, between, natural, printable

ZIP, TAR = (".zip",), (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
GNU_LONG = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
NO_IMAGE = "no image by its suffix"
T = TypeVar("T")
EVERY = 1 << 62  # behind the last position
LONGEST_HEADER = 1 << 20  # bytes of a name or of other facts about a member of a tar file, which are read at once
BLOCK = 512  # bytes of a tar file that a member takes beside its content
BOMB, FREE = 1000, 1 << 30  # an archive may grow by this factor, or to this many bytes


def open_archive(path: Path, name: str, span: Span | None = None) -> Source:
    """Return the images in an archive; raises BadInput where there is none or the archive cannot be used."""
    scan = zip_pictures if path.name.lower().endswith(ZIP) else tar_pictures
    sidecars: Sidecars = {}
    members = list(guarded(zip_names(path) if scan is zip_pictures else tar_names(path, sidecars), name))
    names = [each[0] for each in members if not isinstance(each, LeftOut)]
    if not names:
        left_out = [each for each in members if isinstance(each, LeftOut)]
        raise BadInput(f"{name}: no image in this archive{reasons_of(left_out)}")
    source = Source(
        name,
        "images",
        lambda: content_digest(path, name),
        lambda: guarded(scan(path, decoder(span)), name),
        span=span,
        respan=None if span else lambda guessed: lambda: guarded(scan(path, decoder(None, guessed[1])), name),
        count=len(names),
        between=lambda first, last: lambda: guarded(scan(path, decoder(span), first, last), name),
        stamp=lambda: stamp([path]),
    )
    if scan is tar_pictures:
        return with_sidecars(source, names, sidecars)
    return with_table(source, names, partial(table_in, path)) if has_table(path) else source


def guarded(items: Iterator[T], name: str) -> Iterator[T]:
    """Pass items on; raise BadInput, or Missing, with one line for a damaged or unreadable archive."""
    try:
        yield from items
    except (PermissionError, FileNotFoundError) as error:
        raise Missing(f"{name}: cannot be read ({error.strerror})") from error
    except BadInput as error:
        raise BadInput(f"{name}: {error}") from error
    except DECODER_ERRORS as error:
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
        return NO_IMAGE
    return "" if size else "empty"


def zip_pictures(path: Path, decode: Decode = decode, first: int = 0, last: int = EVERY) -> Iterator[Picture | LeftOut]:
    """Decode the images of a zip file, which stays open until the last thread has read from it."""
    with path.open("rb") as raw, zipfile.ZipFile(raw) as file:
        yield from decoded(between(zip_items(file, path), first, last), decode)


def zip_names(path: Path) -> Iterator[Item]:
    """List a zip file without reading its members."""
    with path.open("rb") as raw, zipfile.ZipFile(raw) as file:
        yield from zip_items(file, path)


def zip_items(file: zipfile.ZipFile, path: Path) -> Iterator[Item]:
    """Yield what is passed over, then the images in natural order; raises BadInput for a bomb."""
    files = [info for info in file.infolist() if not info.is_dir() and info.filename != TABLE]
    refuse_bomb(sum(info.file_size for info in files), path)
    good = []
    for info in files:
        is_file = (info.external_attr >> 28) in (0, 8)  # the kind of a Unix file, where it is told
        reason = unfit(info.filename, is_file, info.file_size)
        if not reason:
            good.append(info)
            continue
        yield LeftOut(printable(info.filename), reason)
    for info in sorted(good, key=lambda each: natural(each.filename)):
        yield printable(info.filename), partial(unzipped, file, info)


def has_table(path: Path) -> bool:
    """Whether a zip file holds a ``dataset.json``."""
    with path.open("rb") as raw, zipfile.ZipFile(raw) as file:
        return TABLE in file.namelist()


def table_in(path: Path) -> bytes:
    """Return the ``dataset.json`` of a zip file; raises BadInput where it is damaged or too large."""
    with path.open("rb") as raw, zipfile.ZipFile(raw) as file:
        return unzipped(file, file.getinfo(TABLE))


def unzipped(file: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Return a member's content; raises BadInput where it is damaged, encrypted, or too large to be an image."""
    try:
        with file.open(info) as member:
            return within_bounds(info.filename, member.read(LARGEST + 1))
    except BadInput:
        raise
    except DECODER_ERRORS as error:
        raise BadInput(f"{info.filename}: cannot be unpacked ({' '.join(str(error).split())})") from error


class Member(tarfile.TarInfo):
    """A member of a tar file, of which no header is read that nobody's names need."""

    def _proc_member(self, file: tarfile.TarFile) -> Any:  # where tarfile documents that its kinds may be handled
        kinds = {tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, *GNU_LONG}
        if self.type in kinds and not 0 <= self.size <= LONGEST_HEADER:
            raise BadInput(f"a header of {self.size} bytes, more than the {LONGEST_HEADER} that are read")
        return super()._proc_member(file)  # type: ignore[misc]


def tar_pictures(path: Path, decode: Decode = decode, first: int = 0, last: int = EVERY) -> Iterator[Picture | LeftOut]:
    """Decode the images of a tar file."""
    return decoded(between(tar_items(path), first, last), decode)


def tar_names(path: Path, sidecars: Sidecars) -> Iterator[Item]:
    """List a tar file, and note the labels that lie beside its images."""
    return tar_items(path, sidecars)


def tar_items(path: Path, sidecars: Sidecars | None = None) -> Iterator[Item]:
    """Yield members in the order of the archive, which cannot be jumped in; raises BadInput for a bomb.

    With ``sidecars`` no image is read, and labels are noted there.
    """
    total = 0
    with path.open("rb") as raw, tarfile.open(fileobj=raw, mode="r|*", tarinfo=Member) as file:
        for info in file:
            total += info.size + BLOCK
            refuse_bomb(total, path)
            if info.isdir():
                continue
            reason = unfit(info.name, info.isreg(), info.size)
            if reason == NO_IMAGE and info.name.lower().endswith(SIDECARS):
                if sidecars is not None and info.size <= LARGEST_SIDECAR and (beside := file.extractfile(info)):
                    note(sidecars, printable(info.name), beside.read())
                continue
            if reason:
                yield LeftOut(printable(info.name), reason)
                continue
            member = file.extractfile(info) if sidecars is None else None
            content = member.read(LARGEST + 1) if member else b""
            yield printable(info.name), partial(within_bounds, printable(info.name), content)


def refuse_bomb(size: int, path: Path) -> None:
    """Raise BadInput where the content is far larger than the archive: nobody's pictures shrink so much."""
    if size > max(FREE, BOMB * path.stat().st_size):
        raise BadInput(f"unpacks to {size} bytes from {path.stat().st_size}: a bomb")
