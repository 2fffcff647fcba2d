"""Files of more than 8 bits, written here value by value: Pillow writes no colour of 16 bits."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np

KINDS = {1: 0, 2: 4, 3: 2, 4: 6}  # of PNG, by the number of channels


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(values: Any, *more: bytes) -> bytes:
    """A PNG of uint16 (h, w, c), every row of which is stored as the difference from the one above."""
    height, width, channels = values.shape
    rows = values.astype(">u2").tobytes()
    size = 2 * width * channels
    lines = np.frombuffer(rows, np.uint8).reshape(height, size)
    up = np.diff(lines, axis=0, prepend=np.zeros((1, size), np.uint8))
    data = b"".join(b"\2" + line.tobytes() for line in up)
    head = struct.pack(">IIBBBBB", width, height, 16, KINDS[channels], 0, 0, 0)
    body = b"".join(more) + chunk(b"IDAT", zlib.compress(data))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body + chunk(b"IEND", b"")


def tiff(values: Any, order: str = "<", *, white_is_zero: bool = False, alpha: int | None = None, **more: Any) -> bytes:
    """A TIFF of uint16 (h, w, c); ``alpha`` 1 is multiplied into colour, 2 not, 0 no alpha at all."""
    height, width, channels = values.shape
    is_packed, is_planar = more.get("packed", False), more.get("planar", False)
    data = (np.moveaxis(values, 2, 0) if is_planar else values).astype(f"{order}u2").tobytes()
    data = zlib.compress(data) if is_packed else data
    count = 10 + (alpha is not None)
    behind = 8 + 2 + 12 * count + 4
    bits = struct.pack(f"{order}{channels}H", *[16] * channels) if channels > 1 else b""
    photometric = 2 if channels > 2 else 0 if white_is_zero else 1
    tags = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, channels, behind if channels > 1 else 16),
        (259, 3, 1, 8 if is_packed else 1),
        (262, 3, 1, photometric),
        (273, 4, 1, behind + len(bits)),
        (277, 3, 1, channels),
        (278, 4, 1, height),
        (279, 4, 1, len(data)),
        (284, 3, 1, 2 if is_planar else 1),
        *([(338, 3, 1, alpha)] if alpha is not None else []),
    ]
    out = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, len(tags))
    for tag, kind, length, value in tags:
        is_short = kind == 3 and length == 1
        out += struct.pack(f"{order}HHI", tag, kind, length)
        out += struct.pack(f"{order}HH", value, 0) if is_short else struct.pack(f"{order}I", value)
    return out + struct.pack(f"{order}I", 0) + bits + data


def pnm(values: Any, white: int) -> bytes:
    """A binary PGM or PPM of uint16 (h, w, 1 or 3)."""
    height, width, channels = values.shape
    head = f"P{5 if channels == 1 else 6} {width} {height} {white}\n"
    return head.encode() + values.astype(">u2").tobytes()
