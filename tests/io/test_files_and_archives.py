"""The same pictures from a folder, a zip and a tar; what is passed over is said; nothing leads outside."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ganbench.errors import BadInput, Missing, RequestError
from ganbench.io import Source, archive, open_source
from ganbench.io import folder as files
from ganbench.io.source import LeftOut, Picture, natural
from tests.scoring.sets import encoded, folder_of, image, photos, tar_of, zip_of


def pictures(source: Source) -> list[Picture]:
    pictures = [each for each in source.scan() if isinstance(each, Picture)]
    return sorted(pictures, key=lambda each: natural(each.name))


def reasons(source: Source) -> dict[str, str]:
    return {each.name: each.reason for each in source.scan() if isinstance(each, LeftOut)}


def test_names_with_numbers_come_in_the_order_of_the_numbers(tmp_path: Path) -> None:
    pixels = photos(12, 0)
    pictures = list(open_source(folder_of(pixels, tmp_path / "a")).scan())
    assert [each.name for each in pictures] == [f"{i}.png" for i in range(12)]
    assert all(
        np.array_equal(each.pixels, x) for each, x in zip(pictures, pixels, strict=True) if isinstance(each, Picture)
    )


def test_a_folder_a_zip_and_a_tar_hold_the_same_pictures(tmp_path: Path) -> None:
    folder = folder_of(photos(40, 0), tmp_path / "a")
    sources = [folder, zip_of(folder, tmp_path / "a.zip"), tar_of(folder, tmp_path / "a.tar.gz")]
    first, *others = [pictures(open_source(each)) for each in sources]
    assert len(first) == 40
    for other in others:
        assert [Path(each.name).name for each in other] == [each.name for each in first]
        assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(first, other, strict=True))


def test_suffixes_in_capitals_folders_in_folders_and_every_format_are_read(tmp_path: Path) -> None:
    for i, suffix in enumerate((".PNG", ".Jpg", ".jpeg", ".bmp", ".webp", ".ppm", ".TIF", ".gif")):
        folder_of(photos(1, i), tmp_path / "a" / "deep" / str(i), suffix)
    assert {each.stored for each in pictures(open_source(tmp_path / "a"))} == {
        "PNG", "JPEG", "BMP", "WEBP", "PPM", "TIFF", "GIF",
    }  # fmt: skip
    assert open_source(tmp_path / "a").count == 8


def test_what_is_passed_over_is_said(tmp_path: Path) -> None:
    folder = folder_of(photos(2, 0), tmp_path / "a")
    (folder / "notes.txt").write_text("hello")
    (folder / ".hidden.png").write_bytes(b"x")
    (folder / "empty.png").touch()
    (folder / "broken.png").write_text("hello")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    assert reasons(open_source(folder)) == {
        "notes.txt": "no image by its suffix",
        ".hidden.png": "hidden",
        "empty.png": "empty",
        "broken.png": "not an image of a known format",
        "loop": "a folder met before",
        "gone.png": "a broken link",
    }
    assert len(pictures(open_source(folder))) == 2


def test_a_changed_file_changes_the_digest_and_a_look_does_not(tmp_path: Path) -> None:
    folder = folder_of(photos(3, 0), tmp_path / "a")
    before, times = open_source(folder).digest(), (folder / "1.png").stat()
    assert open_source(folder).digest() == before
    content = bytearray((folder / "1.png").read_bytes())
    content[-20] ^= 1
    (folder / "1.png").write_bytes(content)
    os.utime(folder / "1.png", ns=(times.st_atime_ns, times.st_mtime_ns))  # size and time tell nothing
    changed = open_source(folder).digest()
    (folder / "1.png").rename(folder / "7.png")
    assert len({before, changed, open_source(folder).digest()}) == 3


def test_names_that_cannot_be_printed_stay_on_one_line(tmp_path: Path) -> None:
    folder = folder_of(photos(2, 0), tmp_path / "a\nb")
    for name in (b"new\nline.png", b"\x1b[31mred.png", b"\xff\xfe.png"):
        (Path(os.fsdecode(bytes(folder) + b"/" + name))).write_bytes(b"no picture")
    source = open_source(folder)
    assert source.name.endswith("a?b")
    assert set(reasons(source)) == {"new?line.png", "?[31mred.png", "??.png"}
    assert len(source.digest()) == 32


def test_what_is_neither_a_file_nor_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    for name in ("a.npy", "a.zip"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(BadInput, match="neither a folder nor a regular file"):
            open_source(tmp_path / name)


@pytest.mark.parametrize("ending", [".zip", ".tar"])
def test_members_that_lead_outside_are_left_out(tmp_path: Path, ending: str) -> None:
    path, good = tmp_path / f"a{ending}", encoded(image(photos(1, 0)[0]))
    names = ["0.png", "1.png", "../out.png", "/root.png", "a/../../out.png", "..\\out.png", "__MACOSX/x.png"]
    if ending == ".zip":
        with zipfile.ZipFile(path, "w") as file:
            for name in names:
                file.writestr(name, good)
            link = zipfile.ZipInfo("link.png")
            link.external_attr = 0o120777 << 16
            file.writestr(link, "/etc/passwd")
    else:
        with tarfile.open(path, "w") as tar:
            for name in names:
                info = tarfile.TarInfo(name)
                info.size = len(good)
                tar.addfile(info, io.BytesIO(good))
            target = tarfile.TarInfo("link.png")
            target.type, target.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(target)
    source = open_source(path)
    assert [each.name for each in pictures(source)] == ["0.png", "1.png"]
    said = reasons(source)
    assert said.pop("__MACOSX/x.png") == "hidden"
    assert said.pop("link.png") == "a link or a device"
    assert set(said) == {"../out.png", "/root.png", "a/../../out.png", "..\\out.png"}
    assert set(said.values()) == {"a path that leads outside"}
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_an_archive_that_grows_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "FREE", 1 << 16)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for i in range(3):
            file.writestr(f"{i}.png", bytes(1 << 20))
    (tmp_path / "b.tar.gz").write_bytes(gzip.compress(tar_bytes(bytes(1 << 22))))
    monkeypatch.setattr(archive, "BOMB", 100)
    for name in ("a.zip", "b.tar.gz"):
        with pytest.raises(BadInput, match=r"a bomb$"):
            open_source(tmp_path / name)


def tar_bytes(content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        info = tarfile.TarInfo("0.png")
        info.size = len(content)
        file.addfile(info, io.BytesIO(content))
    return out.getvalue()


def test_a_member_larger_than_any_image_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(photos(1, 0), tmp_path / "a")
    (folder / "big.bmp").write_bytes(bytes(5000))
    for module in (files, archive):
        monkeypatch.setattr(module, "LARGEST", 4000)
    for source in (open_source(folder), open_source(zip_of(folder, tmp_path / "a.zip"))):
        (broken,) = [each for each in source.scan() if isinstance(each, LeftOut)]
        assert broken.broken
        assert "more than 4000 bytes" in broken.reason


def test_folders_and_archives_without_images_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("hello")
    zip_of(tmp_path / "texts", tmp_path / "texts.zip")
    (tmp_path / "no.zip").write_bytes(b"PK nothing")
    (tmp_path / "one.png").write_bytes(encoded(image(photos(1, 0)[0])))
    (tmp_path / "what.xyz").write_text("hello")
    for name, said in {
        "empty": "no image in this folder",
        "texts": r"no image in this folder \(1 no image by its suffix\)",
        "texts.zip": "no image in this archive",
        "no.zip": "a damaged archive",
        "one.png": "one image; expected a folder",
        "what.xyz": "expected a folder of images, an archive",
    }.items():
        with pytest.raises(BadInput, match=said):
            open_source(tmp_path / name)
    with pytest.raises(Missing, match="no such file or folder"):
        open_source(tmp_path / "nowhere")


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(photos(2, 0), tmp_path / "a")
    plain = os.open

    def forbidding(path: str, flags: int) -> int:
        if path.endswith("1.png"):
            raise PermissionError(13, "Permission denied")
        return plain(path, flags)

    monkeypatch.setattr(os, "open", forbidding)
    assert reasons(open_source(folder)) == {"1.png": "cannot be read (Permission denied)"}
    zip_of(folder, tmp_path / "1.png")
    with pytest.raises(RequestError):
        open_source(tmp_path / "1.png")
