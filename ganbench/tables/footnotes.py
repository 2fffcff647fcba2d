"""What must be said under a table for its numbers to mean something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ganbench._util.catalogue import facts
from ganbench._util.user_code import split
from ganbench.tables.columns import Column, canonical, differences, short
from ganbench.tables.rows import Row, spans
from ganbench.tables.statistics import ALPHA, CONFIDENCE


def notes(columns: Sequence[Column], rows: Sequence[Row], usual: int) -> list[str]:
    """Return the lines below a table, in order."""
    seeds = "one seed" if usual == 1 else f"{usual} seeds"
    return [
        f"Means over {seeds} with {CONFIDENCE:.0%} intervals (Student's t); other numbers of seeds stand in brackets.",
        f"Bold: baselines that may be the best: no other is better by Welch's one-sided t-test at level {ALPHA:g}, "
        "corrected for the number of others (Bonferroni). Rows with a single seed and controls are not ranked.",
        *compared(columns),
        *differences(columns),
        *plans(rows),
        *changed(rows),
        *failures(rows),
    ]


def compared(columns: Sequence[Column]) -> list[str]:
    """Say what was compared: samples, references and features."""
    scores = [column.example for column in columns]
    samples = sorted({each.n_fake for each in scores})
    references = sorted({f"{each.reference}, {each.n_real} examples" for each in scores if each.n_real})
    features = sorted({described(each.features) for each in scores} - {"none"})
    return [
        f"{name}: {'; '.join(map(str, values))}."
        for name, values in (("Samples per seed", samples), ("Reference", references), ("Features", features))
        if values
    ]


def described(features: dict[str, str]) -> str:
    """Return an extractor's name, with the digest of its weights cut short."""
    digests = [f"sha256 {short(name, features[name])}" for name in sorted(features) if name.endswith("sha256")]
    return f"{features.get('name', 'unnamed')} ({', '.join(digests)})" if digests else features.get("name", "unnamed")


def plans(rows: Sequence[Row]) -> list[str]:
    """Say how long and in what batches baselines were trained; controls are not trained."""
    distinct = {canonical(row.records[0].plan): row.records[0].plan for row in rows if not row.is_control}
    texts = [", ".join(f"{name} {plan[name]}" for name in sorted(plan)) for _, plan in sorted(distinct.items())]
    return [f"Plan: {'; '.join(texts)}."] if texts else []


def changed(rows: Sequence[Row]) -> list[str]:
    """Say which settings differ from the baselines' defaults: first those that all share, then row by row."""
    settings = {row.label: differing(row) for row in rows if not row.is_control}
    if not any(settings.values()):
        return []
    shared = set.intersection(*(set(each.items()) for each in settings.values())) if len(settings) > 1 else set()
    own = {label: sorted(set(each.items()) - shared) for label, each in settings.items()}
    parts = [f"all rows: {listed(sorted(shared))}"] if shared else []
    parts += [f"{label}: {listed(items)}" for label, items in own.items() if items]
    return [f"Settings other than the defaults: {'; '.join(parts)}."]


def listed(items: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {value}" for name, value in items)


def differing(row: Row) -> dict[str, str]:
    """Return a row's settings that are not its baseline's defaults; all of them where the defaults are not known."""
    record = row.records[0]
    known = defaults(record.baseline)
    return {
        name: canonical(value)
        for name, value in record.settings.items()
        if name not in known or canonical(value) != canonical(known[name])
    }


def defaults(baseline: str) -> dict[str, Any]:
    """Return the settings that a shipped baseline's name stands for; nothing is known of others."""
    name, member = split(baseline)
    known = facts("baselines", name)
    named = {known["family"]: member} if known and member else {}
    return known.get("defaults", {}) | named


def failures(rows: Sequence[Row]) -> list[str]:
    """Say which seeds did not finish, when and why."""
    lines = []
    for row in rows:
        for status in sorted({record.status for record in row.records} - {"done"}):
            failed = [record for record in row.records if record.status == status]
            seeds, steps = spans(record.seed for record in failed), spans(record.step for record in failed)
            reason = f": {failed[0].reason}" if failed[0].reason else ""
            lines.append(f"{row.label}: {status} for seeds {seeds} after step {steps}{reason}.")
    return lines
