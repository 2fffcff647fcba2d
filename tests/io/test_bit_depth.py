"""Pictures of more than 8 bits keep all of them until they are rounded once, and their range is named or declared."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganbench.errors import BadInput
from ganbench.io import bit_depth
from ganbench.io.decode import decode, from_pillow
from ganbench.io.grey_levels import CLIPPED, ON_WHITE
from tests.io.deep_files import chunk, png, pnm, tiff
from tests.scoring.sets import encoded

DRAWS = np.random.default_rng(0)
FULL = "scaled from [0, 65535] to 0-255 and rounded"


def values(channels: int, most: int = 65535) -> Any:
    return DRAWS.integers(0, most + 1, (5, 4, channels), dtype=np.uint16)


def on_white(stored: Any, white: int = 65535) -> Any:
    """Grey or colour in front of white, in levels of 8 bits, from all bits."""
    colour, opaque = stored[..., :-1] / white, stored[..., -1:] / white
    return np.round(255 * (colour * opaque + 1 - opaque))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", ["png", "tiff", "big-endian tiff", "packed tiff", "ppm"])
def test_sixteen_bits_are_rounded_once_and_from_all_of_them(kind: str, channels: int) -> None:
    stored = values(channels)
    content = {
        "png": png(stored),
        "tiff": tiff(stored),
        "big-endian tiff": tiff(stored, ">"),
        "packed tiff": tiff(stored, packed=True),
        "ppm": pnm(stored, 65535),
    }[kind]
    decoded = decode("x", content)
    assert np.array_equal(decoded.pixels, np.round(stored / 257))
    assert decoded.conversions == (f"had 16 bits of {'grey' if channels == 1 else 'colour'}, {FULL}",)
    assert (decoded.span, decoded.depth) == ((0, 65535), stored.max())


@pytest.mark.parametrize(("channels", "kind"), [(2, "png"), (4, "png"), (4, "tiff"), (4, "packed tiff")])
def test_transparency_of_sixteen_bits_is_blended_before_it_is_rounded(channels: int, kind: str) -> None:
    stored = values(channels)
    decoded = decode("x", png(stored) if kind == "png" else tiff(stored, alpha=2, packed=kind == "packed tiff"))
    assert np.array_equal(decoded.pixels, on_white(stored))
    assert decoded.conversions[1] == ON_WHITE


def test_colour_that_was_multiplied_by_its_opacity_is_not_multiplied_again() -> None:
    stored = values(4)
    stored[..., :3] = (stored[..., :3] * (stored[..., 3:] / 65535)).astype(np.uint16)
    shown = np.round(stored[..., :3] / 257 + 255 - stored[..., 3:] / 257)
    assert np.array_equal(decode("x", tiff(stored, alpha=1)).pixels, shown)


def test_a_fourth_channel_that_is_no_opacity_is_dropped() -> None:
    stored = values(4)
    assert np.array_equal(decode("x", tiff(stored, alpha=0)).pixels, np.round(stored[..., :3] / 257))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_value_that_a_png_calls_transparent_is_white(channels: int) -> None:
    stored = values(channels)
    key = stored[1, 2].astype(">u2").tobytes()
    decoded = decode("x", png(stored, chunk(b"tRNS", key)))
    expected = np.round(stored / 257)
    expected[1, 2] = 255
    assert np.array_equal(decoded.pixels, expected)


def test_white_may_be_zero_in_a_tiff() -> None:
    stored = values(1)
    assert np.array_equal(
        decode("x", tiff(stored, white_is_zero=True)).pixels, np.round((65535 - stored.astype(int)) / 257)
    )


def test_planes_that_lie_apart_are_refused_and_not_misread() -> None:
    with pytest.raises(BadInput, match="x: 16 bits in separate planes, which are not read"):
        decode("x", tiff(values(3), planar=True))


@pytest.mark.parametrize("content", [png, tiff])
def test_a_range_is_named_or_that_of_the_set(content: Any) -> None:
    stored = values(1, 4095)
    for decoded in (decode("x", content(stored), (0.0, 4095.0)), decode("x", content(stored), None, 4095)):
        assert np.array_equal(decoded.pixels, np.round(stored / 4095 * 255))
        assert decoded.conversions == ("had 16 bits of grey, scaled from [0, 4095] to 0-255 and rounded",)
    assert decode("x", content(stored), (0.0, 4095.0)).depth == 0  # nothing is left to guess
    assert CLIPPED in decode("x", content(stored), (0.0, 1000.0)).conversions


def test_a_range_of_floats_is_none_of_sixteen_bits_and_none_of_eight() -> None:
    stored, plain = values(3), values(3).astype(np.uint8)
    assert np.array_equal(decode("x", png(stored), (-1.0, 1.0)).pixels, np.round(stored / 257))
    assert np.array_equal(decode("x", encoded(Image.fromarray(plain)), (0.0, 100.0)).pixels, plain)


@pytest.mark.parametrize("white", [1000, 4095])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_ppm_says_its_range_itself(white: int, channels: int) -> None:
    stored = values(channels, white)
    decoded = decode("x", pnm(stored, white), (0.0, 9999.0))
    assert np.array_equal(decoded.pixels, np.round(stored / white * 255))
    assert decoded.depth == 0


def test_bits_that_cannot_be_had_are_said_to_be_dropped() -> None:
    text = "P3 1 1 4095\n" + "17 170 1700"
    assert decode("x", text.encode()).conversions == ("had 16 bits of colour, of which the lower 8 were dropped",)


@pytest.mark.parametrize("mode", ["F", "I"])
def test_thirty_two_bits_are_read_where_their_range_is_named(mode: str) -> None:
    picture = Image.fromarray(np.array([[-1.0, 0.0], [0.5, 1.0]], np.float32) * (1 if mode == "F" else 100)).convert(
        mode
    )
    content = encoded(picture, "TIFF")
    with pytest.raises(BadInput, match=r"x: pixels without a range .*; name it with --span"):
        decode("x", content)
    span = (-1.0, 1.0) if mode == "F" else (-100.0, 100.0)
    decoded = decode("x", content, span)
    assert decoded.pixels[..., 0].tolist() == [[0, 128], [191, 255]]
    with pytest.raises(BadInput, match="without a range"):
        decode("x", content, None, 4095)  # a guess of other pictures' white is none for these


def test_more_values_than_are_decoded_are_refused_before_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bit_depth, "MOST_VALUES", 59)
    assert decode("x", png(values(1))).depth
    with pytest.raises(BadInput, match="x: 60 values of more than 8 bits, more than the 59 that are decoded"):
        decode("x", png(values(3)))


def test_a_picture_in_memory_is_read_as_its_file() -> None:
    grey, colour, opaque = values(1), values(3), values(4)
    for content in (png(grey), png(colour), png(opaque), tiff(grey, white_is_zero=True), tiff(colour)):
        decoded, here = decode("x", content), from_pillow("x", Image.open(io.BytesIO(content)))
        assert np.array_equal(here.pixels, decoded.pixels)
        assert (here.stored, here.conversions, here.depth) == (decoded.stored, decoded.conversions, decoded.depth)
    array = Image.fromarray(grey[..., 0])
    assert np.array_equal(from_pillow("x", array).pixels, np.round(grey / 257))


def test_a_picture_in_memory_whose_bits_are_gone_already_is_taken_as_it_is() -> None:
    picture = Image.open(io.BytesIO(png(values(3))))
    picture.load()
    assert from_pillow("x", picture).conversions == ()
