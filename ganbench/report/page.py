"""The page of a results folder: the answer, the tables, curves, samples, settings, failures, provenance."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from ganbench._util.catalogue import facts
from ganbench._util.user_code import split
from ganbench.records.record import Record, Weights
from ganbench.report.charts import course, named
from ganbench.report.gallery import Gallery, NearestPair, View
from ganbench.report.svg import LearningCurve, chart, glyph, glyph_axis
from ganbench.report.template import render
from ganbench.tables import Tables
from ganbench.tables.columns import Column, canonical, flat
from ganbench.tables.comparison import Footnotes, cell, chosen, in_order, titled, unit
from ganbench.tables.export import short_identity
from ganbench.tables.footnotes import differing, notes
from ganbench.tables.leagues import LEAGUES, SHORT
from ganbench.tables.overall import RIVAL
from ganbench.tables.overview import WORDS
from ganbench.tables.rows import Row, spans
from ganbench.tables.scales import Scale, scale_named
from ganbench.tables.summary import Entry, Summary

SURE, LIKELY = 0.95, 0.8  # shares of resamples from which an answer is called clear, or likely
COLOURED = 6  # curves that stand out before a row is chosen
MOST_WINS = 12  # rows of a league that are shown against one another
MOST_BYTES = 9_000_000  # of samples in one page; later seeds are left out beyond it
TRIALS = "trials.csv"
NOTHING = Markup("")


@dataclass(frozen=True)
class Value:
    """A cell of a table: its text, its drawing, and the number by which the column is sorted."""

    text: str
    sort: float | None = None
    drawing: Markup = NOTHING
    in_tier: bool = False
    note: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Head:
    """The head of a column: the text, the metric that it is filtered by, and whether lower values come first."""

    text: str
    metric: str = ""
    lower: bool = True
    says: str = ""


@dataclass(frozen=True)
class Tabled:
    """One row of a table."""

    number: int
    label: str
    league: str
    values: tuple[Value, ...]
    note: int = 0
    mark: str = ""


@dataclass(frozen=True)
class Grid:
    """One table of the page."""

    name: str
    heads: tuple[Head, ...]
    rows: tuple[Tabled, ...]
    notes: tuple[str, ...] = ()
    footnotes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lead:
    """Which row leads a league, by how much, and how sure that is."""

    league: str
    row: str
    count: str
    by: str
    sure: str
    verdict: str
    open: tuple[str, ...]


@dataclass(frozen=True)
class Win:
    """How often one row does better than another."""

    text: str
    shade: int | None  # 0 to 10: the share of pairs of seeds in tenths
    says: str


@dataclass(frozen=True)
class Contest:
    """The rows of one league against one another, and how their normalised scores are spread."""

    league: str
    labels: tuple[str, ...]
    wins: tuple[tuple[Win, ...], ...]
    left_out: int
    drawing: Markup
    rows: tuple[tuple[int, str, str], ...]  # of the drawing: number, label, style


@dataclass(frozen=True)
class Drawn:
    """The learning curves of one metric on one data set, with the rows that they belong to."""

    dataset: str
    metric: str
    drawing: Markup
    rows: tuple[tuple[int, str, str], ...]  # number, label, style


@dataclass(frozen=True)
class Sample:
    """What is shown of one row: the view of its first seed, and everything of all seeds as the script reads it."""

    number: int
    label: str
    league: str
    first: View
    seeds: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Shown:
    """The samples of one data set, and those of some rows that add most to the distance."""

    dataset: str
    real: View
    modes: Markup
    rows: tuple[Sample, ...]
    worst: tuple[tuple[str, tuple[NearestPair, ...]], ...]
    without: tuple[str, ...]  # rows of which no samples are kept
    missing: bool  # the data set's files


class Page:
    """Everything that the page of a results folder says.

    Parameters
    ----------
    folder : Path
        With the records in it; samples are looked for beside them.
    records : sequence of Record
        What the page is about.
    suite, question : str
        The suite that was run, and what it asks.
    files : Path or None
        The folder of data sets that come as files; nothing is downloaded.
    weights : {"average", "last"} or None
        Of the generators; None for those that tables show.
    """

    def __init__(
        self,
        folder: Path,
        records: Sequence[Record],
        suite: str = "",
        question: str = "",
        files: Path | None = None,
        weights: Weights | None = None,
    ) -> None:
        self.folder, self.records, self.files = folder, list(records), files
        self.suite, self.question = suite or folder.name, question
        self.tables = Tables(self.records, None, weights)
        self.weights = self.tables.weights
        self.summaries = self.tables.summaries

    def html(self) -> str:
        """Return the page."""
        return render(
            "results.html.j2", page=self, data=self.data, leagues=LEAGUES, short=SHORT, version=version("ganbench")
        )

    @cached_property
    def numbers(self) -> dict[str, int]:
        """A number for every row's label, by which parts of the page find one another."""
        labels = dict.fromkeys(row.label for summary in self.summaries for row in summary.in_order())
        return {label: i for i, label in enumerate(labels)}

    @cached_property
    def datasets(self) -> list[str]:
        """The names of the data sets."""
        return [summary.dataset for summary in self.summaries]

    @cached_property
    def metrics(self) -> list[str]:
        """The names of all metrics, each once, in the order in which tables show them."""
        return list(dict.fromkeys(head.metric for grid in self.grids for head in grid.heads if head.metric))

    @cached_property
    def leagues_here(self) -> list[str]:
        """The leagues that have a row."""
        there = {row.league for summary in self.summaries for row in summary.rows}
        return [league for league in LEAGUES if league in there]

    @cached_property
    def extent(self) -> str:
        """How much was run, and when."""
        seeds = spans(record.seed for record in self.records)
        days = sorted({str(record.provenance.get("time", ""))[:10] for record in self.records} - {""})
        parts = [
            plural(len({row.label for each in self.summaries for row in each.rows}), "row"),
            plural(len(self.summaries), "data set"),
            f"seeds {seeds}" if "," in seeds or "-" in seeds else f"seed {seeds}",
            plural(len(self.records), "record"),
        ]
        when = f"{days[0]} to {days[-1]}" if len(days) > 1 else "".join(days)
        return " · ".join([*parts, *([when] if when else [])])

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """The answer in words."""
        whole = self.tables.overview
        return whole.sentences if whole else ("Nothing was scored.",)

    @cached_property
    def leads(self) -> list[Lead]:
        """The answer in short: the best row of each league."""
        whole = self.tables.overview
        leagues: dict[str, Any] = whole.data["leagues"] if whole else {}
        return [lead(league, each, len(self.summaries)) for league, each in leagues.items() if each["rows"]]

    @cached_property
    def overview(self) -> Grid | None:
        """The table across data sets."""
        whole = self.tables.overview
        if not whole:
            return None
        ranks = {row["row"]: row for league in whole.data["leagues"].values() for row in league["rows"]}
        intervals = {key: drawn_ranges(ranks, key) for key in ("rank", "score", f"better_than_{RIVAL}")}
        rows = []
        for line in whole.table.lines:
            values = [
                *(
                    Value(each.text, *intervals[key].get(line.label, (None, NOTHING)))
                    for each, key in zip(line.cells[1:4], intervals, strict=True)
                ),
                *(
                    Value(each.text, first_number(each.text), in_tier=each.in_tier, note=each.note)
                    for each in line.cells[4:]
                ),
            ]
            rows.append(Tabled(self.numbers[line.label], line.label, line.league, tuple(values)))
        lower = [True, False, False, False, *("↑" not in name for name in whole.table.header[5:])]
        heads = [Head(name, lower=low) for name, low in zip(whole.table.header[1:], lower, strict=True)]
        return Grid("overview", tuple(heads), tuple(rows), whole.table.notes, whole.table.footnotes)

    @cached_property
    def contests(self) -> list[Contest]:
        """Who does better than whom, in each league of which at least two rows are ranked."""
        whole = self.tables.overview
        leagues: dict[str, Any] = whole.data["leagues"] if whole else {}
        return [
            contest(league, league_data, whole.data["profile_at"] if whole else [], self.numbers)
            for league, league_data in leagues.items()
            if len(league_data["rows"]) > 1
        ]

    @cached_property
    def grids(self) -> list[Grid]:
        """The table of each data set."""
        return [grid(summary, self.numbers) for summary in self.summaries]

    @cached_property
    def curves(self) -> list[Drawn]:
        """Learning curves, for each data set and watched metric."""
        result = []
        for summary in self.summaries:
            watched = sorted({point["metric"] for row in summary.rows for r in row.records for point in r.curve})
            result += [each for name in watched if (each := curves(summary, name, self.numbers))]
        return result

    @cached_property
    def samples(self) -> list[Shown]:
        """The samples that records keep, beside real ones."""
        room = MOST_BYTES // max(1, len(self.summaries))
        return [shown(summary, self.folder, self.files, self.numbers, room) for summary in self.summaries]

    @cached_property
    def settings(self) -> list[tuple[str, str, str, str, str]]:
        """Row, data sets, settings that are not the defaults, plan, and all settings; equal ones are put together."""
        lines: dict[tuple[str, str, str, str], list[str]] = {}
        for summary in self.summaries:
            for row in summary.rows:
                record = row.records[0]
                own, plan, every = map(listed, (differing(row), record.plan, record.settings))
                key = row.label, own, "" if row.is_control else plan, every
                lines.setdefault(key, []).append(summary.dataset)
        return [
            (label, ", ".join(names), own, plan, every) for (label, own, plan, every), names in sorted(lines.items())
        ]

    @cached_property
    def papers(self) -> dict[str, tuple[str, str]]:
        """Paper and summary of each row's baseline, where the catalogue has them."""
        known = {}
        for summary in self.summaries:
            for row in summary.rows:
                about = facts("baselines", split(row.records[0].baseline)[0])
                known[row.label] = (str(about.get("paper", "")), str(about.get("summary", "")))
        return known

    @cached_property
    def trials(self) -> list[list[str]]:
        """The trials of a search, the first line being the header; empty where none was made in this folder."""
        path = self.folder / TRIALS
        if not path.is_file():
            return []
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            return list(csv.reader(file))

    @cached_property
    def failures(self) -> list[tuple[str, str, str, str, str, str]]:
        """Data set, row, seeds, what happened, the last step, and the reason, of seeds that were lost."""
        lines = []
        for summary in self.summaries:
            for row in summary.rows:
                lost: dict[tuple[str, str], list[Record]] = {}
                for record in row.records:
                    if record.status != "done":
                        lost.setdefault((record.status, record.reason), []).append(record)
                for (status, reason), records in lost.items():
                    seeds, steps = (spans(getattr(r, name) for r in records) for name in ("seed", "step"))
                    lines.append((summary.dataset, row.label, seeds, status, steps, reason))
        return lines

    @cached_property
    def unranked(self) -> list[tuple[str, str, str]]:
        """Data set, row and mark of what is not ranked."""
        return [(each.dataset, label, mark) for each in self.summaries for label, mark in sorted(each.marks.items())]

    @cached_property
    def undefined(self) -> list[tuple[str, str, str, str, str]]:
        """Data set, row, metric, seeds and reason of scores that are undefined though the seed was trained."""
        lines = []
        for summary in self.summaries:
            for row in summary.rows:
                for column in summary.columns:
                    reasons: dict[str, list[int]] = {}
                    for each in row.outcomes(column):
                        if each.value is None and each.record.status == "done":
                            reasons.setdefault(each.reason, []).append(each.record.seed)
                    lines += [
                        (summary.dataset, row.label, column.name, spans(seeds), reason)
                        for reason, seeds in reasons.items()
                    ]
        return lines

    @cached_property
    def identities(self) -> list[tuple[str, str, str, list[tuple[str, str]]]]:
        """Data set, column, digest, and every field that a score depends on."""
        return [
            (summary.dataset, column.name, short_identity(column.example), sorted(flat(column.example).items()))
            for summary in self.summaries
            for column in summary.columns
        ]

    @cached_property
    def machines(self) -> list[tuple[str, int]]:
        """Where the records were made, with which versions, and how many each."""
        counts = Counter(environment(record) for record in self.records)
        return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))

    @cached_property
    def seeds(self) -> list[tuple[str, ...]]:
        """What is known of how each record was made."""
        return [
            (
                record.baseline,
                record.dataset,
                str(record.seed),
                record.status,
                str(record.step),
                str(record.trained.get("backend", "")),
                str(record.trained.get("device", "")),
                str(record.provenance.get("time", "")),
                record.key,
                str(record.trained.get("source", "")),
            )
            for record in self.records
        ]

    @property
    def data(self) -> dict[str, Any]:
        """What the script reads: the seeds of every row, by data set and the row's number."""
        return {
            "samples": {
                str(place): {str(row.number): list(row.seeds) for row in each.rows}
                for place, each in enumerate(self.samples)
            }
        }


