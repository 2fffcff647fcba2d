"""Damaged files of every format, made from whole ones: an answer or one line, soon, and nothing written or run."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from ganbench.errors import RequestError
from ganbench.scoring.api import Options, score
from tests.scoring.sets import encoded, features, folder_of, image, photos, tar_of, zip_of

MUTATIONS = 26  # of each format
SECONDS = 10.0  # of processor time, which a busy machine does not stretch
PICTURES = ("PNG", "JPEG", "BMP", "WEBP", "PPM", "TIFF", "GIF")
FILES = ("a.zip", "a.tar.gz", "a.tar", "f.npy", "f.npz", "f.safetensors", "f.pt", "i.npy", "i-idx3-ubyte")


def mutated(content: bytes, seed: int) -> bytes:
    """Damage bytes in one of six ways."""
    random = np.random.default_rng(seed)
    data = bytearray(content)
    place, kind = int(random.integers(len(data))), seed % 6
    if kind == 0:
        return bytes(data[:place])
    if kind == 1:
        for at in random.integers(len(data), size=8):
            data[at] = int(random.integers(256))
    elif kind == 2:  # most of what a reader believes stands at the head
        data[int(random.integers(min(64, len(data))))] = int(random.integers(256))
    elif kind == 3:
        data[place : place + 16] = b"\xff" * 16
    elif kind == 4:
        del data[place : place + int(random.integers(1, 40))]
    else:
        data[place:place] = random.bytes(int(random.integers(1, 40)))
    return bytes(data)


def whole_files(folder: Path) -> dict[str, bytes]:
    pictures = folder_of(photos(4, 0), folder / "p")
    zip_of(pictures, folder / "a.zip")
    tar_of(pictures, folder / "a.tar.gz")
    (folder / "a.tar").write_bytes(gzip.decompress((folder / "a.tar.gz").read_bytes()))
    np.save(folder / "f.npy", features(20, 0))
    np.savez(folder / "f.npz", x=features(20, 0), y=np.arange(20))
    save_file({"x": features(20, 0)}, folder / "f.safetensors")
    torch.save(torch.from_numpy(features(20, 0)), folder / "f.pt")
    np.save(folder / "i.npy", photos(4, 0))
    head = bytes([0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 16, 0, 0, 0, 16])
    (folder / "i-idx3-ubyte").write_bytes(head + photos(4, 0)[..., 0].tobytes())
    return {name: (folder / name).read_bytes() for name in FILES}


@pytest.fixture
def one_line_or_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Nothing but the inputs may be there in the end."""
    monkeypatch.chdir(tmp_path)
    ends: list[str] = []
    yield ends
    assert {path.name for path in tmp_path.iterdir()} <= {"whole", "input"}
    assert len(ends) == MUTATIONS


def end_of(samples: Path, reference: Any) -> str:
    """Score, and return "answer" or the one line; any other exception fails the test."""
    began = time.process_time()
    try:
        seen_by = None if np.ndim(reference) == 2 else "pixels"
        options = Options(skip_broken=len(samples.name) % 2 == 0)
        score(samples, reference, metrics=["fid"], features=seen_by, options=options)
        said = "answer"
    except RequestError as error:
        said = str(error)
        assert "\n" not in said
    assert time.process_time() - began < SECONDS
    return said


@pytest.mark.slow
@pytest.mark.parametrize("kind", PICTURES)
def test_damaged_pictures_among_good_ones(tmp_path: Path, kind: str, one_line_or_an_answer: list[str]) -> None:
    good, reference = photos(3, 0), photos(5, 1)
    content = encoded(image(good[0]), kind)
    for seed in range(MUTATIONS):
        folder = folder_of(good[1:], tmp_path / "input" / str(seed))
        (folder / f"9.{kind.lower()}").write_bytes(mutated(content, seed))
        one_line_or_an_answer.append(end_of(folder, reference))
    assert len(set(one_line_or_an_answer)) > 1  # the damage reached the decoder


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_damaged_archives_and_arrays(tmp_path: Path, name: str, one_line_or_an_answer: list[str]) -> None:
    content = whole_files(tmp_path / "whole")[name]
    reference = features(20, 1) if name.startswith("f") else photos(5, 1)
    (tmp_path / "input").mkdir()
    for seed in range(MUTATIONS):
        path = tmp_path / "input" / f"{seed}-{name}"
        path.write_bytes(mutated(content, seed))
        one_line_or_an_answer.append(end_of(path, reference))
    assert len(set(one_line_or_an_answer)) > 1


def test_there_are_300_of_them() -> None:
    assert MUTATIONS * (len(PICTURES) + len(FILES)) >= 300
