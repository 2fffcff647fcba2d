"""The answer across data sets as people read it: sentences, one table, and the same as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

from ganbench._util.markup import in_json
from ganbench.tables.columns import Column
from ganbench.tables.comparison import MEMORY, MOST, SHOWN, Cell, Footnotes, PrintedRow, Table, allotted, cell, in_order
from ganbench.tables.leagues import LEAGUES, SHORT
from ganbench.tables.markup import markdown
from ganbench.tables.numbers import joined
from ganbench.tables.overall import DIFFERENCE, FLOORS, PROFILE, RIVAL, Overall, Range, Standing, Undecided
from ganbench.tables.summary import Summary

FEW = 5  # data sets below which their agreement says little
WORDS = {"adversarial": "adversarial rows", "conditional": "rows with labels", "not adversarial": "other rows"}


@dataclass(frozen=True)
class Overview:
    """Sentences, the table of the best rows, and everything as data."""

    sentences: tuple[str, ...]
    table: Table
    data: dict[str, Any]

    def to_markdown(self) -> str:
        """Return sentences and table as Markdown."""
        return markdown(self.table)

    def to_json(self) -> str:
        """Return the data as JSON."""
        return in_json(self.data)


def overview(summaries: Sequence[Summary], most: int | None = MOST) -> Overview | None:
    """Return the answer across data sets and metrics; None where nothing was scored."""
    scored = tuple(summary for summary in summaries if summary.columns)
    if not scored:
        return None
    whole = Overall(scored)
    standings = {league: whole.standings(league) for league in LEAGUES if league != "control"}
    undecided = {league: whole.undecided(league) for league in standings}
    sentences = tuple(said(whole, standings, undecided))
    return Overview(
        sentences, table_of(whole, standings, sentences, most), data_of(whole, standings, undecided, sentences)
    )


def said(whole: Overall, standings: dict[str, list[Standing]], undecided: dict[str, list[Undecided]]) -> list[str]:
    """Return the sentences."""
    lines = [line for league, each in standings.items() for line in leading(whole, league, each, undecided[league])]
    if not any(standings.values()):
        lines.append("Nothing is ranked: no league has two rows that learned with three seeds or more.")
    return [*lines, *unlearned(whole), *agreed(whole, standings), scale_of_scores(whole)]


def leading(whole: Overall, league: str, standings: list[Standing], undecided: list[Undecided]) -> list[str]:
    """Say which row leads a league, by how much, and how sure that is."""
    if not standings:
        return []
    first, sets = standings[0], len(whole.summaries)
    where = f"{sets} data sets" if sets > 1 else whole.summaries[0].dataset
    lines = [
        f"Of {len(standings)} {WORDS[league]} on {where}, {first.row} ranks best: mean rank {spell(first.rank, 1)}, "
        f"first in {first.first:.0%} of resamples of seeds and data sets"
        + (f"; then {listed(standings[1:4])}." if len(standings) > 1 else ".")
    ]
    if first.improvement and first.score:
        rival = next((each for each in standings if each.row == RIVAL and each.score), None)
        against = f" (that of {RIVAL}: {spell(rival.score, 2)})" if rival and rival.score else ""
        lines.append(
            f"A seed of {first.row} does better than one of {RIVAL} in {spell(first.improvement, 0, 100)} % of pairs; "
            f"its score is {spell(first.score, 2)}{against}."
        )
    return lines + [open_question(each) for each in undecided]


def listed(standings: Sequence[Standing]) -> str:
    """Name rows with their mean ranks."""
    return ", ".join(f"{each.row} ({each.rank.value:.1f})" for each in standings)


def open_question(pair: Undecided) -> str:
    """Say how open it is which of two rows is better."""
    more = (
        ""
        if pair.seeds is None
        else (
            f"; {pair.seeds} more seeds of each would show a difference of {DIFFERENCE:.0%} in {pair.metric}"
            if pair.seeds
            else f"; the seeds that there are would show a difference of {DIFFERENCE:.0%} in {pair.metric}"
        )
    )
    often = f"the first better in {pair.share:.0%} of resamples"
    return f"Cannot be told apart: {pair.first} and {pair.second}, {often}{more}."


def unlearned(whole: Overall) -> list[str]:
    """Say how many trained rows are not ranked on each data set, and why."""
    parts = []
    for each in whole.summaries:
        trained = [row for row in each.rows if not row.is_control]
        reasons = [each.marks[row.label].split("; ")[0].split(" (")[0] for row in trained if row.label in each.marks]
        if reasons:
            counts = ", ".join(f"{reasons.count(reason)} {reason}" for reason in sorted(set(reasons)))
            parts.append(f"{each.dataset} {len(reasons)} of {len(trained)} ({counts})")
    return [f"Not ranked: {'; '.join(parts)}. They stand behind all others."] if parts else []


def agreed(whole: Overall, standings: dict[str, list[Standing]]) -> list[str]:
    """Say how far the ranks on different data sets agree."""
    if len(whole.summaries) < 2:
        return ["One data set: nothing here says whether the order holds on others."]
    lines = []
    for league in standings:
        pairs = [pair for pair in whole.agreement(league) if not isnan(pair[2])]
        if pairs:
            values = [f"{one} and {other} {value:.2f} ({count} rows)" for one, other, value, count in pairs]
            lines.append(f"Rank correlation of {WORDS[league]} between data sets: {', '.join(values)}.")
    few = f"With {len(whole.summaries)} data sets this says little of others."
    return [*lines, few] if len(whole.summaries) < FEW else lines


def scale_of_scores(whole: Overall) -> str:
    """Say what the scores mean."""
    left_out = [task.name for task in whole.tasks if not task.normalised]
    missing = f" Left out, as these do not differ there: {', '.join(left_out)}." if left_out else ""
    return (
        "score: interquartile mean over seeds, metrics and data sets of where a seed lies between the worse of "
        f"{' and '.join(FLOORS)} (0) and held_out (1), on the metric's scale, cut at -1 and 1; a lost seed has -1."
        f"{missing}"
    )


def spell(value: Range, places: int, times: float = 1.0) -> str:
    """Write a number with its interval to some decimals."""
    middle, low, high = (f"{x * times:.{places}f}" for x in (value.value, value.low, value.high))
    return f"{middle} ({joined(low, high)})"


def table_of(whole: Overall, standings: dict[str, list[Standing]], sentences: Sequence[str], most: int | None) -> Table:
    """Return the best rows of each league and the controls that say what a score means."""
    footnotes, picks = Footnotes(), {each.dataset: telling(each) for each in whole.summaries}
    shown = shown_rows(whole, standings, most)
    lines = []
    for league, standing, label in shown:
        cells = [Cell(SHORT[league]), *figures(whole, standing, label), learned_cell(whole, league, label)]
        for each in whole.summaries:
            there = any(row.label == label for row in each.rows)
            cells += [
                shown_cell(each, label, column, footnotes) if there else Cell("") for column in picks[each.dataset]
            ]
        lines.append(PrintedRow(label, league, tuple(cells)))
    headers = (f"{name}: {column.header}" for name, columns in picks.items() for column in columns)
    header = ("league", "rank", "score", f"better than {RIVAL}", "learned", *headers)
    notes = [
        "rank: on a data set the place in the league by the mean rank over its metrics; over data sets the mean of "
        "these places, with 95% of resamples of seeds and data sets, scaled to the league's size where fewer rows were "
        "trained. learned: on how many of the data sets it was trained on (the others say why in the table of the data "
        "set).",
        "*: may be the best of its league in that metric.",
    ]
    more = len({row.label for each in whole.summaries for row in each.rows}) - len(shown)
    notes += [f"{more} more row{'s' * (more > 1)}: --all-rows, or overview.json."] if more else []
    return Table("overview", header, tuple(lines), tuple(notes), tuple(footnotes.texts), above=tuple(sentences))


def shown_rows(
    whole: Overall, standings: dict[str, list[Standing]], most: int | None
) -> list[tuple[str, Standing | None, str]]:
    """Return league, standing and label of the rows of the table: the best of every league, and the controls."""
    controls = [name for name in SHOWN if is_there(whole, name)]
    queues = {league: in_queue(whole, league, each) for league, each in standings.items()}
    room = sum(map(len, queues.values())) if most is None else max(most - len(controls), 1)
    counts = allotted({league: len(queue) for league, queue in queues.items()}, room)
    rows = [each for league, queue in queues.items() for each in queue[: counts[league]]]
    return [*rows, *(("control", None, name) for name in controls)]


def in_queue(whole: Overall, league: str, standings: Sequence[Standing]) -> list[tuple[str, Standing | None, str]]:
    """Return the rows of a league: those that are ranked, then the others by how often they have learned."""
    ranked = {each.row: each for each in standings}
    labels = {row.label for each in whole.summaries for row in each.rows if row.league == league}
    others = sorted(labels - ranked.keys(), key=lambda label: (-whole.learned(label)[0], label))
    return [*((league, each, each.row) for each in standings), *((league, None, label) for label in others)]


def is_there(whole: Overall, label: str) -> bool:
    """Whether any data set has a row of that label."""
    return any(row.label == label for each in whole.summaries for row in each.rows)


def figures(whole: Overall, standing: Standing | None, label: str) -> list[Cell]:
    """Return the cells of a row that are about all data sets; a dash for what is not known, as of controls."""
    score, improvement = whole.score(label), whole.improvement(label)
    return [
        Cell(spell(standing.rank, 1) if standing else "-"),
        Cell(spell(score, 2) if score else "-"),
        Cell(f"{spell(improvement, 0, 100)} %" if improvement else "-"),
    ]


def learned_cell(whole: Overall, league: str, label: str) -> Cell:
    """Say on how many data sets a row has learned; nothing of a control."""
    if league == "control":
        return Cell("")
    trained = [each for each in whole.summaries if any(row.label == label for row in each.rows)]
    return Cell(f"{sum(label not in each.marks for each in trained)} of {len(trained)}")


def shown_cell(summary: Summary, label: str, column: Column, footnotes: Footnotes) -> Cell:
    """Return a row's cell in one column of a data set."""
    return cell(summary.entries[label, column.name], max(len(row.records) for row in summary.rows), footnotes)


