"""A content's digest is taken once; files that lie as they did are not read for it, and a change is noticed."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ganbench.features.store import Cache
from ganbench.io import Source, fingerprint, open_source
from ganbench.io.fingerprint import remembering
from tests.scoring.sets import features, folder_of, image, photos, tar_of, zip_of


def counted(path: Path, calls: list[str]) -> Source:
    source = open_source(path)

    def digest() -> str:
        calls.append(str(path))
        return source.digest()

    return replace(source, digest=digest)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(fingerprint, "SETTLED", -(10**15))  # as if all files were made long ago
    return []


def packed(kind: str, tmp_path: Path) -> Path:
    folder = folder_of(photos(5, 0), tmp_path / "a")
    np.save(tmp_path / "a.npy", features(5, 0))
    kinds = {"zip": lambda: zip_of(folder, tmp_path / "a.zip"), "tar": lambda: tar_of(folder, tmp_path / "a.tar.gz")}
    return {"folder": folder, "npy": tmp_path / "a.npy"}.get(kind) or kinds[kind]()


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "npy"])
def test_files_that_lie_as_they_did_are_not_read_again(kind: str, tmp_path: Path, calls: list[str]) -> None:
    path = packed(kind, tmp_path)
    digests = {remembering(counted(path, calls), tmp_path / "kept").digest() for _ in range(3)}
    assert len(calls) == 1
    assert digests == {open_source(path).digest()}


@pytest.mark.parametrize("kind", ["folder", "zip", "npy"])
def test_a_change_is_noticed_though_size_and_time_are_as_before(kind: str, tmp_path: Path, calls: list[str]) -> None:
    path = packed(kind, tmp_path)
    before = remembering(counted(path, calls), tmp_path / "kept").digest()
    changed = path / "3.png" if kind == "folder" else path
    status, content = changed.stat(), bytearray(changed.read_bytes())
    content[-20 if kind != "zip" else 60] ^= 1
    changed.write_bytes(content)
    os.utime(changed, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert changed.stat().st_size == status.st_size
    assert remembering(counted(path, calls), tmp_path / "kept").digest() != before


def test_a_file_more_and_one_less_are_noticed(tmp_path: Path, calls: list[str]) -> None:
    path, kept = packed("folder", tmp_path), tmp_path / "kept"
    digests = [remembering(counted(path, calls), kept).digest()]
    image(photos(1, 9)[0]).save(path / "x.png")
    digests.append(remembering(counted(path, calls), kept).digest())
    (path / "3.png").unlink()
    digests.append(remembering(counted(path, calls), kept).digest())
    assert len(set(digests)) == len(calls) == 3


def test_what_was_changed_just_now_is_read_each_time(tmp_path: Path) -> None:
    calls: list[str] = []
    path = packed("folder", tmp_path)
    for _ in range(2):
        remembering(counted(path, calls), tmp_path / "kept").digest()
    assert len(calls) == 2
    assert not (tmp_path / "kept").exists()


def test_a_change_during_the_pass_is_noticed_after_it(tmp_path: Path, calls: list[str]) -> None:
    path = packed("folder", tmp_path)
    source = remembering(counted(path, calls), tmp_path / "kept")
    source.digest()
    assert not source.changed()
    assert len(calls) == 1
    image(photos(1, 9)[0]).save(path / "3.png")
    assert source.changed()


def test_labels_beside_an_array_are_part_of_its_content(tmp_path: Path) -> None:
    digests = set()
    for label in (0, 1):
        for name, values, kind in (("images-idx3", np.zeros((4, 2, 2)), 3), ("labels-idx1", np.full(4, label), 1)):
            head = bytes([0, 0, 8, kind]) + np.array(values.shape, ">u4").tobytes()
            (tmp_path / f"t-{name}-ubyte").write_bytes(head + values.astype(np.uint8).tobytes())
        digests.add(open_source(tmp_path / "t-images-idx3-ubyte").digest())
    assert len(digests) == 2


def test_a_damaged_list_of_digests_counts_as_none_and_is_cleared(tmp_path: Path, calls: list[str]) -> None:
    path = packed("folder", tmp_path)
    for damaged in (b"", b"[1]", b'{"a": 1}', b"\xff"):
        (tmp_path / "digests.json").write_bytes(damaged)
        remembering(counted(path, calls), tmp_path / "digests.json").digest()
    assert len(calls) == 4
    Cache(tmp_path, 1 << 20).clear()
    assert not (tmp_path / "digests.json").exists()


def test_only_so_many_digests_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint, "MOST", 3)
    for i in range(5):
        fingerprint.keep(tmp_path / "digests.json", str(i), "x")
    assert list(fingerprint.kept(tmp_path / "digests.json")) == ["2", "3", "4"]
