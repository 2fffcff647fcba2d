"""Drawings that stand in a page as SVG: intervals in the cells of tables, and learning curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from ganbench.tables.scales import Scale

Numbers = NDArray[np.float64]

GLYPH = (88, 12)  # pixels of an interval in a cell
EDGE = 5.0  # pixels left free at either side of it
CHART = (680, 340)
MARGIN = (58.0, 14.0, 14.0, 36.0)  # of a chart: left, right, top, bottom
TICKS = 5  # of a linear axis, about
SHARES = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)  # ticks of an axis of odds


@dataclass(frozen=True)
class Axis:
    """From a metric's values to pixels, along the metric's own scale.

    Parameters
    ----------
    scale : Scale
        On which distances are drawn: ratios, odds or differences.
    low, high : float
        The values at the two ends.
    start, end : float
        The pixels of these.
    """

    scale: Scale
    low: float
    high: float
    start: float
    end: float

    def at(self, values: float | Sequence[float] | Numbers) -> Numbers:
        """Return the pixels of values; what lies outside is put at the end."""
        low, high = (float(self.scale.of(x)) for x in (self.low, self.high))
        share = (self.scale.of(values) - low) / ((high - low) or 1.0)
        return self.start + np.clip(share, 0.0, 1.0) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Return values to be written at the axis."""
        if self.scale.kind == "log" and self.low > 0 and self.high > 3 * self.low:
            return decades(self.low, self.high)
        if self.scale.kind == "logit" and (self.scale.low, self.scale.high) == (0.0, 1.0):
            inside = [share for share in SHARES if self.low <= share <= self.high]
            if len(inside) > 1:
                return inside
        return even(self.low, self.high)


