"""Colour JPEG by simplejpeg where it is installed (the extra ``fast``): Pillow's pixels bit for bit, in less time."""

from __future__ import annotations

import numpy as np
from PIL import Image, features

from ganbench.sources.base import Bytes

try:
    from simplejpeg import decode_jpeg
except ImportError:
    decode_jpeg = None

# other builds of Pillow decode by other libraries, which need not round alike
USABLE = decode_jpeg is not None and bool(features.check_feature("libjpeg_turbo"))


def quick(image: Image.Image, content: bytes) -> Bytes | None:
    """Return the pixels (h, w, 3) of an opened file of plain colour, or None for whatever Pillow must see to itself.

    That is other formats, grey, CMYK, and files with the least damage: the decoder takes a warning as an error.
    """
    if not USABLE or image.format != "JPEG" or image.mode != "RGB":
        return None
    try:
        pixels: Bytes = decode_jpeg(content, "RGB", fastdct=False, fastupsample=False)
    except ValueError:
        return None
    return pixels if pixels.shape == (image.height, image.width, 3) and pixels.dtype == np.uint8 else None
