"""From values of any range to the 256 grey levels that features are taken of: one rule for files and for arrays.

``round(255 (v - black) / (white - black))``, clipped; what is transparent is put on white before it is rounded. Eight
bits say their range themselves. Other values are given one by name, or it is guessed from how they spread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganbench.errors import BadInput
from ganbench.io.source import Bytes, Span

UNIT, BYTE = (0.0, 1.0), (0.0, 255.0)
RANGES: tuple[Span, ...] = (UNIT, (-1.0, 1.0), BYTE)  # of floats, in the order in which they are tried
FULL = 65535  # of 16 bits
SIXTEEN: Span = (0.0, float(FULL))
WHITES = (255, 1023, 4095, 16383, FULL)  # of 8, 10, 12, 14 and 16 bits
NEAR = 0.1  # of the width: how near to black and to white values come that fill a range
PART = 1 << 20  # pixels that are converted at once
CLIPPED = "had values outside the range, clipped"
ON_WHITE = "had transparent pixels, put on white"
Values = NDArray[Any]


def guess(low: float, high: float, is_float: bool) -> Span | None:
    """Return the first usual range that holds values from ``low`` to ``high``, None where there is none."""
    ranges = RANGES if is_float else (BYTE,)
    return next((each for each in ranges if each[0] <= low and high <= each[1]), None)


def is_filled(span: Span, low: float, high: float) -> bool:
    """Whether values come near to black and near to white, as those of many pictures do."""
    margin = NEAR * (span[1] - span[0])
    return low <= span[0] + margin and high >= span[1] - margin


def white_for(largest: int) -> int:
    """Return white of the fewest bits that hold a largest value of 16 bits."""
    return next(white for white in WHITES if largest <= white)


def of_sixteen_bits(span: Span | None) -> Span | None:
    """Return a named range where 16 bits can have it; below 0 and up to 1 there are only floats."""
    return span if span and span[0] >= 0 and span[1] > 1 else None


def worded(span: Span) -> str:
    return f"[{span[0]:g}, {span[1]:g}]"


def to_levels(
    name: str, values: Values, span: Span, *, is_inverted: bool = False, is_premultiplied: bool = False
) -> tuple[Bytes, list[str]]:
    """Return values (h, w, c) as uint8 (h, w, 1 or 3), and notes of what else was done; raises BadInput if not finite.

    Of 2 and of 4 channels the last one is how opaque a pixel is. ``is_inverted``: black is white. ``is_premultiplied``:
    colour was multiplied by it. Single precision stays so: then a value halfway between two levels falls as it does
    inside a run.
    """
    colours = values[..., :-1] if values.shape[2] in (2, 4) else values
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():  # NaN and infinity both reach an extreme
        raise BadInput(f"image {name} holds values that are not finite")
    notes, step = [], 255 / (span[1] - span[0])
    if (colours.min() - span[0]) * step < -0.5 or (colours.max() - span[0]) * step > 255.5:
        notes.append(CLIPPED)
    opaque = None
    if colours is not values:
        notes.append(ON_WHITE)
        opaque = (0.0, float(FULL)) if values.dtype == np.uint16 and high > span[1] else span

    def levels(part: Values) -> Bytes:
        shown = scaled(part[..., : colours.shape[2]], span)
        shown = 255 - shown if is_inverted else shown
        if opaque:
            alpha = scaled(part[..., -1:], opaque) / 255
            shown = (shown if is_premultiplied else shown * alpha) + 255 * (1 - alpha)
        return shown.round().clip(0, 255).astype(np.uint8)

    return by_rows(levels, values, colours.shape[2]), notes


def scaled(values: Values, span: Span) -> NDArray[np.floating]:
    """Return values as levels that are not rounded, clipped to 0-255."""
    low, high = span
    if values.dtype == np.float32:
        levels: NDArray[np.floating] = (values - float(low)) * float(255 / (high - low))
    else:
        levels = (values.astype(np.float64) - float(low)) * 255 / (high - low)
    return levels.clip(0, 255)


def on_white(rgba: Bytes) -> Bytes:
    """Return what a white page shows of eight bits: round(alpha c + (1 - alpha) 255)."""

    def shown(part: Bytes) -> Bytes:
        colour, alpha = part[..., :-1].astype(np.uint32), part[..., -1:].astype(np.uint32)
        return ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)

    return by_rows(shown, rgba, rgba.shape[2] - 1)


def by_rows(function: Callable[[Values], Bytes], values: Values, channels: int) -> Bytes:
    """Apply a function to a picture some rows at a time: it takes many times the memory of what it is given."""
    height, width = values.shape[:2]
    rows = max(1, PART // max(1, width))
    if rows >= height:
        return function(values)
    result = np.empty((height, width, channels), np.uint8)
    for start in range(0, height, rows):
        result[start : start + rows] = function(values[start : start + rows])
    return result


def is_grey(pixels: Bytes) -> bool:
    """Whether the three channels are equal; most colour pictures betray themselves in the first row."""
    for part in (pixels[:1], pixels):
        if (part[..., 0] != part[..., 1]).any() or (part[..., 0] != part[..., 2]).any():
            return False
    return True
