"""Scoring holds a window of pictures and rows of features, however many pictures there are."""

from __future__ import annotations

import os
import tracemalloc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganbench._util.streams import stream
from ganbench.features import extraction
from ganbench.features.extraction import Extraction, Rows
from ganbench.features.user import UserFeatures
from ganbench.io import folder as files
from ganbench.io import open_source
from ganbench.scoring.api import score
from tests.scoring.sets import encoded, features, image, photos

SIDE = 96  # pixels: 27 KiB each
FEW, MANY = 100, 500


def peak_of_extraction(folder: Path, function: Callable[[torch.Tensor], torch.Tensor]) -> int:
    """Most bytes of objects and of arrays that were alive at once, whatever the allocator keeps of the dead."""
    source = open_source(folder)
    tracemalloc.start()
    try:
        assert len(Extraction(UserFeatures("mine", {}, function))(source)) == len(list(folder.iterdir()))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("hoards", [False, True])
def test_peak_memory_does_not_grow_with_the_number_of_pictures(
    hoards: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function that keeps what it is given is measured beside it: the measure would see it."""
    monkeypatch.setattr(extraction, "WINDOW_BYTES", 1 << 18)
    monkeypatch.setattr(files, "TASK_BYTES", 1 << 16)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    content = encoded(image(photos(1, 0, SIDE)[0]), "BMP")
    for n in (FEW, MANY):
        (tmp_path / str(n)).mkdir()
        for i in range(n):
            (tmp_path / str(n) / f"{i}.bmp").write_bytes(content)
    held: list[Any] = []
    batches: weakref.WeakSet[torch.Tensor] = weakref.WeakSet()

    def features_of(x: torch.Tensor) -> torch.Tensor:
        batches.add(x)
        assert len(batches) <= 2  # tensors are not arrays: they are counted here
        if hoards:
            held.append(x.numpy().copy())
        return x.float().mean((2, 3))

    peak_of_extraction(tmp_path / str(FEW), features_of)  # what is loaded at the first use is not counted
    held.clear()
    before = peak_of_extraction(tmp_path / str(FEW), features_of)
    held.clear()
    growth = peak_of_extraction(tmp_path / str(MANY), features_of) - before
    assert (growth > (MANY - FEW) * 3 * SIDE**2 / 4) == hoards  # a quarter of what holding the pictures would take


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("bound", [0, 999, 10**9])
def test_rows_come_back_the_same_from_memory_and_from_a_file(
    dtype: torch.dtype, bound: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extraction, "BOUND", bound)
    x = torch.randn(100, 7, generator=stream(0, "x"), dtype=dtype)
    order = torch.randperm(100, generator=stream(0, "order"))
    for places in (None, torch.arange(100), order):
        rows = Rows()
        for part in x.split(9):
            rows.add(part)
        assert len(rows) == 100
        assert (rows.file is not None) == (bound < 10**9)
        assert torch.equal(rows.whole(places), x if places is None else x[places])


def test_scores_of_features_in_a_file_are_those_of_features_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "a.npy", features(300, 1))
    pictures = photos(40, 2)

    def once() -> Any:
        names = ["fid", "precision"]
        given = score(tmp_path / "a.npy", features(200, 2), metrics=names).rows[0]
        seen = score(pictures, photos(50, 3), metrics=names).rows[0]
        return given.scores, seen.scores

    before = once()
    monkeypatch.setattr(extraction, "BOUND", 100)
    assert once() == before