def decades(low: float, high: float) -> list[float]:
    """Return powers of ten between two positive numbers, with twos and fives where there are few."""
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    for steps in ((1,), (1, 3), (1, 2, 5)):
        ticks = [m * 10.0**p for p in powers for m in steps if low <= m * 10.0**p <= high]
        if len(ticks) >= 3:
            break
    return ticks[:: max(1, len(ticks) // 6)]


def even(low: float, high: float) -> list[float]:
    """Return round numbers between two, evenly spaced."""
    if high <= low:
        return [low]
    raw = (high - low) / TICKS
    unit = 10.0 ** floor(log10(raw))
    step = next(m * unit for m in (1, 2, 5, 10) if m * unit >= raw)
    first = ceil(low / step - 1e-9)
    return [k * step for k in range(first, floor(high / step + 1e-9) + 1)]


def glyph(axis: Axis, mean: float, low: float | None, high: float | None, ceiling: float | None = None) -> Markup:
    """Return an interval with its mean, small enough for a cell.

    Parameters
    ----------
    axis : Axis
        From ``EDGE`` to the glyph's width less ``EDGE``.
    mean, low, high : float
        In the metric's units; without ends a dot alone.
    ceiling : float, optional
        The value of real data, as a line across.
    """
    width, height = GLYPH
    middle, parts = height / 2, []
    if ceiling is not None:
        parts.append(f'<path class="ref" d="M{axis.at(ceiling):.1f} 1V{height - 1}"/>')
    if low is not None and high is not None:
        ends = axis.at([low, high])
        parts.append(f'<path class="bar" d="M{ends[0]:.1f} {middle:g}H{ends[1]:.1f}"/>')
    parts.append(dot(axis, mean, middle))
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return Markup(f'<svg class="iv" {size} aria-hidden="true">{"".join(parts)}</svg>')  # noqa: S704 numbers only


def dot(axis: Axis, mean: float, middle: float) -> str:
    """Return the mean: a dot, or where it lies beyond the axis a tip that points there."""
    if axis.low <= mean <= axis.high:
        return f'<circle cx="{axis.at(mean):.1f}" cy="{middle:g}" r="2.6"/>'
    start, step = (axis.end, 4) if mean > axis.high else (axis.start, -4)
    return f'<path class="tip" d="M{start:g} {middle - 3:g}L{start + step:g} {middle:g}L{start:g} {middle + 3:g}Z"/>'


def glyph_axis(scale: Scale, values: Sequence[float]) -> Axis:
    """Return the axis that all intervals of one column share."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    return Axis(scale, low, high, EDGE, GLYPH[0] - EDGE)


@dataclass(frozen=True)
class LearningCurve:
    """One learning curve.

    Attributes
    ----------
    number : int
        Of the row, by which the page's script finds it.
    label : str
        The row.
    style : str
        A class of the style sheet: ``c0`` to ``c6`` for lines that stand out, ``quiet`` for the others.
    steps, low, mean, high : ndarray, (n,)
        The lowest, mean and highest seed at each step.
    """

    number: int
    label: str
    style: str
    steps: Numbers
    low: Numbers
    mean: Numbers
    high: Numbers


def chart(
    title: str, lines: Sequence[LearningCurve], levels: Sequence[tuple[str, float]], scale: Scale, across: str = "steps"
) -> Markup:
    """Return lines as one drawing, such as learning curves.

    Parameters
    ----------
    title : str
        What a reader who does not see the drawing is told.
    lines : sequence of Line
        Those that come last lie on top.
    levels : sequence of (str, float)
        Controls, as dashed lines with their names.
    scale : Scale
        Of the vertical axis.
    across : str
        What the horizontal axis shows, from 0 or from the least value.
    """
    width, height = CHART
    left, right, top, bottom = MARGIN
    seen = [float(x) for line in lines for part in (line.low, line.high) for x in (part.min(), part.max())]
    seen += [value for _, value in levels]
    y = Axis(scale, min(seen), max(seen), height - bottom, top)
    ends = min(0.0, *(float(line.steps.min()) for line in lines)), max(float(line.steps.max()) for line in lines)
    x = Axis(Scale("linear"), *ends, left, width - right)
    parts = [f"<title>{escape(title)}</title>"]
    for value in y.ticks():
        at = float(y.at(value))
        parts.append(f'<path class="grid" d="M{left:g} {at:.1f}H{width - right:g}"/>')
        parts.append(f'<text class="tick" x="{left - 7:g}" y="{at + 3.5:.1f}" text-anchor="end">{number(value)}</text>')
    for value in x.ticks():
        at = float(x.at(value))
        text = f'x="{at:.1f}" y="{height - bottom + 16:g}" text-anchor="middle"'
        parts.append(f'<text class="tick" {text}>{number(value)}</text>')
    middle = f'x="{(left + width - right) / 2:g}" y="{height - 4}" text-anchor="middle"'
    parts.append(f'<text class="tick" {middle}>{escape(across)}</text>')
    for name, value in levels:
        at = float(y.at(value))
        parts.append(f'<path class="level" d="M{left:g} {at:.1f}H{width - right:g}"/>')
        parts.append(f'<text class="level-name" x="{width - right - 3:g}" y="{at - 3:.1f}">{escape(name)}</text>')
    parts += [drawn(line, x, y) for line in lines]
    view = f'viewBox="0 0 {width} {height}"'
    return Markup(f'<svg class="chart" {view} role="img">{"".join(parts)}</svg>')  # noqa: S704 labels are escaped


def drawn(line: LearningCurve, x: Axis, y: Axis) -> str:
    """Return one curve with its band and its name, which shows when the curve is highlighted."""
    across = x.at(line.steps)
    low, mean, high = (y.at(part) for part in (line.low, line.mean, line.high))
    band = joined(np.concatenate([across, across[::-1]]), np.concatenate([high, low[::-1]]))
    name = f"<title>{escape(line.label)}</title>"
    return (
        f'<g class="line {line.style}" data-r="{line.number}">{name}<path class="band" d="{band}Z"/>'
        f'<path class="mean" d="{joined(across, mean)}"/></g>'
    )


def joined(across: Numbers, down: Numbers) -> str:
    """Return points as a path."""
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(across, down, strict=True))


def number(value: float) -> str:
    """Write a number at an axis."""
    if value and not 1e-3 <= abs(value) < 1e6:
        return f"{value:.0e}".replace("e+0", "e").replace("e-0", "e-")
    return f"{value:,.6g}".replace(",", "\u202f")