def telling(summary: Summary) -> list[Column]:
    """Return the column that says most of a data set, and that of memorisation where it was measured."""
    across = in_order(summary.columns)
    memory = [column for column in across[1:] if column.example.metric in MEMORY]
    return [*across[:1], *memory[:1]]


def data_of(
    whole: Overall,
    standings: dict[str, list[Standing]],
    undecided: dict[str, list[Undecided]],
    sentences: Sequence[str],
) -> dict[str, Any]:
    """Return everything as JSON holds it."""
    return {
        "sentences": list(sentences),
        "data_sets": [each.dataset for each in whole.summaries],
        "weights": whole.summaries[0].weights,
        "tasks": [
            {"dataset": task.data.dataset, "metric": task.column.name, "normalised": task.normalised}
            for task in whole.tasks
        ],
        "profile_at": [round(float(level), 2) for level in PROFILE],
        "leagues": {
            league: {
                "rows": [row_data(each) for each in rows],
                "wins": wins_data(whole, rows),
                "undecided": [
                    {"rows": [each.first, each.second], "share": rounded(each.share), "more_seeds": each.seeds}
                    | {"metric": each.metric, "difference": DIFFERENCE}
                    for each in undecided[league]
                ],
                "agreement": [
                    {"data_sets": [one, other], "spearman": rounded(value), "rows": count}
                    for one, other, value, count in whole.agreement(league)
                ],
            }
            for league, rows in standings.items()
            if rows
        },
    }


def row_data(standing: Standing) -> dict[str, Any]:
    """Return what is known of one row."""
    return {
        "row": standing.row,
        "rank": range_data(standing.rank),
        "first": rounded(standing.first),
        "score": range_data(standing.score),
        f"better_than_{RIVAL}": range_data(standing.improvement),
        "learned": standing.learned[0],
        "trained": standing.learned[1],
        "profile": [rounded(share) for share in standing.profile],
    }


def wins_data(whole: Overall, rows: Sequence[Standing]) -> dict[str, Any]:
    """Return the win matrix: the share of pairs of seeds, and the tasks in which every seed is better."""
    share, outright = whole.wins([each.row for each in rows])
    return {
        "share": [[rounded(x) for x in line] for line in share.tolist()],
        "every_seed": [[int(x) for x in line] for line in outright.tolist()],
    }


def range_data(value: Range | None) -> list[float | None] | None:
    """Return a number and the ends of its interval."""
    return [rounded(x) for x in (value.value, value.low, value.high)] if value else None


def rounded(x: float) -> float | None:
    """Return a number to four decimals; None for one that is not defined."""
    return None if isnan(x) else round(float(x), 4)
