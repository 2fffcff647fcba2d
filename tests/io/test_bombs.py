"""Files that are small and claim much: refused by what they declare, before any of it is made."""

from __future__ import annotations

import io
import tarfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganbench.errors import BadInput, PlaceError
from ganbench.io import decode as module
from ganbench.io.archive import LONGEST_HEADER, open_archive
from ganbench.io.decode import decode
from ganbench.io.grey_levels import ON_WHITE
from tests.scoring.sets import photos


def test_a_tar_with_a_long_header_is_refused_before_it_is_read(tmp_path: Path) -> None:
    for size in (LONGEST_HEADER - 600, 64 * LONGEST_HEADER):
        path = tmp_path / "a.tar.xz"
        with tarfile.open(path, "w:xz", format=tarfile.PAX_FORMAT) as file:
            content = io.BytesIO()
            Image.fromarray(photos(1, 0)[0]).save(content, "PNG")
            member = tarfile.TarInfo("a.png")
            member.size, member.pax_headers = len(content.getvalue()), {"comment": "x" * size}
            file.addfile(member, io.BytesIO(content.getvalue()))
        if size < LONGEST_HEADER:
            assert open_archive(path, "a").count == 1
            continue
        assert path.stat().st_size < 100_000
        tracemalloc.start()
        with pytest.raises(BadInput, match=r"^a: a header of \d+ bytes, more than the 1048576 that are read$"):
            open_archive(path, "a")
        assert tracemalloc.get_traced_memory()[1] < 32 * LONGEST_HEADER  # xz takes 16 itself
        tracemalloc.stop()


def test_a_jpeg_of_thousands_of_scans_is_refused() -> None:
    content = io.BytesIO()
    Image.fromarray(np.zeros((1000, 1000, 3), np.uint8)).save(content, "JPEG", progressive=True)
    whole = content.getvalue()
    assert decode("x", whole).pixels.shape == (1000, 1000, 1)
    first = whole.index(module.SCAN_MARK)
    scan = whole[first : whole.index(module.SCAN_MARK, first + 2)]
    with pytest.raises(BadInput, match=r"^x: 2010 scans of 1000000 pixels, more than"):
        decode("x", whole[:-2] + 2000 * scan + whole[-2:])


def test_a_lack_of_memory_is_not_a_broken_image(monkeypatch: pytest.MonkeyPatch) -> None:
    content = io.BytesIO()
    Image.fromarray(photos(1, 0)[0]).save(content, "BMP")

    def exhausted(image: Image.Image) -> None:
        raise MemoryError

    monkeypatch.setattr(module, "eight_bits", exhausted)
    with pytest.raises(PlaceError, match="x: there is not enough memory to decode it"):
        decode("x", content.getvalue())


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB", "L"])
def test_transparent_pictures_are_the_same_in_strips(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    content = io.BytesIO()
    if mode in {"RGBA", "LA"}:
        picture = Image.fromarray(random.integers(0, 256, (30, 20, len(mode)), np.uint8), mode)
        picture.save(content, "PNG")
    else:
        picture = Image.fromarray(random.integers(0, 8, (30, 20, 3), np.uint8)).convert(mode)
        picture.save(content, "PNG", transparency=(1, 2, 3) if mode == "RGB" else 3)
    whole = decode("x", content.getvalue())
    assert whole.conversions[0] == ON_WHITE
    monkeypatch.setattr(module, "STRIP", 70)
    assert np.array_equal(decode("x", content.getvalue()).pixels, whole.pixels)
