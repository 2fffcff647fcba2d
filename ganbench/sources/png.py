"""Plain PNG, 8 bits of grey or colour with nothing beside: its pixels by Pillow's own decoder, without the ceremony.

Opening a picture of 32 by 32 pixels takes longer than decoding it. All else, and the least damage, is left to Pillow.
"""

from __future__ import annotations

import struct
from zlib import crc32

import numpy as np
from PIL import Image

from ganbench.sources.base import Bytes

BEGIN = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"
MODES = {b"\x08\x00\x00\x00\x00": "L", b"\x08\x02\x00\x00\x00": "RGB"}  # bits, colour, and three methods of coding
HARMLESS = {b"pHYs": 9, b"gAMA": 4, b"sRGB": 1, b"cHRM": 32, b"tIME": 7}  # bytes of chunks that change no pixel
HEAD, NUMBER = struct.Struct(">I4s"), struct.Struct(">I")


def quick(content: bytes, most: int) -> Bytes | None:
    """Return the pixels (h, w, 1 or 3) of a plain PNG of at most ``most`` pixels, or None for whatever is not one."""
    if not content.startswith(BEGIN):
        return None
    width, height = struct.unpack_from(">II", content, 16)[:2] if len(content) > 33 else (0, 0)
    mode = MODES.get(content[24:29])
    packed = compressed(content) if mode and 0 < width * height <= most else None
    if mode is None or packed is None:
        return None
    try:
        image = Image.frombytes(mode, (width, height), packed, "zip", mode, 0)
    except (ValueError, OSError, MemoryError):
        return None
    return np.frombuffer(image.tobytes(), np.uint8).reshape(height, width, -1)


def compressed(content: bytes) -> bytes | None:
    """Return the joined image data of a file all of whose chunks are whole and plain, or None."""
    parts: list[bytes] = []
    place = behind = 8  # behind the last chunk of image data
    while place + 12 <= len(content):
        size, kind = HEAD.unpack_from(content, place)
        following = place + 12 + size
        if following > len(content):
            return None
        body = content[place + 4 : following - 4]
        if NUMBER.unpack_from(content, following - 4)[0] != crc32(body):
            return None
        if kind == b"IEND":
            return b"".join(parts) if parts and size == 0 and following == len(content) else None
        if kind == b"IDAT":
            if parts and place != behind:
                return None
            parts.append(body[4:])
            behind = following
        elif HARMLESS.get(kind) != size and place != 8:
            return None
        place = following
    return None
