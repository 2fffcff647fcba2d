"""Colour JPEG by simplejpeg where it is installed (the extra ``fast``): Pillow's pixels bit for bit, in less time."""

from __future__ import annotations

import struct

import numpy as np
from PIL import Image, features

from ganbench.sources.base import Bytes

try:
    from simplejpeg import decode_jpeg
except ImportError:
    decode_jpeg = None

# other builds of Pillow decode by other libraries, which need not round alike
USABLE = decode_jpeg is not None and bool(features.check_feature("libjpeg_turbo"))

BEGIN = b"\xff\xd8\xff"
JFIF, TABLES, HUFFMAN, RESTART, COMMENT, SCAN = 0xFFE0, 0xFFDB, 0xFFC4, 0xFFDD, 0xFFFE, 0xFFDA
FRAMES = (0xFFC0, 0xFFC1, 0xFFC2)  # baseline, extended, progressive
HEAD, FRAME = struct.Struct(">HH"), struct.Struct(">BHHB")  # marker and size; bits, height, width, channels
TABLE = 65  # bytes of one table of quantisation of 8 bits: its number and 64 values


def quick(content: bytes, most: int) -> Bytes | None:
    """Return the pixels (h, w, 3) of a plain colour JPEG of at most ``most`` pixels, or None for whatever is not one.

    Plain has nothing that Pillow would act upon: no EXIF, no other frames. Opening a file takes it a tenth of decoding.
    """
    shape = plain(content) if USABLE else None
    return pixels_of(content, *shape) if shape and 0 < shape[0] * shape[1] <= most else None


def opened(image: Image.Image, content: bytes) -> Bytes | None:
    """Return the pixels (h, w, 3) of a file of colour that Pillow has opened, or None for whatever it must decode."""
    if not USABLE or image.format != "JPEG" or image.mode != "RGB":
        return None
    return pixels_of(content, image.height, image.width)


def pixels_of(content: bytes, height: int, width: int) -> Bytes | None:
    """Decode; None for files with the least damage, for the decoder takes a warning as an error."""
    try:
        pixels: Bytes = decode_jpeg(content, "RGB", fastdct=False, fastupsample=False)
    except ValueError:
        return None
    return pixels if pixels.shape == (height, width, 3) and pixels.dtype == np.uint8 else None


def plain(content: bytes) -> tuple[int, int] | None:
    """Return height and width where nothing but whole segments of harmless kinds leads to a scan of colour, or None."""
    shape, place = None, 2
    while content.startswith(BEGIN) and place + 4 <= len(content):
        kind, size = HEAD.unpack_from(content, place)
        body = content[place + 4 : place + 2 + size]
        if kind == SCAN or len(body) + 2 != size:
            return shape if kind == SCAN else None
        if kind in FRAMES and shape is None and size == 17:
            bits, height, width, channels = FRAME.unpack_from(body)
            shape = (height, width) if (bits, channels) == (8, 3) else None
        elif not harmless(kind, body):
            return None
        place += 2 + size
    return None


def harmless(kind: int, body: bytes) -> bool:
    """Whether Pillow passes over a segment without a word; what the decoder minds, it says itself."""
    if kind == TABLES:
        return len(body) % TABLE == 0 and max(body[::TABLE], default=0) < 16  # the upper half byte is 0 for 8 bits
    return kind in (HUFFMAN, RESTART, COMMENT) or (kind == JFIF and len(body) == 14)
