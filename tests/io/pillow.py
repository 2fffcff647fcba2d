"""What decoding gives with the shortcuts, beside what Pillow alone gives."""

from __future__ import annotations

import numpy as np
import pytest

from ganbench.errors import BadInput
from ganbench.io import decode
from ganbench.io.source import Picture


def outcome(content: bytes) -> Picture | str:
    """What the decoder makes of a file: a picture, or why there is none."""
    with decode.quietly():
        try:
            return decode.decode("x", content)
        except BadInput as error:
            return str(error)


def assert_same_by_pillow(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decode as it is and without any shortcut: the same pixels and the same conversions."""
    one = outcome(content)
    with monkeypatch.context() as here:
        here.setattr(decode, "HAS_SIMPLEJPEG", False)
        here.setattr(decode, "png_pixels", lambda _content, _most: None)
        other = outcome(content)
    if isinstance(one, str) or isinstance(other, str):
        assert one == other
        return
    assert np.array_equal(one.pixels, other.pixels)
    assert one.pixels.dtype == other.pixels.dtype
    assert (one.stored, one.conversions) == (other.stored, other.conversions)
