"""From a file's bytes to pixels by one documented rule, whatever Pillow makes of its mode.

Grey stays grey, and colour whose three channels are equal becomes grey; a palette, CMYK and the like become RGB.
16 bits become 8 by ``round(v / 257)``. Transparent pixels are put on white, as a page shows them. The orientation in
EXIF is applied. Of several frames the first is taken. Each of these is said.
"""

from __future__ import annotations

import io
import logging
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from ganbench.errors import BadInput
from ganbench.sources import jpeg, png
from ganbench.sources.base import Bytes, Picture

logging.getLogger("PIL").addHandler(logging.NullHandler())  # what it says of damaged files, we say

FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "PPM", "TIFF", "GIF")  # others may start programs
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".ppm", ".pgm", ".pbm", ".pnm", ".tif", ".tiff", ".gif")
LOSSY = {"JPEG", "WEBP"}
MOST_PIXELS = 1 << 26
ORIENTATION = 0x0112
SIXTEEN = {"I;16", "I;16L", "I;16B", "I;16N", "I"}
RAISED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    ArithmeticError,
    EOFError,
    RuntimeError,
    MemoryError,
    AssertionError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


@contextmanager
def quietly() -> Iterator[None]:
    """Let Pillow say nothing of odd metadata within, and take its warning of a bomb as an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def decode(name: str, content: bytes) -> Picture:
    """Return the picture in a file of any of ``FORMATS``; raises BadInput, with the reason, where there is none."""
    for stored, way in (("PNG", png.quick), ("JPEG", jpeg.quick)):
        pixels = way(content, MOST_PIXELS)
        if pixels is not None:
            return picture(name, pixels, stored, [])
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise BadInput(f"{image.width} by {image.height} pixels, more than the {MOST_PIXELS} that are decoded")
            return converted(name, image, content)
    except BadInput as error:
        raise BadInput(f"{name}: {error}") from error
    except UnidentifiedImageError as error:
        raise BadInput(f"{name}: not an image of a known format") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadInput(f"{name}: more pixels than the {MOST_PIXELS} that are decoded") from error
    except RAISED as error:  # what Pillow's readers raise on damaged files has no common root
        raise BadInput(f"{name}: damaged ({' '.join(str(error).split()) or type(error).__name__})") from error


def converted(name: str, image: Image.Image, content: bytes) -> Picture:
    """Apply the rule of this module."""
    stored = image.format or "unknown"
    notes = []
    if getattr(image, "n_frames", 1) > 1:
        notes.append("first of several frames")
    pixels, more = loaded(image, stored, content)
    return picture(name, pixels, stored, [*notes, *more])


def picture(name: str, pixels: Bytes, stored: str, notes: list[str]) -> Picture:
    """Return decoded pixels as a picture, whose colour becomes grey where it is none."""
    if pixels.shape[2] == 3 and is_grey(pixels):
        pixels = pixels[..., :1]
        notes = [*notes, "equal channels read as grey"]
    return Picture(name, np.ascontiguousarray(pixels), stored, tuple(notes))


def loaded(image: Image.Image, stored: str, content: bytes) -> tuple[Bytes, list[str]]:
    """Decode, turn as EXIF says, and return pixels (h, w, 1 or 3) and what was done to them."""
    if stored == "JPEG" and not is_turned(image):
        pixels = jpeg.opened(image, content)
        if pixels is not None:
            return pixels, []
    image.load()
    if not is_turned(image):  # a PNG may say so behind its pixels
        return eight_bits(image, stored, content)
    pixels, more = eight_bits(ImageOps.exif_transpose(image), stored, content)
    return pixels, ["turned as EXIF says", *more]


def is_turned(image: Image.Image) -> bool:
    return image.getexif().get(ORIENTATION, 1) not in (0, 1)


def eight_bits(image: Image.Image, stored: str, content: bytes) -> tuple[Bytes, list[str]]:
    """Return pixels (h, w, 1 or 3) and what was done to them; raises BadInput for values without a range."""
    mode = image.mode
    if mode == "F" or (mode == "I" and stored == "TIFF"):
        raise BadInput("pixels without a range (32 bits each); save them as 8 or 16 bits")
    if mode in SIXTEEN:
        return from_sixteen(np.asarray(image).astype(np.int64)), ["16 bits over 257, rounded"]
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        return on_white(np.asarray(image.convert("RGBA"))), ["transparency put on white"]
    if mode == "L":
        return np.asarray(image)[..., None], []
    if mode == "1":
        return np.asarray(image.convert("L"))[..., None], ["1 bit to 0 and 255"]
    if mode == "RGB":
        deep = stored == "PNG" and len(content) > 24 and content[24] == 16
        return np.asarray(image), ["16 bits of colour, the lower 8 dropped"] * deep
    return np.asarray(image.convert("RGB")), [f"{'palette' if mode == 'P' else mode} to RGB"]


def from_sixteen(values: NDArray[np.int64]) -> Bytes:
    """Return round(v / 257) of values in 0-65535, (h, w, 1)."""
    return ((values.clip(0, 65535) + 128) // 257).astype(np.uint8)[..., None]


def on_white(rgba: Bytes) -> Bytes:
    """Return what a white page shows: round(alpha c + (1 - alpha) 255)."""
    colour, alpha = rgba[..., :3].astype(np.uint32), rgba[..., 3:].astype(np.uint32)
    return ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def is_grey(pixels: Bytes) -> bool:
    """Whether the three channels are equal; most colour pictures betray themselves in the first row."""
    for part in (pixels[:1], pixels):
        if (part[..., 0] != part[..., 1]).any() or (part[..., 0] != part[..., 2]).any():
            return False
    return True
