"""PNG is the same with and without the quick path, bit for bit and word for word, whatever the file."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from ganbench.io import decode
from tests.io.pillow import assert_same_by_pillow
from tests.scoring.sets import encoded, photos

COLOUR = photos(1, 0)[0]
GREY = photos(1, 1, channels=1)[0][..., 0]
SOUND = encoded(Image.fromarray(COLOUR))
BEGIN, END = SOUND[:8], SOUND[-12:]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(width: int, height: int, colour: int = 2, bits: int = 8, interlaced: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced))


def filtered(kind: int, pixels: np.ndarray) -> bytes:
    """Rows of bytes with the number of their filter before each; what the filter makes of them is the decoder's."""
    return b"".join(bytes([kind]) + row.tobytes() for row in pixels)


def made(packed: bytes, *before: bytes, head: bytes | None = None, cut: int = 0) -> bytes:
    parts = [packed[:cut], packed[cut:]] if cut else [packed]
    return b"".join([BEGIN, head or header(16, 16), *before, *(chunk(b"IDAT", part) for part in parts), END])


def plain() -> Iterator[bytes]:
    """Files that the quick path must take: else it is quick for nobody."""
    for picture in (COLOUR, GREY, np.repeat(GREY[..., None], 3, 2), COLOUR[:1, :1], COLOUR[:5, :3], GREY[:1]):
        yield encoded(Image.fromarray(picture))
        yield encoded(Image.fromarray(picture), compress_level=0)
        yield encoded(Image.fromarray(picture), dpi=(72, 72))
    for kind in range(5):
        yield made(zlib.compress(filtered(kind, COLOUR)))
    yield made(zlib.compress(filtered(4, COLOUR)), cut=100)
    yield made(zlib.compress(filtered(1, COLOUR)), chunk(b"gAMA", struct.pack(">I", 45455)), chunk(b"sRGB", b"\0"))
    yield encoded(Image.fromarray(photos(1, 3, 300)[0]))  # more than Pillow writes into one chunk


@pytest.mark.parametrize("content", [*plain()])
def test_plain_files_take_the_quick_path_to_the_same_pixels(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert decode.png_pixels(content, decode.MOST_PIXELS) is not None
    assert_same_by_pillow(content, monkeypatch)


def with_words() -> bytes:
    words = PngImagePlugin.PngInfo()
    words.add_text("Raw profile type exif", "\nexif\n 8\n4578696600000000\n")
    return encoded(Image.fromarray(COLOUR), pnginfo=words)


def special() -> Iterator[bytes]:
    """Files that only Pillow may decide about."""
    turned = Image.Exif()
    turned[0x0112] = 6
    sixteen = Image.fromarray(np.arange(256, dtype=np.uint16).reshape(16, 16) * 257)
    colour, rows = Image.fromarray(COLOUR), filtered(0, COLOUR)
    yield encoded(colour, exif=turned)
    yield encoded(colour.quantize(7))
    yield encoded(colour.quantize(7), transparency=1)
    yield encoded(colour.convert("RGBA"))
    yield encoded(colour.convert("LA"))
    yield encoded(colour.convert("1"))
    yield encoded(colour, transparency=(1, 2, 3))
    yield encoded(Image.fromarray(GREY), transparency=3)
    yield encoded(sixteen)
    yield with_words()
    yield encoded(colour, save_all=True, append_images=[Image.fromarray(COLOUR[::-1])])
    yield encoded(colour, icc_profile=b"no profile")
    yield made(zlib.compress(filtered(0, COLOUR.repeat(2, 1))), head=header(16, 16, bits=16))
    yield made(zlib.compress(rows), head=header(16, 16, interlaced=1))
    yield made(zlib.compress(rows), head=header(0, 16))
    yield made(zlib.compress(rows), head=header(8193, 8193))
    yield made(zlib.compress(rows), head=header(100_000, 100_000))
    yield made(zlib.compress(rows), head=header(16, 16, colour=7))
    yield made(zlib.compress(rows), chunk(b"gAMA", b"\0"))
    yield made(zlib.compress(rows), chunk(b"tRNS", b"\0\1\0\2\0\3"))
    yield made(zlib.compress(rows), header(16, 16))
    yield made(zlib.compress(rows)[:-9])  # the stream ends before the pixels do
    yield made(zlib.compress(filtered(5, COLOUR)))  # there are five filters
    yield made(b"nothing")
    yield made(b"")
    yield SOUND + b"garbage behind the end"
    yield SOUND[:-12]
    yield SOUND[:-20]
    yield SOUND[:30]
    yield SOUND[:8]
    yield SOUND[:-13] + bytes([SOUND[-13] ^ 1]) + SOUND[-12:]  # a sum that is not that of the data


@pytest.mark.parametrize("content", [*special()])
def test_what_is_not_plain_is_left_to_pillow(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert decode.png_pixels(content, decode.MOST_PIXELS) is None
    assert_same_by_pillow(content, monkeypatch)


@pytest.mark.parametrize(
    "packed", [zlib.compress(filtered(4, COLOUR))[:-4] + b"sums", zlib.compress(filtered(0, COLOUR) * 2)]
)
@pytest.mark.parametrize("cut", [0, 5, -4])
def test_odd_streams_of_sound_chunks_give_the_same_either_way(
    packed: bytes, cut: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_same_by_pillow(made(packed, cut=cut), monkeypatch)


def test_what_a_damaged_file_gives_does_not_depend_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = np.random.default_rng(0)
    sound = [SOUND, encoded(Image.fromarray(GREY)), encoded(Image.fromarray(COLOUR), dpi=(72, 72))]
    for i in range(300):
        content = bytearray(sound[i % 3])
        for place in draws.integers(8, len(content), draws.integers(1, 4)):
            content[place] = draws.integers(256)
        assert_same_by_pillow(bytes(content), monkeypatch)


def test_damage_that_the_sums_do_not_show_gives_the_same_either_way(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = np.random.default_rng(1)
    taken = 0
    for i in range(300):
        rows = bytearray(filtered(int(draws.integers(5)), COLOUR))
        packed = bytearray(zlib.compress(rows, int(draws.integers(10))))
        damaged = rows if i % 2 else packed  # before the sums of the stream are taken, or behind
        for place in draws.integers(0, len(damaged), draws.integers(1, 3)):
            damaged[place] = draws.integers(256)
        content = made(zlib.compress(rows) if i % 2 else bytes(packed), cut=int(draws.integers(1, 99)))
        taken += decode.png_pixels(content, decode.MOST_PIXELS) is not None
        assert_same_by_pillow(content, monkeypatch)
    assert 0 < taken < 300  # both ways were gone
