"""Tables to compute with: ``table.csv`` and ``table_keys.csv`` by seed, ``summary.csv`` by row, and one data frame."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from statistics import stdev
from typing import TYPE_CHECKING, Any

from ganbench._util.markup import harmless, in_json
from ganbench.records.key import key_of
from ganbench.records.record import Record, Scores
from ganbench.tables.budget import KINDS, at_equal, seconds
from ganbench.tables.columns import canonical, identity
from ganbench.tables.summary import Entry, Summary

if TYPE_CHECKING:  # it takes long to import
    import pandas as pd

    from ganbench.tables.overview import Overview

Line = dict[str, Any]  # of a table, by the name of the column; None and what is missing are empty

SCORE = (
    "dataset", "row", "league", "baseline", "kind", "seed", "status", "metric", "value", "sd", "sets", "draws",
    "better", "reason", "key", "identity",
)  # fmt: skip
OF_SEED = (
    "settings", "trials", "plan", "split", "dataset_version", "version", "engine", "samples", "source", "step",
    "failure", "samples_seen", "gradients", "flops", "seconds",
)  # fmt: skip
SUMMARY = (
    "dataset", "row", "league", "metric", "better", "seeds", "mean", "low", "high", "rank", "tier", "p_best", "mark",
    "rank_low", "rank_high", "scale", "interval", "training", "sampling", "reference",
)  # fmt: skip
BUDGETS = (
    "dataset", "budget", "limit", "row", "league", "metric", "seeds", "step", "spent", "mean", "low", "high", "tier",
)  # fmt: skip
OF_SCORE = ("metric", "metric_version", "features", "reference", "n_real", "n_fake", "options", "weights")


def table_csv(summaries: Sequence[Summary]) -> str:
    """Return ``table.csv``: a line for each seed and metric, with the mean and the standard deviation over sample sets.

    A seed without scores has one line without a metric. An undefined value is empty, with the reason beside it. What
    a seed was trained with is found in ``table_keys.csv`` by its ``key``, what a score depends on by its ``identity``.
    """
    return text(SCORE, (line for summary in summaries for line in scores(summary)))


def keys_csv(summaries: Sequence[Summary]) -> str:
    """Return ``table_keys.csv``: what each ``key`` of a seed and ``identity`` of a score in ``table.csv`` means."""
    records = {r.key: r for summary in summaries for row in summary.rows for r in row.records}
    columns = {short_identity(each.example): each.example for summary in summaries for each in summary.columns}
    lines: list[Line] = [{"key": key} | of_seed(record) for key, record in records.items()]
    lines += [{"key": key} | of_score(scores) for key, scores in columns.items()]
    return text(("key", *OF_SEED, *OF_SCORE), lines)


def summary_csv(summaries: Sequence[Summary]) -> str:
    """Return ``summary.csv``: a line for each data set, row and metric.

    ``tier`` is 1 for a row that may be the best of its league, 0 for one that is not, empty where nothing can be told.
    ``training``, ``sampling`` and ``reference`` are variances of one value on the metric's ``scale``; empty where the
    records do not tell that part from the others.
    """
    return text(SUMMARY, (line for summary in summaries for line in entries(summary)))


def budgets_csv(summaries: Sequence[Summary]) -> str:
    """Return ``budgets.csv``: a line for each data set, kind of budget and row that fits the budget of the thriftiest.

    ``step`` is the last noted one within the ``limit``, ``spent`` what a seed had spent by then.
    """
    lines = [
        {"dataset": summary.dataset, "budget": kind.name, "limit": result.limit, "metric": result.metric.split(" ")[0]}
        | {"row": point.row.label, "league": point.row.league, "step": point.step, "spent": point.spent}
        | {"seeds": len(point.values), "tier": int(point.in_tier)}
        | ({name: getattr(point.estimate, name) for name in ("mean", "low", "high")} if point.estimate else {})
        for summary in summaries
        for kind in KINDS
        if (result := at_equal(summary, kind))
        for point in result.points
    ]
    return text(BUDGETS, lines)


def compared(selections: Mapping[str, Sequence[Summary]], field: str, form: str) -> str:
    """Return the lines of ``summary.csv`` of several selections, with the field that they differ in, as CSV or JSON."""
    lines = [
        {field: value} | line for value, part in selections.items() for summary in part for line in entries(summary)
    ]
    fields = (field, *(name for name in SUMMARY if name != field))
    return text(fields, lines) if form == "csv" else in_json({"compare": field, "summary": lines})


def as_json(summaries: Sequence[Summary], whole: Overview | None) -> str:
    """Return the lines of ``summary.csv`` and the answer across data sets as JSON."""
    lines = [line for summary in summaries for line in entries(summary)]
    return in_json({"overview": whole.data if whole else None, "summary": lines})


def frame(summaries: Sequence[Summary]) -> pd.DataFrame:
    """Return one line for each data set, row, metric and seed, with everything that makes a score comparable.

    Mappings are JSON. ``seconds`` are those of the group of seeds that was trained together.
    """
    import pandas as pd  # noqa: PLC0415

    lines = [
        of_seed(record) | (of_score(scored) if scored else {}) | line
        for summary in summaries
        for record, scored, line in seeds(summary)
    ]
    table = pd.DataFrame(lines, columns=list(dict.fromkeys((*SCORE, *OF_SEED, *OF_SCORE))))
    whole = ("seed", "sets", "draws", "step", "metric_version", "n_real", "n_fake")
    return table.astype(dict.fromkeys(whole, "Int64"))


def scores(summary: Summary) -> Iterator[Line]:
    """Yield the lines of ``table.csv`` of one data set, in the order of its rows, seeds and columns."""
    yield from (line for _, _, line in seeds(summary))


def seeds(summary: Summary) -> Iterator[tuple[Record, Scores | None, Line]]:
    """Yield each seed's record and scores with its line; a seed without scores once, with None."""
    names = {column.key: column.name for column in summary.columns}
    places = {key: place for place, key in enumerate(names)}
    digests = {key: short_identity(column.example) for key, column in zip(names, summary.columns, strict=True)}
    for row in summary.rows:
        shared = {"dataset": summary.dataset, "row": row.label, "league": row.league, "kind": row.kind}
        for record in row.records:
            own = shared | {"baseline": record.baseline, "seed": record.seed, "status": record.status}
            own |= {"key": record.key}
            known = {key: each for each in record.scores if (key := identity(each)) in names}
            for key in sorted(known, key=places.__getitem__):
                digest = {"metric": names[key], "identity": digests[key]}
                yield record, known[key], own | digest | of_value(known[key])
            if not known:
                yield record, None, own


