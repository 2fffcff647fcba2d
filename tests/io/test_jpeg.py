"""JPEG is the same with and without the quick decoder, bit for bit, whatever the file."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganbench.io import decode
from tests.io.pillow import assert_same_by_pillow
from tests.scoring.sets import encoded, photos

needs_decoder = pytest.mark.skipif(
    not decode.HAS_SIMPLEJPEG, reason="simplejpeg is not installed: pip install 'ganbench[fast]'"
)


def picture(height: int = 45, width: int = 61, seed: int = 0) -> Image.Image:
    """Smooth colour with grain, of odd sides, so that blocks of chrominance reach beyond the border."""
    draws = np.random.default_rng(seed)
    smooth = Image.fromarray(draws.integers(0, 256, (5, 5, 3), np.uint8)).resize((width, height))
    return Image.fromarray((np.asarray(smooth) + draws.normal(0, 20, (height, width, 3))).clip(0, 255).astype(np.uint8))


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
        pixels = decode.jpeg_pixels(content, decode.MOST_PIXELS)
        assert (pixels is None) == ("keep_rgb" in settings)  # which Adobe's segment says, so Pillow opens it
        with Image.open(io.BytesIO(content)) as image:
            for fast in [decode.opened_jpeg_pixels(image, content), *([] if pixels is None else [pixels])]:
                assert fast is not None
                assert np.array_equal(fast, np.asarray(image))
        assert_same_by_pillow(content, monkeypatch)


def with_segment(marker: int, body: bytes, size: int | None = None) -> bytes:
    """A sound file with one more segment before the others; ``size`` is what it says of itself, if not the truth."""
    sound = encoded(picture(), "JPEG")
    return sound[:2] + struct.pack(">HH", marker, len(body) + 2 if size is None else size) + body + sound[2:]


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
        encoded(picture(), "MPO", save_all=True, append_images=[picture(seed=1)]),
        with_segment(0xFFE0, b"JFIF\0\1"),  # too short to say its version
        with_segment(0xFFE1, b"Exif\0\0"),
        with_segment(0xFFE1, b"http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation='6'/>"),
        with_segment(0xFFEE, b"Adobe\0\1\0\0\0\0\0"),  # colour that is not to be converted
        with_segment(0xFFDB, b"\0" * 64),
        with_segment(0xFFDB, b"\x10" + b"\1" * 64),  # of 16 bits, half of it
        with_segment(0xFFC0, bytes([8, 0, 1, 0, 1, 3, 1, 17, 0, 2, 17, 0, 3, 17, 0])),
        with_segment(0xFFC3, b""),
        with_segment(0xFFFF, b""),
        with_segment(0xFFFE, b"", size=0),
        with_segment(0xFFFE, b"", size=65535),
        b"\xff" + encoded(picture(), "JPEG"),
        encoded(picture(), "JPEG") + b"garbage behind the end",
        encoded(picture(), "JPEG")[:-2],  # its end is not marked
        encoded(picture(), "JPEG")[:-300],
        encoded(picture(), "JPEG")[:100],
        encoded(picture(), "PNG"),
    ],
)
def test_what_is_not_plain_colour_is_left_to_pillow(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_same_by_pillow(content, monkeypatch)


@needs_decoder
def test_harmless_segments_do_not_send_a_file_to_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = b"".join(bytes([number]) + bytes(range(1, 65)) for number in range(2))
    for content in (
        encoded(picture(), "JPEG", comment=b"x" * 70),
        encoded(picture(), "JPEG", restart_marker_rows=1),
        with_segment(0xFFDB, tables),
    ):
        assert decode.jpeg_pixels(content, decode.MOST_PIXELS) is not None
        assert_same_by_pillow(content, monkeypatch)


def test_a_picture_larger_than_allowed_is_not_decoded_by_the_quick_way() -> None:
    content = encoded(picture(20, 30), "JPEG")
    assert decode.jpeg_pixels(content, 20 * 30 - 1) is None
    assert (decode.jpeg_pixels(content, 20 * 30) is not None) == decode.HAS_SIMPLEJPEG


@needs_decoder
def test_what_a_damaged_file_gives_does_not_depend_on_the_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = np.random.default_rng(0)
    sound = encoded(picture(), "JPEG", quality=60)
    head = sound.index(b"\xff\xda")
    for i in range(600):
        content = bytearray(sound)
        for place in draws.integers(2, head if i % 2 else len(content), draws.integers(1, 4)):
            content[place] = draws.integers(256)
        assert_same_by_pillow(bytes(content), monkeypatch)


def test_without_the_extra_everything_is_pillow_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "HAS_SIMPLEJPEG", False)
    content = encoded(picture(), "JPEG")
    assert np.array_equal(decode.decode("x", content).pixels, np.asarray(Image.open(io.BytesIO(content))))
