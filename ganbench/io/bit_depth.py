"""Pictures of more than 8 bits, in their full depth: Pillow hands out the upper 8 bits of colour.

It decodes such a file twice here, the second time as if the two bytes of a value were the other way round.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganbench.errors import BadInput
from ganbench.io.grey_levels import FULL, of_sixteen_bits, to_levels, worded
from ganbench.io.source import Bytes, Span

GREY = {"I;16", "I;16L", "I;16B", "I;16N", "I"}
COLOUR = re.compile(r"(RGB|RGBA|RGBa|RGBX|LA);16[BLN]")
SWAPPED = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
MOST_VALUES = 1 << 26  # of a picture
BITS, PHOTOMETRIC, PLANES = 258, 262, 284  # tags of TIFF
WHITE_IS_ZERO, SEPARATE = 0, 2
Reopen = Callable[[], Image.Image]


@dataclass(frozen=True)
class Deep:
    """Values (h, w, c) of a picture, the last of 2 or 4 channels being how opaque it is.

    ``white`` is the value that the file declares, None where it declares none; ``is_ranged``: they are at least known
    to be whole numbers of 16 bits.
    """

    values: NDArray[Any]
    white: int | None = None
    is_ranged: bool = True
    is_inverted: bool = False
    is_premultiplied: bool = False

    @property
    def kind(self) -> str:
        return "grey" if self.values.shape[2] <= 2 else "colour"


def deep(image: Image.Image, reopen: Reopen | None) -> Deep | None:
    """Return a picture's values where they have more than 8 bits that can be had; ``reopen`` opens its file again.

    Decodes the picture. Raises BadInput for what cannot be decoded, whatever decoders raise for damage.
    """
    tags: Any = getattr(image, "tag_v2", {})
    bits = max(tags.get(BITS, (8,)), default=8)
    if bits > 8 and tags.get(PLANES) == SEPARATE:
        raise BadInput(f"{bits} bits in separate planes, which are not read; save them pixel by pixel")
    raw = raw_mode(image)
    count = image.width * image.height * len(image.getbands())
    if count > MOST_VALUES and (image.mode in GREY or image.mode == "F" or is_deep(raw)):
        raise BadInput(f"{count} values of more than 8 bits, more than the {MOST_VALUES} that are decoded")
    if image.mode in GREY or image.mode == "F":
        return grey(image, bits, tags.get(PHOTOMETRIC) == WHITE_IS_ZERO)
    if image.format == "PPM" and isinstance(raw, tuple) and raw[-1] > 255:
        return portable(image, raw[-1], reopen)
    name = raw[0] if isinstance(raw, tuple) else raw
    if reopen is None or not isinstance(name, str) or not COLOUR.fullmatch(name):
        return None
    return colour(image, name, reopen)


def raw_mode(image: Image.Image) -> Any:
    """Return how a picture lies in its file as Pillow's decoder is told it, nothing once it is decoded."""
    tiles = getattr(image, "tile", None)
    return tiles[0][3] if tiles else ""


def is_deep(raw: Any) -> bool:
    """Whether a picture lies in its file with more than 8 bits, by how Pillow's decoder is told it."""
    kind, white = (raw[0], raw[-1]) if isinstance(raw, tuple) else (raw, 0)
    return ";16" in str(kind) or (kind == "RGB" and isinstance(white, int) and white > 255)


def grey(image: Image.Image, bits: int, is_inverted: bool) -> Deep:
    """Return grey values; those of 32 bits, signed or not whole have no range, and those of PPM are scaled to 16."""
    raw = raw_mode(image)
    values = np.asarray(image)[..., None]
    if image.mode == "F" or (image.mode == "I" and image.format == "TIFF") or values.min() < 0 or values.max() > FULL:
        return Deep(values, is_ranged=False, is_inverted=is_inverted)
    declared = isinstance(raw, tuple) and image.format == "PPM"
    white = FULL if declared and raw[-1] != FULL else 2**bits - 1 if 8 < bits < 16 else None
    return Deep(with_key(values.astype(np.uint16), image), white, is_inverted=is_inverted)


def colour(image: Image.Image, raw: str, reopen: Reopen) -> Deep:
    """Return both bytes of colour."""
    mode = raw.partition(";")[0]
    if mode == "LA" and image.mode == "RGBA":  # two values of 16 bits lie there as four of 8
        whole = np.asarray(as_if(image, "RGBA")).astype(np.uint16)
        return Deep(whole[..., 0::2] << 8 | whole[..., 1::2])
    plain = raw.replace("RGBa", "RGBA")
    upper = np.asarray(as_if(image, plain)).astype(np.uint16)
    with reopen() as again:
        lower = np.asarray(as_if(again, plain[:-1] + SWAPPED[plain[-1]]))
    return Deep(with_key(upper << 8 | lower, image), is_premultiplied=mode == "RGBa")


def as_if(image: Image.Image, raw: str) -> Image.Image:
    """Return a picture, not decoded yet, that will be decoded as if it lay in its file in another way."""
    known: Any = image
    known.tile = [
        each._replace(args=(raw, *each[3][1:]) if isinstance(each[3], tuple) else raw)
        if hasattr(each, "_replace")
        else (*each[:3], (raw, *each[3][1:]) if isinstance(each[3], tuple) else raw)
        for each in known.tile
    ]
    return image


def with_key(values: NDArray[np.uint16], image: Image.Image) -> NDArray[np.uint16]:
    """Return values with how opaque they are, where a PNG names one that is transparent."""
    key = image.info.get("transparency")
    if not isinstance(key, int | tuple) or values.shape[2] not in (1, 3):
        return values
    opaque = np.where((values == np.array(key)).all(2, keepdims=True), 0, FULL)
    return np.concatenate([values, opaque.astype(np.uint16)], 2)


def portable(image: Image.Image, white: int, reopen: Reopen | None) -> Deep | None:
    """Return the colour of a binary PPM of 16 bits; None for one in text, which Pillow rounds."""
    known: Any = image
    if reopen is None or known.tile[0][0] != "ppm":
        return None
    with reopen() as again:
        file: Any = again
        file.fp.seek(known.tile[0][2])
        count = image.width * image.height * 3
        values = np.frombuffer(file.fp.read(2 * count), ">u2", count).reshape(image.height, image.width, 3)
    return Deep(values.clip(0, white).astype(np.uint16), None if white == FULL else white)


def from_deep(name: str, picture: Deep, span: Span | None, white: float) -> tuple[Bytes, list[str], Span, int]:
    """Return pixels of 8 bits, what was done to them, the range that was taken, and the largest value.

    ``span`` is a range that was named, ``white`` that of 16 bits where nothing names it. The largest value is 0 where
    the range is named or declared. Raises BadInput for values without a range.
    """
    named = of_sixteen_bits(span) if picture.is_ranged else span
    if named is None and not picture.is_ranged:
        raise BadInput("pixels without a range (32 bits each, or signed); name it with --span, or save 8 or 16 bits")
    bits = "32" if not picture.is_ranged else "16" if picture.white is None else str(picture.white.bit_length())
    taken = (0.0, float(picture.white)) if picture.white else named or (0.0, float(white))
    pixels, notes = to_levels(
        name, picture.values, taken, is_inverted=picture.is_inverted, is_premultiplied=picture.is_premultiplied
    )
    colours = picture.values[..., : 1 if picture.kind == "grey" else 3]
    depth = 0 if picture.white or named else int(colours.max())
    return (
        pixels,
        [f"had {bits} bits of {picture.kind}, scaled from {worded(taken)} to 0-255 and rounded", *notes],
        taken,
        depth,
    )