def of_value(scores: Scores) -> Line:
    """Return what one seed has in one metric: the mean over its sets of samples, and their standard deviation."""
    draws = scores.by_draw
    sets = [[x for x in values if x is not None] for values in zip(*draws, strict=True)]
    means = [sum(values) / len(values) for values in sets if len(values) == len(draws)]
    return {
        "value": scores.value,
        "sd": stdev(means) if scores.value is not None and len(means) > 1 else None,
        "sets": len(sets),
        "draws": len(draws),
        "better": scores.better,
        "reason": scores.reason,
    }


def short_identity(scores: Scores) -> str:
    """Return a digest of everything that two scores must share to stand in one column."""
    return key_of({"identity": identity(scores)})[:12]


def of_seed(record: Record) -> Line:
    """Return the conditions and the cost of one seed's training."""
    return {
        **{name: record.cost.get(name) for name in ("samples_seen", "gradients", "flops")},
        **{
            name: getattr(record, name) for name in ("split", "dataset_version", "version", "engine", "samples", "step")
        },
        "settings": canonical(record.settings),
        "trials": record.trials or None,
        "plan": canonical(record.plan),
        "source": record.trained.get("source"),
        "failure": record.reason,
        "seconds": seconds(record),
    }


def of_score(scores: Scores) -> Line:
    """Return what a score depends on beside the samples."""
    named = {name: getattr(scores, name) for name in ("metric", "reference", "n_real", "n_fake", "weights")}
    maps = {name: canonical(getattr(scores, name)) for name in ("features", "options")}
    return named | maps | {"metric_version": scores.version}


def entries(summary: Summary) -> Iterator[Line]:
    """Yield the lines of ``summary.csv`` of one data set."""
    for row in summary.rows:
        shared: Line = {"dataset": summary.dataset, "row": row.label, "league": row.league}
        shared["mark"] = summary.marks.get(row.label, "")
        for column in summary.columns:
            parts = summary.components(row, column)
            variances = {name: getattr(parts, name) for name in ("training", "sampling", "reference")}
            yield shared | of_entry(summary.entries[row.label, column.name], summary.scale(column).kind) | variances
        if not summary.columns:
            yield shared | {"seeds": 0}


def of_entry(entry: Entry, scale: str) -> Line:
    """Return what a line of ``summary.csv`` says of one entry beside the names of data set and row."""
    result, standing = entry.estimate, entry.standing
    return {
        "metric": entry.column.name,
        "better": entry.column.example.better,
        "seeds": result.seeds if result else 0,
        "mean": result and result.mean,
        "low": result and result.low,
        "high": result and result.high,
        "rank": entry.rank,
        "tier": None if entry.in_tier is None else int(entry.in_tier),
        "p_best": standing and round(standing.p_best, 4),
        "rank_low": standing and int(standing.low),
        "rank_high": standing and int(standing.high),
        "scale": scale,
        "interval": result.kind if result else "",
    }


def text(fields: Sequence[str], lines: Iterable[Mapping[str, Any]]) -> str:
    """Return lines as CSV, None as nothing."""
    out = StringIO()
    writer = csv.DictWriter(out, fields, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: harmless(cell) for name, cell in line.items()} for line in lines)
    return out.getvalue()
