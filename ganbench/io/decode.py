"""From a file's bytes, or a picture of Pillow's, to pixels by one documented rule, whatever Pillow makes of its mode.

Grey stays grey, and colour whose three channels are equal becomes grey; a palette, CMYK and the like become RGB.
More than 8 bits become 8 at once, from all of them, by the rule of ``levels``: ``round(v / 257)`` for 16 bits in their
full range. Transparent pixels are put on white, as a page shows them. The orientation in EXIF is applied. Of several
frames the first is taken. Each of these is reported as a conversion of the picture.

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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pickle import UnpicklingError
from tokenize import TokenError
from typing import Any
from zlib import crc32

import numpy as np
from PIL import Image, UnidentifiedImageError, features
from safetensors import SafetensorError

from ganbench.errors import BadInput, PlaceError
from ganbench.io.bit_depth import deep, from_deep, is_deep, raw_mode
from ganbench.io.grey_levels import FULL, ON_WHITE, is_grey, on_white
from ganbench.io.source import Bytes, Picture, Span

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
LOSSY = ("JPEG", "MPO", "WEBP", "TIFF of JPEG", "TIFF of WEBP")  # what pictures are stored as, by their content
MOST_PIXELS, STRIP = 1 << 26, 1 << 22  # that are decoded; of a transparent picture, that are laid on white at once
SCAN_MARK, USUAL_SCANS, MOST_WORK = b"\xff\xda", 20, 1 << 28  # scans of a progressive JPEG; pixels in all of them
ORIENTATION = 0x0112
STRIPS = 273  # a tag of TIFF: where its pixels lie
TURNS: dict[int, Callable[[Bytes], Bytes]] = {  # by the orientation of EXIF
    2: np.fliplr,
    3: partial(np.rot90, k=2),
    4: np.flipud,
    5: lambda pixels: np.swapaxes(pixels, 0, 1),
    6: partial(np.rot90, k=-1),
    7: lambda pixels: np.rot90(np.swapaxes(pixels, 0, 1), 2),
    8: np.rot90,
}
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
    UnpicklingError,  # of torch's reader of tensors
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


def decode(name: str, content: bytes, span: Span | None = None, white: float = FULL) -> Picture:
    """Return the picture in a file of any of ``FORMATS``; raises BadInput, with the reason, where there is none.

    ``span`` are the values of black and white of what has more than 8 bits and does not say them itself; where they
    are not named, ``white`` is that of 16 bits.
    """
    for stored, shortcut in (("PNG", png_pixels), ("JPEG", jpeg_pixels)):
        pixels = shortcut(content, MOST_PIXELS)
        if pixels is not None:
            return picture(name, pixels, stored, [])
    with reported(name), opened(content) as image:
        return converted(name, image, content, span, white)


def from_pillow(name: str, image: Image.Image, span: Span | None = None, white: float = FULL) -> Picture:
    """Return a picture in memory, by the rule for files; raises BadInput, with the reason, where that cannot be."""
    with reported(name):
        return converted(name, image, file_behind(image), span, white)


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content), formats=FORMATS)


def file_behind(image: Image.Image) -> bytes | None:
    """Return the content of the file that a picture of its first frame is yet to be decoded from, or None."""
    known: Any = image
    if not getattr(image, "tile", None) or getattr(image, "fp", None) is None or image.tell():
        return None
    place = known.fp.tell()
    known.fp.seek(0)
    content: bytes = known.fp.read()
    known.fp.seek(place)
    return content


@contextmanager
def reported(name: str) -> Iterator[None]:
    """Raise BadInput with one line for whatever decoders raise within."""
    try:
        yield
    except BadInput as error:
        raise BadInput(f"{name}: {error}") from error
    except MemoryError as error:
        raise PlaceError(f"{name}: there is not enough memory to decode it") from error
    except UnidentifiedImageError as error:
        raise BadInput(f"{name}: not an image of a known format") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadInput(f"{name}: more pixels than the {MOST_PIXELS} that are decoded") from error
    except DECODER_ERRORS as error:
        raise BadInput(f"{name}: damaged ({' '.join(str(error).split()) or type(error).__name__})") from error


def converted(name: str, image: Image.Image, content: bytes | None, span: Span | None, white: float) -> Picture:
    """Apply the rule of this module to a picture, and to the content of its file where that is known."""
    if image.width * image.height > MOST_PIXELS:
        raise BadInput(f"{image.width} by {image.height} pixels, more than the {MOST_PIXELS} that are decoded")
    if content:
        check_scans(content, image.width * image.height)
    stored, notes, taken, depth = stored_as(image, content), [], None, 0
    if getattr(image, "is_animated", False) and not image.tell():  # n_frames would go through all of them
        notes.append("have several frames, of which the first was taken")
    if content and stored == "JPEG" and not turn_of(image):
        pixels = opened_jpeg_pixels(image, content)
        if pixels is not None:
            return picture(name, pixels, stored, notes)
    is_cut = image.mode != "F" and is_deep(raw_mode(image))
    values = deep(image, None if content is None else partial(opened, content))
    if values is None:
        image.load()
        pixels, more = eight_bits(image)
        more = [*["had 16 bits of colour, of which the lower 8 were dropped"] * is_cut, *more]
    else:
        pixels, more, taken, depth = from_deep(name, values, span, white)
    if turn := turn_of(image):  # a PNG may say so behind its pixels
        pixels = TURNS[turn](pixels)
        notes.append("were turned as EXIF says")
    return picture(name, pixels, stored, [*notes, *more], taken, depth)


def check_scans(content: bytes, pixels: int) -> None:
    """Raise BadInput for a JPEG of so many scans that decoding takes minutes: each goes over all pixels again."""
    scans = content.count(SCAN_MARK) if content.startswith(JPEG_BEGIN) else 0
    if scans > USUAL_SCANS and scans * pixels > MOST_WORK:
        raise BadInput(f"{scans} scans of {pixels} pixels, more than the {MOST_WORK} pixels in all that are decoded")


def stored_as(image: Image.Image, content: bytes | None) -> str:
    """Return the format of a picture, and whether it compresses with loss where a format may or may not."""
    kind, inner = image.format or "array", image.info.get("compression", "")
    if kind == "WEBP":
        return "array" if content is None else "WEBP lossless" if is_lossless_webp(content) else kind
    if kind == "TIFF" and inner in ("jpeg", "tiff_jpeg"):
        return "TIFF of JPEG"
    if kind == "TIFF" and inner == "webp" and content:
        tags: Any = getattr(image, "tag_v2", {})
        return kind if is_lossless_webp(content[min(tags.get(STRIPS, (0,))) :]) else "TIFF of WEBP"
    return kind


def is_lossless_webp(content: bytes) -> bool:
    """Whether the first picture in a WebP file is one of its lossless kind."""
    start = 12
    while start + 8 <= len(content):
        kind, size = content[start : start + 4], int.from_bytes(content[start + 4 : start + 8], "little")
        if kind in (b"VP8 ", b"VP8L"):
            return kind == b"VP8L"
        start += 8 + (16 if kind == b"ANMF" else size + size % 2)  # a frame holds chunks of its own
    return False


def turn_of(image: Image.Image) -> int:
    """Return the orientation that EXIF gives, 0 where the picture stands as it should."""
    orientation = image.getexif().get(ORIENTATION, 1)
    return orientation if orientation in TURNS else 0


def picture(
    name: str, pixels: Bytes, stored: str, notes: list[str], span: Span | None = None, depth: int = 0
) -> Picture:
    """Return decoded pixels as a picture, whose colour becomes grey where it is none."""
    if pixels.shape[2] == 3 and is_grey(pixels):
        pixels = pixels[..., :1]
        notes = [*notes, "are greyscale, stored in colour"]
    return Picture(name, np.ascontiguousarray(pixels), stored, tuple(notes), span, depth)


def eight_bits(image: Image.Image) -> tuple[Bytes, list[str]]:
    """Return pixels (h, w, 1 or 3) and what was done to them."""
    mode = image.mode
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        return transparent(image), [ON_WHITE]
    if mode == "L":
        return np.asarray(image)[..., None], []
    if mode == "1":
        return np.asarray(image.convert("L"))[..., None], ["had 1 bit, taken as 0 and 255"]
    if mode == "RGB":
        return np.asarray(image), []
    return np.asarray(image.convert("RGB")), [f"were {'palette' if mode == 'P' else mode}, converted to RGB"]


def transparent(image: Image.Image) -> Bytes:
    """Return the pixels (h, w, 3) of a transparent picture on white, some rows at a time where it is large."""
    rows = max(1, STRIP // max(1, image.width))
    result = np.empty((image.height, image.width, 3), np.uint8)
    for start in range(0, image.height, rows):
        end = min(image.height, start + rows)
        part = image if rows >= image.height else image.crop((0, start, image.width, end))
        plain = part.convert("LA") if part.mode == "La" else part
        result[start:end] = on_white(np.asarray(plain.convert("RGBA")))
    return result


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
    if shape and content.count(SCAN_MARK) > USUAL_SCANS:
        return None  # by Pillow, if at all
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
