"""The page of the baselines: ``python -m ganbench.cli.baselines_page results/standard > docs/baselines.md``.

It is made from their facts and, where a results folder is given, from what is seen in it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from math import log
from pathlib import Path
from statistics import fmean

from ganbench._util.catalogue import Facts, catalogue
from ganbench._util.user_code import split
from ganbench.records.store import Store
from ganbench.tables.columns import curve_name
from ganbench.tables.footnotes import differing, listed
from ganbench.tables.leagues import LEAGUES
from ganbench.tables.rows import Row
from ganbench.tables.summary import MeanRank, Summary, mean_ranks, summarise

INTRODUCTION = """# Baselines

Every variant that comes with ganbench: one file each in `baselines/`, which holds what its paper contributed and
nothing else. `ganbench run --baseline NAME` trains it, `NAME:MEMBER` one of a family; a suite sets its fields by name.
Tables rank a row within its league. [A baseline of your own](own-baseline.md) is a file of the same kind.
"""
SEEN = """
What a paper claims stands beside what is seen in `{folder}`: settings other than the defaults, how many trials chose
them, the course of the watched metric while training (means over seeds, from the untrained generator to the last
step; lower is better), the mean rank in the league with its 95% interval over resamples of seeds, and the reason where
a row is not ranked.
"""
REGULARISERS = """
## Regularisers

Each goes around the losses of any baseline whose loss asks its discriminator, as a whole, about the data and about the
samples: `NAME+REGULARISER`, such as `ns_gan+diffaug` or `f_gan:kl+r1`, several with `+` (`ns_gan+r1+diffaug`; their
order does not matter). Fields are named after the regulariser. No suite runs them unless it names them. The last three
are optimisers, which go around those of any method.
"""
BLOCKS = "▁▂▃▄▅▆▇█"
PLACES = 10  # of a course that is drawn

Seen = dict[str, list[list[str]]]  # cells of the lines of a table, by baseline


def page(folder: Path | None = None) -> str:
    """Return the page in Markdown: a section for each league, an entry for each baseline."""
    known, records = catalogue()["baselines"], list(Store(folder).read().values()) if folder else []
    rows = seen(summarise(records))
    parts = [INTRODUCTION, *([SEEN.format(folder=folder)] if folder else [])]
    for league, what in LEAGUES.items():
        parts.append(f"\n## {league[0].upper()}{league[1:]}\n\n{what[0].upper()}{what[1:]}.\n")
        parts += [entry(name, facts, rows.get(name, [])) for name, facts in known.items() if facts["league"] == league]
    return "".join([*parts, REGULARISERS, *map(addition, *zip(*catalogue()["regularisers"].items(), strict=True))])


def addition(name: str, facts: Facts) -> str:
    """Return the paragraphs of one regulariser."""
    details = {
        "paper": facts["paper"],
        "claim": facts["claim"],
        "trains on": "images" if facts["images"] else "",
    }
    return f"\n### +{name}\n\n{facts['summary']}\n\n{items(details, facts['defaults'])}"


def items(details: Mapping[str, str], defaults: Mapping[str, object]) -> str:
    """Return a list of the details of a thing, and of its fields with their defaults."""
    details = {**details, "fields": ", ".join(f"`{field}={value}`" for field, value in defaults.items())}
    return "".join(f"- {what}: {each}\n" for what, each in details.items() if each)


def entry(name: str, facts: Facts, lines: Sequence[Sequence[str]] = ()) -> str:
    """Return the paragraphs of one baseline, with the ``lines`` of what is seen of it."""
    details = {
        "paper": facts["paper"],
        "claim": facts["claim"],
        "members": ", ".join(f"`{name}:{member}`" for member in facts["members"]),
        "trains on": ", ".join(facts["supports"]),
    }
    return f"\n### {name}\n\n{facts['summary']}\n\n{items(details, facts['defaults'])}{table(lines)}"


def table(lines: Sequence[Sequence[str]]) -> str:
    """Return what is seen as a table; nothing where there is nothing."""
    if not lines:
        return ""
    head = ("row", "data set", "settings", "trials", "course", "rank in league")
    rows = [head, ["---"] * len(head), *lines]
    return "\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def seen(summaries: Sequence[Summary]) -> Seen:
    """Return the lines of each trained baseline, all members of a family together."""
    lines: Seen = {}
    for summary in summaries:
        ranks = {league: mean_ranks(summary, league) for league in LEAGUES}
        for row in summary.rows:
            if not row.is_control:
                cells = line(row, summary, ranks[row.league])
                lines.setdefault(split(row.records[0].baseline)[0], []).append(cells)
    return lines


def line(row: Row, summary: Summary, ranks: Mapping[str, MeanRank]) -> list[str]:
    """Return the cells of one row on one data set."""
    rank = ranks.get(row.label)
    place = f"{rank.mean:.1f} ({rank.low:.1f}-{rank.high:.1f}) of {len(ranks)}" if rank else "not ranked"
    mark = summary.marks.get(row.label, "")
    trials = row.records[0].trials
    return [
        row.label,
        summary.dataset,
        listed(sorted(differing(row).items())) or "defaults",
        str(trials) if trials else "none",
        course(row),
        f"{place}: {mark}" if mark else place,
    ]


def course(row: Row) -> str:
    """Return the first and the last value of the learning curve, and between them its shape in block characters.

    Heights are logarithms where all values are positive.
    """
    points = list(means(row))
    if len(points) < 2:
        return "-"
    chosen = [points[round(i * (len(points) - 1) / (PLACES - 1))] for i in range(PLACES)]
    heights = [log(value) for value in chosen] if min(chosen) > 0 else chosen
    low, spread = min(heights), max(heights) - min(heights)
    shape = "".join(BLOCKS[round((height - low) / spread * 7) if spread else 0] for height in heights)
    return f"{curve_name(row.records[0].curve[0]['metric'], row.records)}: {points[0]:.3g} {shape} {points[-1]:.3g}"


def means(row: Row) -> Iterator[float]:
    """Yield the mean over the seeds of every point of the curve at which all have a value."""
    for points in zip(*(record.curve for record in row.records), strict=False):
        values = [point["value"] for point in points]
        if all(value is not None for value in values):
            yield fmean(values)


if __name__ == "__main__":
    sys.stdout.write(page(Path(sys.argv[1]) if sys.argv[1:] else None))
