"""Pixels are what the documented rule says, for every mode that a file may have."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganbench.errors import BadInput
from ganbench.io.decode import LOSSY, decode, quietly
from tests.scoring.sets import encoded, photos

COLOUR = photos(1, 0)[0]
GREY = photos(1, 1, channels=1)[0]


def test_grey_and_colour_come_as_they_are() -> None:
    for pixels, picture in ((COLOUR, Image.fromarray(COLOUR)), (GREY, Image.fromarray(GREY[..., 0]))):
        for kind in ("PNG", "BMP", "TIFF", "PPM"):
            decoded = decode("x", encoded(picture, kind))
            assert np.array_equal(decoded.pixels, pixels)
            assert decoded.pixels.dtype == np.uint8
            assert (decoded.stored, decoded.conversions) == (kind, ())


def test_sixteen_bits_become_eight_by_257_and_not_white() -> None:
    values = np.array([[0, 128, 129, 257], [32767, 32768, 65534, 65535]], np.uint16)
    decoded = decode("x", encoded(Image.fromarray(values)))
    assert decoded.pixels[..., 0].tolist() == [[0, 0, 1, 1], [127, 128, 255, 255]]
    assert decoded.conversions == ("had 16 bits of grey, scaled from [0, 65535] to 0-255 and rounded",)


def test_a_sixteen_bit_ppm_is_read_alike() -> None:
    content = b"P5 2 1 65535\n" + struct.pack(">HH", 257, 65535)
    assert decode("x", content).pixels[..., 0].tolist() == [[1, 255]]


def test_transparency_shows_the_white_page_and_never_hidden_colours() -> None:
    pixels = np.zeros((1, 3, 4), np.uint8)
    pixels[0, :, :3] = (200, 100, 50)
    pixels[0, :, 3] = (0, 255, 51)  # a fifth
    decoded = decode("x", encoded(Image.fromarray(pixels)))
    assert decoded.pixels[0].tolist() == [[255, 255, 255], [200, 100, 50], [244, 224, 214]]
    assert decoded.conversions == ("had transparent pixels, put on white",)


def test_a_palette_becomes_colour_and_its_transparent_entry_white() -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putpixel((1, 0), 1)
    decoded = decode("x", encoded(picture))
    assert decoded.pixels[0].tolist() == [[10, 20, 30], [40, 50, 60]]
    assert decoded.conversions == ("were palette, converted to RGB",)
    assert decode("x", encoded(picture, transparency=1)).pixels[0].tolist() == [[10, 20, 30], [255, 255, 255]]


def test_one_bit_is_black_and_white() -> None:
    decoded = decode("x", encoded(Image.fromarray(np.array([[False, True]]))))
    assert decoded.pixels[..., 0].tolist() == [[0, 255]]


def test_cmyk_becomes_colour() -> None:
    decoded = decode("x", encoded(Image.new("CMYK", (2, 2), (255, 0, 0, 0)), "TIFF"))
    assert decoded.pixels[0, 0].tolist() == [0, 255, 255]
    assert decoded.conversions == ("were CMYK, converted to RGB",)


def test_the_orientation_of_exif_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    decoded = decode("x", encoded(Image.fromarray(pixels), exif=exif))
    assert np.array_equal(decoded.pixels[..., 0], np.rot90(pixels, -1))
    assert decoded.conversions == ("were turned as EXIF says",)


def test_the_first_of_several_frames_is_taken() -> None:
    frames = [Image.new("L", (3, 3), level) for level in (40, 90)]
    decoded = decode("x", encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert (decoded.pixels == 40).all()
    assert "have several frames, of which the first was taken" in decoded.conversions


def test_colour_with_equal_channels_is_grey() -> None:
    decoded = decode("x", encoded(Image.fromarray(np.repeat(GREY, 3, 2))))
    assert np.array_equal(decoded.pixels, GREY)
    late = np.repeat(GREY, 3, 2)
    late[-1, -1, 2] ^= 1  # one value of the last row betrays it
    assert decode("x", encoded(Image.fromarray(late))).pixels.shape[2] == 3


def test_jpeg_is_decoded_as_pillow_does() -> None:
    content = encoded(Image.fromarray(COLOUR), "JPEG")
    assert np.array_equal(decode("x", content).pixels, np.asarray(Image.open(io.BytesIO(content))))


@pytest.mark.parametrize(
    ("kind", "settings", "stored"),
    [
        ("WEBP", {"lossless": True}, "WEBP lossless"),
        ("WEBP", {"lossless": False, "quality": 80}, "WEBP"),
        ("TIFF", {"compression": "jpeg"}, "TIFF of JPEG"),
        ("TIFF", {"compression": "tiff_lzw"}, "TIFF"),
        ("TIFF", {}, "TIFF"),
        ("MPO", {"save_all": True, "append_images": [Image.fromarray(COLOUR)]}, "MPO"),
        ("JPEG", {}, "JPEG"),
        ("PNG", {}, "PNG"),
    ],
)
def test_what_a_picture_is_stored_as_tells_whether_it_lost_something(
    kind: str, settings: dict[str, Any], stored: str
) -> None:
    decoded = decode("x", encoded(Image.fromarray(COLOUR), kind, **settings))
    assert decoded.stored == stored
    assert (stored in LOSSY) == (not np.array_equal(decoded.pixels, COLOUR))


def test_the_frames_of_a_lossless_animation_are_lossless() -> None:
    frames = [Image.fromarray(photos(1, seed)[0]) for seed in range(3)]
    for is_lossless, stored in ((True, "WEBP lossless"), (False, "WEBP")):
        content = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=is_lossless)
        assert decode("x", content).stored == stored


def test_floats_have_no_range_and_are_refused() -> None:
    with pytest.raises(BadInput, match=r"^x: pixels without a range"):
        decode("x", encoded(Image.new("F", (2, 2)), "TIFF"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not an image"),
        (b"hello", "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image"),  # reading it would start a program
        (encoded(Image.fromarray(COLOUR))[:-200], "damaged"),
        (encoded(Image.fromarray(photos(1, 0, 64)[0]), "JPEG")[:-400], "damaged"),
    ],
)
def test_what_is_no_whole_image_is_refused_in_one_line(content: bytes, said: str) -> None:
    with quietly(), pytest.raises(BadInput, match=f"^x: {said}") as caught:
        decode("x", content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("side", [8193, 10_000, 100_000])
def test_a_picture_of_too_many_pixels_is_not_decoded(side: int) -> None:
    content = bytearray(encoded(Image.new("L", (8, 8))))
    content[16:24] = struct.pack(">II", side, side)
    content[29:33] = struct.pack(">I", zlib.crc32(bytes(content[12:29])))
    with quietly(), pytest.raises(BadInput, match="pixels"):
        decode("x", bytes(content))
