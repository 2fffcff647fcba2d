"""How often the tier of a table is wrong, and how much it tells: ``python -m benchmarks.tiers > benchmarks/tiers.md``.

Rows of normal seeds on the metric's scale, with equal or lognormal spreads. For the level all rows are equal: each is
truly the best, and one that is left out is a mistake. For the power one row is better than all others.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ganbench.tables.best import OUTRIGHT, beaten_outright, tier

TRIALS = 2000
SEEDS = (3, 5, 10)
SPREADS = (0.0, 0.3, 0.7)  # standard deviation of the logarithm of rows' spreads
AHEAD = (1.0, 2.0, 4.0)  # by how many standard deviations of a seed one row is better

Numbers = NDArray[np.float64]
Losses = dict[str, list[float]]


def spreads(rows: int, unequal: float, generator: np.random.Generator) -> Numbers:
    """Return the standard deviation of each row's seeds, of mean square 1."""
    drawn = generator.lognormal(0.0, unequal, rows)
    return drawn / np.sqrt((drawn**2).mean())


def trials(rows: int, seeds: int, unequal: float, ahead: float, count: int) -> Iterator[tuple[Numbers, Losses]]:
    """Yield the spreads of the rows and their losses, the first row ahead of the others."""
    generator = np.random.default_rng([rows, seeds, int(unequal * 10), int(ahead * 10)])
    for _ in range(count):
        sd = spreads(rows, unequal, generator)
        table = generator.normal(size=(rows, seeds)) * sd[:, None]
        table[1:] += ahead
        yield sd, {str(i): row.tolist() for i, row in enumerate(table)}


def level(rows: int, seeds: int, unequal: float, count: int) -> tuple[float, float, float]:
    """Return the shares of equal rows that are left out by the test, and with the rule of all rows and the widest."""
    tested, both, widest = 0, 0, 0
    for sd, losses in trials(rows, seeds, unequal, 0.0, count):
        tested += rows - len(tier(losses, league={}))  # nobody is there to beat a row outright
        kept = tier(losses)
        both += rows - len(kept)
        widest += str(int(np.argmax(sd))) not in kept
    return tested / rows / count, both / rows / count, widest / count


def outright(rows: int, seeds: int, unequal: float, count: int) -> float:
    """Return the share of equal rows that the rule alone would leave out."""
    beaten = (beaten_outright(losses).values() for _, losses in trials(rows, seeds, unequal, 0.0, count))
    return sum(times >= OUTRIGHT[1] for each in beaten for times in each) / rows / count


def power(rows: int, seeds: int, unequal: float, ahead: float, count: int) -> float:
    """Return the share of worse rows that are left out."""
    kept = (tier(losses) - {"0"} for _, losses in trials(rows, seeds, unequal, ahead, count))
    return 1 - sum(map(len, kept)) / (rows - 1) / count


def table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown, numbers to the right."""
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, ["---:"] * len(header), *lines))


def page(count: int) -> str:
    """Return the page."""
    cases = [(rows, unequal, seeds) for rows in (10, 60) for unequal in SPREADS for seeds in SEEDS]
    levels, powers = [], []
    for rows, unequal, seeds in cases:
        case = [str(rows), f"{unequal:g}", str(seeds)]
        levels.append(case + [f"{share:.1%}" for share in level(rows, seeds, unequal, count)])
        few = max(count // 4, 1)
        powers.append(case + [f"{power(rows, seeds, unequal, ahead, few):.0%}" for ahead in AHEAD])
    rule = [
        [str(rows), f"{unequal:g}", *(f"{outright(rows, seeds, unequal, count):.2%}" for seeds in SEEDS)]
        for rows in (10, 40, 60)
        for unequal in SPREADS
    ]
    return TEXT.format(
        count=count,
        few=max(count // 4, 1),
        levels=table(["rows", "spreads", "seeds", "by the test", "by test and rule", "the widest row"], levels),
        powers=table(["rows", "spreads", "seeds", *(f"{ahead:g} sd better" for ahead in AHEAD)], powers),
        others=OUTRIGHT[1],
        first=OUTRIGHT[0],
        rule=table(["rows", "spreads", *(f"{seeds} seeds" for seeds in SEEDS)], rule),
    )


TEXT = """# How sure a tier is

Made by `python -m benchmarks.tiers`: simulated tables of rows with normal seeds on the metric's scale; {count} for a
line of the level, {few} for a number of the power. "Spreads" is the standard deviation of the logarithm of the rows'
standard deviations: 0 where all rows spread alike, 0.3 as on digits, 0.7 as on mixtures of points, where some rows
reach every mode with every seed and others with some.

## Level: truly best rows that are left out

All rows are equal, so that each is truly the best and each that is left out is a mistake. The test promises 5 % where
rows spread alike.

{levels}

One error is pooled over all rows of a league. Where rows spread unequally it is too small for the widest rows and too
large for the others: a wide row that happens to be in front drives others out of the tier. Tables say so below where
the spreads differ by more than chance; how often a row is the best when its own seeds are drawn again (`p_best` in
`summary.csv`) does not pool. Rows that did not learn or of which seeds diverged, the widest of all, are not compared.

## Power: worse rows that are left out

One row is better than all others by 1, 2 or 4 standard deviations of a seed (root mean square over rows).

{powers}

## The rule of being beaten outright

A row of at least {first} seeds that at least {others} others of its league beat with every seed against every seed is
never in the tier. The share of equal rows that this alone would leave out; with three seeds it would be too many.

{rule}
"""


if __name__ == "__main__":
    sys.stdout.write(page(int(sys.argv[1]) if len(sys.argv) > 1 else TRIALS))
