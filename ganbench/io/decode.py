"""From a file's bytes to pixels by one documented rule, whatever Pillow makes of its mode.

Grey stays grey, and colour whose three channels are equal becomes grey; a palette, CMYK and the like become RGB.
16 bits become 8 by ``round(v / 257)``. Transparent pixels are put on white, as a page shows them. The orientation in
EXIF is applied. Of several frames the first is taken. Each of these is reported as a conversion of the picture.

Plain PNG and colour JPEG take a shortcut past ``Image.open``, which needs longer than the decoding of small pictures:
8 bits of grey or colour in PNG go straight to Pillow's own decoder, JPEG to simplejpeg where it is installed (the extra
``fast``). The pixels are the same bit for bit; whatever is unusual or damaged in the least is left to Pillow.
"""

from __future__ import annotations

import io
import logging
import lzma
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from tokenize import TokenError
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError, features
from safetensors import SafetensorError

from ganbench.errors import BadInput
from ganbench.io.source import Bytes, Picture

try:
    from simplejpeg import decode_jpeg
except ImportError:
    decode_jpeg = None

# other builds of Pillow decode by other libraries, which need not round alike
HAS_SIMPLEJPEG = decode_jpeg is not None and bool(features.check_feature("libjpeg_turbo"))

JPEG_BEGIN = b"\xff\xd8\xff"
JFIF, TABLES, HUFFMAN, RESTART, COMMENT, SCAN = 0xFFE0, 0xFFDB, 0xFFC4, 0xFFDD, 0xFFFE, 0xFFDA
JPEG_FRAMES = (0xFFC0, 0xFFC1, 0xFFC2)  # baseline, extended, progressive
JPEG_HEAD, JPEG_FRAME = struct.Struct(">HH"), struct.Struct(">BHHB")  # marker and size; bits, height, width, channels
JPEG_TABLE = 65  # bytes of one table of quantisation of 8 bits: its number and 64 values

logging.getLogger("PIL").addHandler(logging.NullHandler())  # what it says of damaged files, we say

FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "PPM", "TIFF", "GIF")  # others may start programs
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".ppm", ".pgm", ".pbm", ".pnm", ".tif", ".tiff", ".gif")
LOSSY = {"JPEG", "WEBP"}
MOST_PIXELS = 1 << 26
ORIENTATION = 0x0112
SIXTEEN = {"I;16", "I;16L", "I;16B", "I;16N", "I"}
# what the readers of images, archives and arrays raise on damaged files; these have no common root
DECODER_ERRORS: tuple[type[Exception], ...] = (
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
    lzma.LZMAError,
    zipfile.BadZipFile,
    tarfile.TarError,
    SafetensorError,
    TokenError,  # of numpy's reader of old headers
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)

PNG_BEGIN = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"
PNG_MODES = {b"\x08\x00\x00\x00\x00": "L", b"\x08\x02\x00\x00\x00": "RGB"}  # bits, colour, and three methods of coding
PNG_HARMLESS = {b"pHYs": 9, b"gAMA": 4, b"sRGB": 1, b"cHRM": 32, b"tIME": 7}  # bytes of chunks that change no pixel
PNG_HEAD, PNG_NUMBER = struct.Struct(">I4s"), struct.Struct(">I")


