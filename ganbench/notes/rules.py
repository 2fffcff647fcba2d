"""Conditions on measured numbers, and when one is sure: ``"w1: noise" > 2 * "w1: truth"``.

A side is a sum of numbers and of names in double quotes, each with a factor where wanted. A name with a ``*`` stands
for every number that it matches, one condition each. ``"a" = 5 within 0.1`` asks for a band.
``share("modes" < 8) > 0.25`` counts seeds. Names with equally many values are paired seed by seed.

A condition holds, fails, or is open: the interval of what it compares decides (Student's, or Clopper and Pearson's of a
share), at 95 % for what holds; a failure among many conditions is called at that level over all of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from math import inf, sqrt
from typing import Literal

import numpy as np
from scipy.stats import beta, t

from ganbench._util.names import check_names, suggestion
from ganbench.errors import BadInput

State = Literal["holds", "fails", "open"]
Numbers = Mapping[str, Sequence[float]]
LEVEL = 0.05

TERM = r'\s*([+-]?)\s*(?:(\d[\d.eE+-]*(?<=[\d.]))\s*(?:\*\s*"([^"]+)")?|"([^"]+)")'
SHARE = re.compile(r'share\("([^"]+)"\s*([<>])\s*([-\d.eE]+)\)\s*([<>])\s*([-\d.eE]+)$')


@dataclass(frozen=True)
class Condition:
    """``sum of factors times names + constant`` is below 0 (or at most ``within`` from it); or a share of seeds."""

    text: str
    factors: tuple[tuple[str, float], ...]
    constant: float
    within: float | None = None  # None: below zero
    share_above: tuple[str, float, float] | None = None  # the sign of "< bound", the bound, the share to exceed


def parse(text: str, numbers: Numbers) -> list[Condition]:
    """Return the conditions that a text stands for; raises BadInput for one that cannot be read or has no numbers."""
    if share := SHARE.match(text.strip()):
        return [of_share(text, share, numbers)]
    sides = re.fullmatch(
        r'((?:"[^"]*"|[^"<>=])+)([<>=])((?:"[^"]*"|[^"<>=])+?)(?:\s+within\s+([\d.eE-]+))?', text.strip()
    )
    if not sides or (sides[2] == "=") != bool(sides[4]):
        raise BadInput(f'rule: expected "a" < "b", "a" > 1 or "a" = 1 within 0.1, got {text!r}')
    left, right = terms(sides[1], text), terms(sides[3], text)
    sign = -1.0 if sides[2] == ">" else 1.0
    factors: dict[str, float] = {}
    constant = 0.0
    for name, factor in [*((n, sign * f) for n, f in left), *((n, -sign * f) for n, f in right)]:
        if name:
            factors[name] = factors.get(name, 0.0) + factor
        else:
            constant += factor
    whole = Condition(text, tuple(factors.items()), constant, float(sides[4]) if sides[4] else None)
    return expanded(whole, numbers)


def of_share(text: str, share: re.Match[str], numbers: Numbers) -> Condition:
    """Return the condition that more than a share of the seeds lies on one side of a bound."""
    name, sign, bound, above, least = share.groups()
    check_names("number", [name], numbers)
    if above == "<":
        raise BadInput(f"rule: a share is asked to be above something, got {text!r}")
    return Condition(text, ((name, 1.0),), 0.0, None, (sign, float(bound), float(least)))


def terms(side: str, text: str) -> list[tuple[str, float]]:
    """Return the names with factors, and numbers under the name ""."""
    parts, place = [], 0
    for match in re.finditer(TERM, side):
        if side[place : match.start()].strip():
            break
        sign = -1.0 if match[1] == "-" else 1.0
        parts.append((match[3] or match[4] or "", sign * float(match[2] or 1.0)))
        place = match.end()
    if not parts or side[place:].strip():
        raise BadInput(f"rule: expected a sum of numbers and names in double quotes, got {side.strip()!r} in {text!r}")
    return parts


def expanded(condition: Condition, numbers: Numbers) -> list[Condition]:
    """Return a condition for each number that a name with a star matches; raises BadInput where there is none."""
    for place, (name, factor) in enumerate(condition.factors):
        if "*" in name and name not in numbers:
            matches = [each for each in numbers if fnmatchcase(each, name.replace("[", "[[]"))]
            if not matches:
                raise BadInput(f"rule: {condition.text!r}: no number matches {name!r}")
            before, after = condition.factors[:place], condition.factors[place + 1 :]
            return [
                each
                for match in matches
                for each in expanded(replace(condition, factors=(*before, (match, factor), *after)), numbers)
            ]
        if name not in numbers:
            raise BadInput(f"rule: {condition.text!r}: no number {name!r}; {suggestion(name, list(numbers))}")
    return [condition]


def state(condition: Condition, numbers: Numbers, exact: bool, trials: int) -> State:
    """Say whether a condition surely holds, surely fails, or neither; ``exact`` values have no interval."""
    if condition.share_above:
        return of_runs(condition, numbers, trials)
    sure = interval(condition, numbers, exact, LEVEL)
    wide = interval(condition, numbers, exact, LEVEL / max(trials, 1))
    if condition.within is None:
        return "holds" if sure[1] < 0 else "fails" if wide[0] >= 0 else "open"
    band = condition.within
    if -band <= sure[0] and sure[1] <= band:
        return "holds"
    return "fails" if wide[0] > band or wide[1] < -band else "open"


def interval(condition: Condition, numbers: Numbers, exact: bool, level: float) -> tuple[float, float]:
    """Return the interval of the sum: values of equally many seeds are added seed by seed, others independently."""
    by_count: dict[int, np.ndarray] = {}
    for name, factor in condition.factors:
        values = factor * np.asarray(numbers[name], dtype=float)
        by_count[len(values)] = by_count.get(len(values), np.zeros(len(values))) + values
    middle = condition.constant + float(sum(values.mean() for values in by_count.values()))
    if not exact and 1 in by_count and len(by_count) == 1:
        return -inf, inf  # one value says nothing of its spread
    spreads = {n: float(values.var(ddof=1)) / n for n, values in by_count.items() if n > 1}
    variance = sum(spreads.values())
    if variance == 0:
        return middle, middle
    freedom = variance**2 / sum(spread**2 / (n - 1) for n, spread in spreads.items())
    half = float(t.ppf(1 - level / 2, freedom)) * sqrt(variance)
    return middle - half, middle + half


def of_runs(condition: Condition, numbers: Numbers, trials: int) -> State:
    """Judge a share of seeds by its exact interval."""
    sign, bound, least = condition.share_above or ("<", 0.0, 0.0)
    values = np.asarray(numbers[condition.factors[0][0]], dtype=float)
    count, n = int((values < bound).sum() if sign == "<" else (values > bound).sum()), len(values)
    if share_interval(count, n, LEVEL)[0] > least:
        return "holds"
    return "fails" if share_interval(count, n, LEVEL / max(trials, 1))[1] <= least else "open"


def share_interval(count: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Return Clopper and Pearson's exact interval of a share."""
    low = 0.0 if count == 0 else float(beta.ppf(level / 2, count, n - count + 1))
    high = 1.0 if count == n else float(beta.ppf(1 - level / 2, count + 1, n - count))
    return low, high
