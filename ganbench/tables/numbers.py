"""Numbers as people read them: as many digits as their interval bears."""

from __future__ import annotations

from math import floor, log10

from ganbench.tables.statistics import ROUNDING, Estimate, Interval


def spelled(result: Estimate, unit: float = 1.0) -> str:
    """Write an estimate in some unit: ``12.3 (10.1-15.0)``; without an interval, four digits of the mean.

    Two digits of the interval's width are shown, at least two of the mean and one of either end.
    """
    mean = result.mean / unit
    if result.low is None or result.high is None:
        return fixed(mean, decimals(mean, 4))
    low, high = result.low / unit, result.high / unit
    if high - low <= ROUNDING * abs(mean):
        places = 0 if mean.is_integer() else decimals(mean, 3)
        return f"{fixed(mean, places)} ({joined(fixed(low, places), fixed(high, places))})"
    if result.kind == "range":
        return f"{short(mean)} ({joined(short(low), short(high))})"
    places = decimals(high - low, 2)
    ends = (fixed(end, max(places, decimals(end, 1))) for end in (low, high))
    return f"{fixed(mean, max(places, decimals(mean, 2)))} ({joined(*ends)})"


def joined(low: str, high: str) -> str:
    """Write a range; a dash would be read as a sign where an end is negative."""
    return f"{low} to {high}" if "-" in low + high else f"{low}-{high}"


def short(x: float) -> str:
    """Write a count or a mean of counts: whole, or with one decimal."""
    return fixed(x, 0 if x.is_integer() else 1)


def fixed(x: float, places: int) -> str:
    """Write a number with some decimals; very small and very large ones by a power of ten."""
    if x and not 1e-4 <= abs(x) < 1e6:
        power = floor(log10(abs(x)))
        return f"{x / 10.0**power:.{min(max(0, places + power), 3)}f}e{power}"
    text = f"{x:.{places}f}"
    return text.removeprefix("-") if not float(text) else text


def written(result: Interval) -> str:
    """Write a mean and its half-width to the half-width's second significant digit; without one, four digits."""
    mean, half = result.mean, result.half_width
    if half and half <= ROUNDING * abs(mean):
        half = 0.0
    size = max(abs(mean), half or 0.0)
    if size and not 1e-3 <= size < 1e6:
        power = floor(log10(size))
        unit = 10.0**power
        return f"({written(Interval(mean / unit, half and half / unit, result.n))})e{power}"
    if not half:
        text = f"{mean:.{0 if mean.is_integer() else decimals(mean, 4)}f}"
        return text if half is None else f"{text} ± 0"
    places = min(max(decimals(half, 2), decimals(mean, 2)), decimals(half, 2) + 2)
    return f"{mean:.{places}f} ± {half:.{places}f}"


def decimals(value: float, digits: int) -> int:
    """Return how many decimals show ``digits`` significant digits of a value."""
    return max(0, digits - 1 - floor(log10(abs(value)))) if value else 0


def counted(number: float) -> str:
    """Write a large count to three digits: 64, 1.92k, 384k, 1.2M."""
    power = min(5, floor(log10(number) / 3)) if number >= 1 else 0
    scaled = number / 1000**power
    return f"{scaled:.{max(0, 2 - floor(log10(scaled))) if power else 0}f}{' kMGTP'[power].strip()}" if number else "0"