@contextmanager
def quietly() -> Iterator[None]:
    """Let Pillow say nothing of odd metadata within, and take its warning of a bomb as an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def decode(name: str, content: bytes) -> Picture:
    """Return the picture in a file of any of ``FORMATS``; raises BadInput, with the reason, where there is none."""
    for stored, shortcut in (("PNG", png_pixels), ("JPEG", jpeg_pixels)):
        pixels = shortcut(content, MOST_PIXELS)
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
    except DECODER_ERRORS as error:
        raise BadInput(f"{name}: damaged ({' '.join(str(error).split()) or type(error).__name__})") from error


def converted(name: str, image: Image.Image, content: bytes) -> Picture:
    """Apply the rule of this module."""
    stored = image.format or "unknown"
    notes = []
    if getattr(image, "n_frames", 1) > 1:
        notes.append("have several frames, of which the first was taken")
    pixels, more = loaded(image, stored, content)
    return picture(name, pixels, stored, [*notes, *more])


def picture(name: str, pixels: Bytes, stored: str, notes: list[str]) -> Picture:
    """Return decoded pixels as a picture, whose colour becomes grey where it is none."""
    if pixels.shape[2] == 3 and is_grey(pixels):
        pixels = pixels[..., :1]
        notes = [*notes, "are greyscale, stored in colour"]
    return Picture(name, np.ascontiguousarray(pixels), stored, tuple(notes))


def loaded(image: Image.Image, stored: str, content: bytes) -> tuple[Bytes, list[str]]:
    """Decode, turn as EXIF says, and return pixels (h, w, 1 or 3) and what was done to them."""
    if stored == "JPEG" and not is_turned(image):
        pixels = opened_jpeg_pixels(image, content)
        if pixels is not None:
            return pixels, []
    image.load()
    if not is_turned(image):  # a PNG may say so behind its pixels
        return eight_bits(image, stored, content)
    pixels, more = eight_bits(ImageOps.exif_transpose(image), stored, content)
    return pixels, ["were turned as EXIF says", *more]


def is_turned(image: Image.Image) -> bool:
    return image.getexif().get(ORIENTATION, 1) not in (0, 1)


def eight_bits(image: Image.Image, stored: str, content: bytes) -> tuple[Bytes, list[str]]:
    """Return pixels (h, w, 1 or 3) and what was done to them; raises BadInput for values without a range."""
    mode = image.mode
    if mode == "F" or (mode == "I" and stored == "TIFF"):
        raise BadInput("pixels without a range (32 bits each); save them as 8 or 16 bits")
    if mode in SIXTEEN:
        return from_sixteen(np.asarray(image).astype(np.int64)), ["had 16 bits of grey, divided by 257 and rounded"]
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        return on_white(np.asarray(image.convert("RGBA"))), ["had transparent pixels, put on white"]
    if mode == "L":
        return np.asarray(image)[..., None], []
    if mode == "1":
        return np.asarray(image.convert("L"))[..., None], ["had 1 bit, taken as 0 and 255"]
    if mode == "RGB":
        deep = stored == "PNG" and len(content) > 24 and content[24] == 16
        return np.asarray(image), ["had 16 bits of colour, of which the lower 8 were dropped"] * deep
    return np.asarray(image.convert("RGB")), [f"were {'palette' if mode == 'P' else mode}, converted to RGB"]


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


def png_pixels(content: bytes, most: int) -> Bytes | None:
    """Return the pixels (h, w, 1 or 3) of a plain PNG of at most ``most`` pixels, or None for whatever is not one."""
    if not content.startswith(PNG_BEGIN):
        return None
    width, height = struct.unpack_from(">II", content, 16)[:2] if len(content) > 33 else (0, 0)
    mode = PNG_MODES.get(content[24:29])
    packed = png_data(content) if mode and 0 < width * height <= most else None
    if mode is None or packed is None:
        return None
    try:
        image = Image.frombytes(mode, (width, height), packed, "zip", mode, 0)
    except (ValueError, OSError, MemoryError):
        return None
    return np.frombuffer(image.tobytes(), np.uint8).reshape(height, width, -1)


def png_data(content: bytes) -> bytes | None:
    """Return the joined image data of a file all of whose chunks are whole and plain, or None."""
    parts: list[bytes] = []
    start = end = 8  # end the last chunk of image data
    while start + 12 <= len(content):
        size, kind = PNG_HEAD.unpack_from(content, start)
        following = start + 12 + size
        if following > len(content):
            return None
        body = content[start + 4 : following - 4]
        if PNG_NUMBER.unpack_from(content, following - 4)[0] != crc32(body):
            return None
        if kind == b"IEND":
            return b"".join(parts) if parts and size == 0 and following == len(content) else None
        if kind == b"IDAT":
            if parts and start != end:
                return None
            parts.append(body[4:])
            end = following
        elif PNG_HARMLESS.get(kind) != size and start != 8:
            return None
        start = following
    return None


def jpeg_pixels(content: bytes, most: int) -> Bytes | None:
    """Return the pixels (h, w, 3) of a plain colour JPEG of at most ``most`` pixels, or None for whatever is not one.

    Plain has nothing that Pillow would act upon: no EXIF, no other frames. Opening a file takes it a tenth of decoding.
    """
    shape = jpeg_shape(content) if HAS_SIMPLEJPEG else None
    return by_simplejpeg(content, *shape) if shape and 0 < shape[0] * shape[1] <= most else None


def opened_jpeg_pixels(image: Image.Image, content: bytes) -> Bytes | None:
    """Return the pixels (h, w, 3) of a file of colour that Pillow has opened, or None for whatever it must decode."""
    if not HAS_SIMPLEJPEG or image.format != "JPEG" or image.mode != "RGB":
        return None
    return by_simplejpeg(content, image.height, image.width)


def by_simplejpeg(content: bytes, height: int, width: int) -> Bytes | None:
    """Decode; None for files with the least damage, for the decoder takes a warning as an error."""
    try:
        pixels: Bytes = decode_jpeg(content, "RGB", fastdct=False, fastupsample=False)
    except ValueError:
        return None
    return pixels if pixels.shape == (height, width, 3) and pixels.dtype == np.uint8 else None


def jpeg_shape(content: bytes) -> tuple[int, int] | None:
    """Return height and width where nothing but whole segments of harmless kinds leads to a scan of colour, or None."""
    shape, start = None, 2
    while content.startswith(JPEG_BEGIN) and start + 4 <= len(content):
        kind, size = JPEG_HEAD.unpack_from(content, start)
        body = content[start + 4 : start + 2 + size]
        if kind == SCAN or len(body) + 2 != size:
            return shape if kind == SCAN else None
        if kind in JPEG_FRAMES and shape is None and size == 17:
            bits, height, width, channels = JPEG_FRAME.unpack_from(body)
            shape = (height, width) if (bits, channels) == (8, 3) else None
        elif not is_harmless_segment(kind, body):
            return None
        start += 2 + size
    return None


def is_harmless_segment(kind: int, body: bytes) -> bool:
    """Whether Pillow passes over a segment without a word; what the decoder minds, it says itself."""
    if kind == TABLES:
        return (
            len(body) % JPEG_TABLE == 0 and max(body[::JPEG_TABLE], default=0) < 16
        )  # the upper half byte is 0 for 8 bits
    return kind in (HUFFMAN, RESTART, COMMENT) or (kind == JFIF and len(body) == 14)
