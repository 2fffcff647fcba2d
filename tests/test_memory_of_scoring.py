"""Scoring holds a window of pictures and rows of features, however many pictures there are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganbench.external import gathered, score
from ganbench.external.gathered import Gathered
from ganbench.streams import stream
from tests.sets import features, image, photos

MIB = 1 << 20
SIDE = 160  # pixels: 75 KiB each
SCRIPT = """
import sys
import torch
from ganbench.external import pieces
from ganbench.external.look import Looker
from ganbench.features.user import UserFeatures
from ganbench.sources import open_source

torch.set_num_threads(1)
pieces.WINDOW_BYTES = 1 << 22  # what is left free in between grows with it
means = UserFeatures("means", "", lambda x: x.float().mean((2, 3)))
for folder in sys.argv[1:]:
    n = len(Looker(means)(open_source(folder)))
    peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(n, int(peak.split()[1]) / 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no system that tells a process's memory")
def test_peak_memory_does_not_grow_with_the_number_of_pictures(tmp_path: Path) -> None:
    made = tmp_path / "one.bmp"
    image(photos(1, 0, SIDE)[0]).save(made)
    few, many = 1000, 4000
    for n in (few, many):
        (tmp_path / str(n)).mkdir()
        for i in range(n):
            os.link(made, tmp_path / str(n) / f"{i}.bmp")
    words = [sys.executable, "-c", SCRIPT, *(str(tmp_path / str(n)) for n in (few, few, many))]
    ended = subprocess.run(words, check=True, capture_output=True, text=True)  # noqa: S603
    _, (n, before), (m, after) = (map(float, line.split()) for line in ended.stdout.splitlines())
    assert (n, m) == (few, many)
    assert after - before < (many - few) * 3 * SIDE**2 / MIB / 4  # a quarter of what holding the pictures would take


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("bound", [0, 999, 10**9])
def test_rows_come_back_the_same_from_memory_and_from_a_file(
    dtype: torch.dtype, bound: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathered, "BOUND", bound)
    x = torch.randn(100, 7, generator=stream(0, "x"), dtype=dtype)
    order = torch.randperm(100, generator=stream(0, "order"))
    for places in (None, torch.arange(100), order):
        rows = Gathered()
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
    monkeypatch.setattr(gathered, "BOUND", 100)
    assert once() == before