def plural(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"


def listed(settings: Mapping[str, Any]) -> str:
    """Write settings in alphabetical order: ``d_steps 1, lr 0.001``."""
    texts = {name: value if isinstance(value, str) else canonical(value) for name, value in settings.items()}
    return ", ".join(f"{name} {texts[name]}" for name in sorted(texts))


def lead(league: str, league_data: dict[str, Any], sets: int) -> Lead:
    """Say which row leads a league."""
    rows = league_data["rows"]
    first, second = rows[0], rows[1] if len(rows) > 1 else None
    share = first["first"] or 0.0
    by = f"mean rank {first['rank'][0]:.1f} ({first['rank'][1]:.1f} to {first['rank'][2]:.1f})"
    by += f", next {second['row']} with {second['rank'][0]:.1f}" if second else ""
    if first[f"better_than_{RIVAL}"]:
        by += f"; better than {RIVAL} in {first[f'better_than_{RIVAL}'][0]:.0%} of pairs of seeds"
    rivals = tuple(f"{pair['rows'][1]} ({1 - pair['share']:.0%})" for pair in league_data["undecided"])
    verdict = "clear" if share >= SURE and not rivals else "likely" if share >= LIKELY else "open"
    where = plural(sets, "data set")
    return Lead(
        league,
        first["row"],
        f"{len(rows)} {WORDS[league]} on {where}",
        by,
        f"first in {share:.0%} of resamples of seeds and data sets",
        verdict,
        rivals,
    )


def contest(league: str, league_data: dict[str, Any], levels: Sequence[float], numbers: Mapping[str, int]) -> Contest:
    """Return the leading rows of a league against one another, and their profiles."""
    labels = [row["row"] for row in league_data["rows"]]
    kept = list(range(min(len(labels), MOST_WINS)))
    if RIVAL in labels[MOST_WINS:]:  # everybody is compared with it
        kept[-1] = labels.index(RIVAL)
    share, every = league_data["wins"]["share"], league_data["wins"]["every_seed"]
    wins = tuple(tuple(win(labels[i], labels[j], share[i][j], every[i][j]) for j in kept) for i in kept)
    profiles = [row for row in league_data["rows"] if row["profile"]]
    styles = {row["row"]: f"c{i}" if i < COLOURED else "quiet" for i, row in enumerate(profiles)}
    x = np.array(levels)
    lines = []
    for row in profiles:
        y = np.array(row["profile"], dtype=np.float64)
        lines.append(LearningCurve(numbers[row["row"]], row["row"], styles[row["row"]], x, y, y, y))
    title = f"Share of the scores of {league} rows above a level"
    drawing = chart(title, lines[::-1], [], Scale("linear"), "normalised score") if lines else NOTHING
    legend = tuple((line.number, line.label, line.style) for line in lines)
    return Contest(league, tuple(labels[i] for i in kept), wins, len(labels) - len(kept), drawing, legend)


def win(row: str, other: str, share: float | None, every: int) -> Win:
    """Say how often one row does better than another."""
    if share is None:
        return Win("", None, "")
    where = f"; with every seed in {plural(every, 'task')}" if every else ""
    return Win(f"{100 * share:.0f}", round(10 * share), f"{row} better than {other} in {share:.0%} of pairs{where}")


def drawn_ranges(rows: dict[str, Any], key: str) -> dict[str, tuple[float, Markup]]:
    """Return for every row that has it the value of a range and its drawing, all on one axis."""
    there = {label: row[key] for label, row in rows.items() if row[key] and None not in row[key]}
    axis = glyph_axis(Scale("linear"), [x for ends in there.values() for x in ends])
    return {label: (value, glyph(axis, value, low, high)) for label, (value, low, high) in there.items()}


def first_number(text: str) -> float | None:
    """Return the number that a text starts with; None where it starts with none."""
    try:
        return float(text.split(" ", maxsplit=1)[0])
    except ValueError:
        return None


def grid(summary: Summary, numbers: dict[str, int]) -> Grid:
    """Return the table of a data set, all rows and all columns."""
    columns, down, footnotes = in_order(summary.columns), summary.in_order(), Footnotes()
    usual = Counter(len(row.records) for row in summary.rows).most_common(1)[0][0]
    ranks = {label: {"rank": (each.mean, each.low, each.high)} for label, each in summary.mean_ranks.items()}
    places = drawn_ranges(ranks, "rank")
    drawings = {column.name: drawn_column(summary, column) for column in columns}
    units = {column.name: unit(summary, column) for column in columns}
    rows = []
    for row in down:
        known = summary.mean_ranks.get(row.label)
        value, drawing = places.get(row.label, (None, NOTHING))
        text = f"{known.mean:.1f} ({known.low:.1f}-{known.high:.1f})" if known else "-"
        values = [Value(text, value, drawing, reason=summary.marks.get(row.label, ""))]
        for column in columns:
            entry = summary.entries[row.label, column.name]
            shown = cell(entry, usual, footnotes, units[column.name])
            drawing = drawings[column.name].get(row.label, NOTHING)
            values.append(Value(shown.text, entry.mean, drawing, shown.in_tier, shown.note, details(entry)))
        mark = summary.marks.get(row.label, "")
        rows.append(Tabled(numbers[row.label], row.label, row.league, tuple(values), mark=mark))
    heads = [Head("rank", says="mean rank in the league over the metrics")]
    heads += [
        Head(
            titled(column, units[column.name]), column.example.metric, column.example.better != "higher", about(column)
        )
        for column in columns
    ]
    return Grid(summary.dataset, tuple(heads), tuple(rows), tuple(notes(summary, down, usual)), tuple(footnotes.texts))


def about(column: Column) -> str:
    """Say what a metric measures, where the catalogue has it."""
    return str(facts("metrics", column.example.metric).get("summary", ""))


def details(entry: Entry) -> str:
    """Say of an entry what its cell has no room for: the place, and how often it is the best."""
    parts = [f"rank {entry.rank}"] if entry.rank else []
    parts += [f"best in {entry.standing.p_best:.0%} of resamples of the seeds"] if entry.standing else []
    return ", ".join(parts)


def drawn_column(summary: Summary, column: Column) -> dict[str, Markup]:
    """Return the drawings of a column's intervals by row, on one axis; real data are a line across.

    The axis holds the rows that learned and the real data: noise would press them all together.
    """
    known = {e.row.label: e.estimate for e in summary.column(column) if e.estimate}
    learned = {row.label for row in summary.rows if not row.is_control and row.label not in summary.marks}
    inside = [known[label] for label in known if label in learned | {"held_out"}] or list(known.values())
    ends = [x for each in inside for x in (each.mean, each.low, each.high) if x is not None]
    axis = glyph_axis(summary.scale(column), ends)
    ceiling = known["held_out"].mean if "held_out" in known else None
    return {label: glyph(axis, each.mean, each.low, each.high, ceiling) for label, each in known.items()}


def curves(summary: Summary, metric: str, numbers: dict[str, int]) -> Drawn | None:
    """Return the learning curves of one metric; the best rows stand out. None where no seed has a value."""
    down = [(row, points) for row in summary.in_order() if len((points := course(row, metric))[0])]
    trained = [(row, points) for row, points in down if not row.is_control and len(points[0]) > 1]
    if not trained:
        return None
    styles = {row.label: f"c{i}" if i < COLOURED else "quiet" for i, (row, _) in enumerate(trained)}
    lines = [LearningCurve(numbers[row.label], row.label, styles[row.label], *points) for row, points in trained]
    levels = [(row.label, float(points[2][-1])) for row, points in down if row.is_control and row.label == "held_out"]
    values = [float(x) for line in lines for x in (*line.low, *line.high)] + [value for _, value in levels]
    records = [record for row in summary.rows for record in row.records]
    name = named(metric, records, summary.dataset)
    drawing = chart(f"{name} on {summary.dataset} by steps", lines[::-1], levels, scale_named(metric, values))
    legend = tuple((line.number, line.label, line.style) for line in lines)
    return Drawn(summary.dataset, name, drawing, legend)


def shown(summary: Summary, folder: Path, files: Path | None, numbers: dict[str, int], room: int) -> Shown:
    """Return the samples of one data set, at most ``room`` bytes of them."""
    gallery = Gallery(summary.dataset, files)
    rows, without, down = list[Sample](), list[str](), summary.in_order()
    views = {record.key: gallery.examples(record) for row in down for record in row.records}
    spent = 0
    for row in down:
        first = next((views[record.key] for record in row.records if views[record.key]), View())
        if not first:
            without.append(row.label)
            continue
        seeds, is_first = list[dict[str, Any]](), True
        for record in row.records:
            view = views[record.key]
            size = len(view.src) + len(view.path)
            kept = bool(view) and (is_first or spent + size <= room)
            spent += size if kept else 0
            again = view == first and is_first and bool(view)  # stands in the page already
            is_first = is_first and not again
            content = {} if again or not kept else {"src": view.src} if view.src else {"path": view.path}
            reason = record.reason or ("" if kept or not view else "left out: the page would be too large")
            seeds.append(
                {"seed": record.seed, "status": record.status, "step": record.step, "reason": reason}
                | {"first": again, "scores": scored(summary, row, record)}
                | content
            )
        rows.append(Sample(numbers[row.label], row.label, row.league, first, tuple(seeds)))
    listed = [row for row in chosen(summary, 10) if not row.is_control] if gallery.data else []
    worst = [(row.label, tuple(pairs)) for row in listed if (pairs := gallery.worst(row, folder))]
    return Shown(
        summary.dataset, gallery.real, gallery.modes, tuple(rows), tuple(worst), tuple(without), gallery.data is None
    )


def scored(summary: Summary, row: Row, record: Record) -> list[list[str]]:
    """Return the scores of one seed: names as columns have them, and values."""
    lines = []
    for column in in_order(summary.columns):
        for each in row.outcomes(column):
            if each.record is record:
                lines.append([column.header, "undefined" if each.value is None else f"{each.value:.4g}"])
    return lines


def environment(record: Record) -> str:
    """Return with what a record was made: device, system, Python and packages."""
    made = record.provenance
    packages = ", ".join(f"{name} {number}" for name, number in sorted(made.get("packages", {}).items()))
    parts = [made.get("device", ""), made.get("system", ""), f"Python {made['python']}" if "python" in made else ""]
    return "; ".join(str(part) for part in [*parts, packages] if part) or "not recorded"
