"""JPEG is the same with and without the quick decoder, bit for bit, whatever the file."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganbench.errors import BadInput
from ganbench.sources import decode, jpeg
from ganbench.sources.base import Picture
from tests.sets import encoded, photos

needs_decoder = pytest.mark.skipif(not jpeg.USABLE, reason="simplejpeg is not installed: pip install 'ganbench[fast]'")


def picture(height: int = 45, width: int = 61, seed: int = 0) -> Image.Image:
    """Smooth colour with grain, of odd sides, so that blocks of chrominance reach beyond the border."""
    draws = np.random.default_rng(seed)
    smooth = Image.fromarray(draws.integers(0, 256, (5, 5, 3), np.uint8)).resize((width, height))
    return Image.fromarray((np.asarray(smooth) + draws.normal(0, 20, (height, width, 3))).clip(0, 255).astype(np.uint8))


def both(content: bytes, monkeypatch: pytest.MonkeyPatch) -> tuple[Picture | str, Picture | str]:
    """What the decoder makes of a file with the quick one in use, and without."""
    found: list[Picture | str] = []
    for usable in (jpeg.USABLE, False):
        with monkeypatch.context() as here, decode.quietly():
            here.setattr(jpeg, "USABLE", usable)
            try:
                found.append(decode.decode("x", content))
            except BadInput as error:
                found.append(str(error))
    return found[0], found[1]


def assert_same(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = both(content, monkeypatch)
    if isinstance(one, str) or isinstance(other, str):
        assert one == other
        return
    assert np.array_equal(one.pixels, other.pixels)
    assert (one.stored, one.conversions) == (other.stored, other.conversions)


@needs_decoder
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("quality", [5, 75, 90, 100])
@pytest.mark.parametrize("settings", [{}, {"progressive": True}, {"optimize": True}, {"keep_rgb": True}])
def test_colour_is_decoded_as_pillow_does_bit_for_bit(
    subsampling: int, quality: int, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = {"subsampling": 0 if "keep_rgb" in settings else subsampling, "quality": quality, **settings}
    for shape in ((45, 61), (8, 8), (1, 1), (16, 33), (64, 3)):
        content = encoded(picture(*shape, quality), "JPEG", **chosen)
        with Image.open(io.BytesIO(content)) as image:
            pixels = jpeg.quick(image, content)
        assert pixels is not None
        assert np.array_equal(pixels, np.asarray(Image.open(io.BytesIO(content))))
        assert_same(content, monkeypatch)


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(picture(), "JPEG", exif=exif)


@pytest.mark.parametrize(
    "content",
    [
        encoded(Image.fromarray(photos(1, 0, channels=1)[0][..., 0]), "JPEG"),
        encoded(picture().convert("CMYK"), "JPEG"),
        turned(),
        encoded(picture(), "JPEG", comment=b"x" * 70),
        encoded(picture(), "JPEG") + b"garbage behind the end",
        encoded(picture(), "JPEG")[:-2],  # its end is not marked
        encoded(picture(), "JPEG")[:-300],
        encoded(picture(), "JPEG")[:100],
        encoded(picture(), "PNG"),
    ],
)
def test_what_is_not_plain_colour_is_left_to_pillow(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_same(content, monkeypatch)


@needs_decoder
def test_what_a_damaged_file_gives_does_not_depend_on_the_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = np.random.default_rng(0)
    sound = encoded(picture(), "JPEG", quality=60)
    for _ in range(300):
        content = bytearray(sound)
        for place in draws.integers(2, len(content), draws.integers(1, 4)):
            content[place] = draws.integers(256)
        assert_same(bytes(content), monkeypatch)


def test_without_the_extra_everything_is_pillow_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg, "USABLE", False)
    content = encoded(picture(), "JPEG")
    assert np.array_equal(decode.decode("x", content).pixels, np.asarray(Image.open(io.BytesIO(content))))
