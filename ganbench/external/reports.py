"""What scoring gives back: one row for each set of samples, with the reference, the warnings and every identity."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from ganbench.external.compare import Comparison
from ganbench.external.intervals import METHOD, Interval
from ganbench.external.sides import Side
from ganbench.fairness import Warned
from ganbench.record import Scores


@dataclass(frozen=True)
class Row:
    """One set of samples: its scores, and an interval for each where one was asked for and can be had."""

    name: str
    is_control: bool
    side: Side
    scores: tuple[Scores, ...]
    intervals: tuple[Interval, ...]

    def value(self, metric: str) -> float | None:
        """Return the value of a metric; raises KeyError where it was not taken."""
        for each in self.scores:
            if each.metric == metric:
                return each.values[0]
        raise KeyError(metric)


@dataclass(frozen=True)
class Report:
    """All rows of one call, against one reference."""

    comparison: Comparison
    rows: tuple[Row, ...]
    warnings: tuple[Warned, ...]

    @property
    def values(self) -> dict[str, dict[str, float | None]]:
        """Values by the name of the samples and the metric."""
        return {row.name: {each.metric: each.values[0] for each in row.scores} for row in self.rows}


def about(side: Side) -> str:
    """Say in a line what was looked at and what was done to it."""
    cloud = side.cloud
    if side.n is None:
        return f"mean and covariance of {cloud.values.shape[1]} features; of how many samples it does not say"
    if not cloud.channels:
        return f"{len(cloud)} rows of {cloud.values.shape[1]} features"
    sizes = [f"{width} by {height}" for (height, width), _ in cloud.sizes.most_common(3)]
    more = ", ..." if len(cloud.sizes) > 3 else ""
    stored = ", ".join(f"{count} {kind}" if len(cloud.stored) > 1 else kind for kind, count in cloud.stored.items())
    kind = "colour" if cloud.channels == 3 else "grey"
    done = "".join(f"; {count} {text}" for text, count in cloud.conversions.items())
    dropped = f"; {len(cloud.left_out)} files left out" if cloud.left_out else ""
    return f"{len(cloud)} {kind} images, {', '.join(sizes)}{more} ({stored}){done}{dropped}"


def heading(report: Report) -> list[str]:
    """Return the lines above a table: what was compared with what, seen by what."""
    real, identity = report.comparison.real, report.comparison.identity
    seen = "; ".join(f"{name}: {text}" for name, text in identity.items() if name != "name")
    lines = [f"reference {real.source.name}: {about(real)}"]
    lines += [f"samples {row.name}: {about(row.side)}" for row in report.rows]
    return [*lines, f"features {identity['name']} ({seen})" if seen else f"features {identity['name']}"]


def as_json(report: Report) -> str:
    """Return everything as JSON, the same for the same input."""
    content = {
        "ganbench": version("ganbench"),
        "reference": side_facts(report.comparison.real),
        "rows": [row_facts(row) for row in report.rows],
        "warnings": [asdict(each) for each in report.warnings],
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def side_facts(side: Side) -> dict[str, Any]:
    """Return what is known of a set."""
    cloud = side.cloud
    return {
        "name": side.source.name,
        "content": side.source.digest(),
        "n": side.n,
        "kind": side.source.kind,
        "channels": cloud.channels,
        "sizes": {f"{width}x{height}": count for (height, width), count in sorted(cloud.sizes.items())},
        "stored": cloud.stored,
        "conversions": cloud.conversions,
        "left_out": [asdict(each) for each in cloud.left_out],
        "classes": list(cloud.classes),
    }


def row_facts(row: Row) -> dict[str, Any]:
    """Return a row: the set, and each score with its whole identity."""
    scores = []
    for score, interval in zip(row.scores, row.intervals, strict=True):
        facts = asdict(score)
        value, reason = facts.pop("values")[0], facts.pop("reasons")[0]
        known = {"value": value, "reason": reason, "interval": interval}
        method = {"interval_method": METHOD} if interval else {}
        scores.append({"metric": facts.pop("metric"), **known, **method, **facts, "n_real": facts["n_real"] or None})
    return {**side_facts(row.side), "name": row.name, "control": row.is_control, "scores": scores}


def as_csv(report: Report) -> str:
    """Return one line for each set and metric."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = ("samples", "metric", "value", "low", "high", "better", "version", "n_real", "n_fake")
    writer.writerow((*names, "reference", "features", "options", "reason"))
    for row in report.rows:
        for score, interval in zip(row.scores, row.intervals, strict=True):
            low, high = interval or ("", "")
            value = "" if score.values[0] is None else repr(score.values[0])
            identity = json.dumps(score.features, sort_keys=True), json.dumps(score.options, sort_keys=True)
            sizes = (score.better, score.version, score.n_real or "", score.n_fake, score.reference)
            writer.writerow((row.name, score.metric, value, low, high, *sizes, *identity, score.reasons[0]))
    return out.getvalue()
