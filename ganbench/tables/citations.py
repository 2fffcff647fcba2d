"""What a paper needs beside a table: BibTeX entries of methods and metrics, and the protocol in one paragraph."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ganbench._util.catalogue import facts
from ganbench._util.user_code import split
from ganbench.tables.best import ALPHA
from ganbench.tables.statistics import CONFIDENCE
from ganbench.tables.summary import Summary

# Authors, Title, Year. arXiv:ID or Authors, Year, arXiv:ID
PAPER = re.compile(
    r"(?:cf\. |after )?(?P<authors>[^,&\d]+(?:, [^,&\d]+)* & [^,\d]+|[^,\d]+? and [^,\d]+|[^,]+ et al\.|[^,]+), "
    r"(?:(?P<title>.+?), )??(?P<year>(?:19|20)\d\d)\b"
)
ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")


@dataclass(frozen=True)
class Paper:
    """What a catalogue entry says of a paper."""

    authors: tuple[str, ...]  # surnames; the last may be "others"
    title: str
    year: str
    arxiv: str

    @property
    def key(self) -> str:
        """The key of its entry: the first surname and the year, and the number on arXiv where there is one."""
        plain = unicodedata.normalize("NFKD", self.authors[0]).encode("ascii", "ignore").decode()
        name = re.sub(r"[^a-z]", "", plain.lower()) + self.year
        return f"{name}:{self.arxiv}" if self.arxiv else name

    @property
    def entry(self) -> str:
        """The entry on one line."""
        fields = {"author": " and ".join(f"{{{name}}}" if " " in name else name for name in self.authors)}
        fields |= {"title": self.title, "year": self.year}
        fields |= {"eprint": self.arxiv, "archiveprefix": "arXiv"} if self.arxiv else {}
        return f"@misc{{{self.key}, {', '.join(f'{name} = {{{text}}}' for name, text in fields.items() if text)}}}"


def paper(text: str) -> Paper | None:
    """Return the first paper that an entry of the catalogue names; None where it names none."""
    match = PAPER.match(text)
    if not match:
        return None
    names = match["authors"].replace(" et al.", ", others").replace(" & ", ", ").replace(" and ", ", ").split(", ")
    arxiv = ARXIV.search(text[match.end() :].partition(";")[0])
    return Paper(tuple(names), match["title"] or "", match["year"], arxiv[1] if arxiv else "")


def bibliography(summaries: Sequence[Summary]) -> list[str]:
    """Return lines of LaTeX comments: which key each method and metric is cited by, then the entries."""
    names = {split(row.records[0].baseline)[0]: "baselines" for each in summaries for row in each.rows}
    names |= {column.example.metric: "metrics" for each in summaries for column in each.columns}
    cited = {name: known for name in names if (known := paper(facts(names[name], name).get("paper", "")))}
    entries: dict[str, Paper] = {}
    for each in cited.values():
        if each.key not in entries or not entries[each.key].title:
            entries[each.key] = each
    keys = [f"%   {name}: {known.key}" for name, known in sorted(cited.items())]
    listed = [f"% {each.entry}" for _, each in sorted(entries.items())]
    return ["% Keys by which methods and metrics are cited:", *keys, *listed]


def protocol(summaries: Sequence[Summary]) -> str:
    """Return how the numbers were made, in words to be pasted into a paper."""
    seeds = numbers(len(row.records) for each in summaries for row in each.rows)
    scores = [scores for each in summaries for column in each.columns for scores in [column.example]]
    sets = numbers(len(scores.by_draw[0]) for scores in scores)
    draws = numbers(scores.draws for scores in scores)
    samples = numbers(scores.n_fake for scores in scores)
    real = numbers(scores.n_real for scores in scores if scores.n_real)
    weights = {"average": "averaged weights", "last": "the weights of the last step"}[summaries[0].weights]
    plans = [row.records[0].plan for each in summaries for row in each.rows if not row.is_control]
    steps, batch = (numbers(plan.get(name, 0) for plan in plans) for name in ("steps", "batch"))
    return (
        f"Each method was trained with {counted(seeds, 'seed')} for {counted(steps, 'step')} in batches of {batch}. Of "
        f"each seed {counted(sets, 'set')} of {samples} samples from {weights} were compared with "
        f"{counted(draws, 'draw')} of {real} held-out examples. Numbers are means over seeds on the metric's scale, "
        f"with {CONFIDENCE:.0%} intervals of training and sampling; rows marked with an asterisk may be the best of "
        f"their league (Hsu's multiple comparisons with the best, one pooled error, level {ALPHA:g})."
    )


def counted(number: str, noun: str) -> str:
    """Write a number with its noun: 1 set, 8 sets, 3 or 5 seeds."""
    return f"{number} {noun}" if number == "1" else f"{number} {noun}s"


def numbers(values: Iterable[int]) -> str:
    """Write different whole numbers: 5, or 3 or 5."""
    distinct = sorted({int(value) for value in values})
    return " or ".join(map(str, distinct)) if distinct else "no"
