"""What must be said under a table for its numbers to mean something."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from ganbench._util.catalogue import facts
from ganbench._util.user_code import split
from ganbench.tables.best import ALPHA, LEAST, spread_unequally
from ganbench.tables.columns import Column, canonical, differences, short
from ganbench.tables.leagues import LEAGUES, SHORT
from ganbench.tables.rows import Row, spans
from ganbench.tables.statistics import CONFIDENCE

if TYPE_CHECKING:
    from ganbench.tables.summary import Summary


def notes(summary: Summary, shown: Sequence[Row], usual: int) -> list[str]:
    """Return the lines below a table of the rows that are shown, in order."""
    seeds = "one seed" if usual == 1 else f"{usual} seeds"
    leagues = [league for league in LEAGUES if any(row.league == league for row in shown)]
    ranked = [
        f"*: may be the best of its league (Hsu's multiple comparisons with the best, pooled error, level {ALPHA:g}). "
        f"Not ranked: controls, rows of fewer than {LEAST} seeds, that did not learn or of which a seed was lost.",
        "rank: mean over the metrics of the rank in the league, with what 95% of resamples of the seeds say of it.",
        f"league: {'; '.join(f'{SHORT[league]} = {LEAGUES[league]}' for league in leagues)}.",
    ]
    return [
        f"Means over {seeds} on the metric's scale (ratios of distances, odds of shares) with {CONFIDENCE:.0%} "
        "intervals (Student's t); of counts the median with the range of the seeds. "
        f"Samples are from {'averaged weights' if summary.weights == 'average' else 'the weights of the last step'}.",
        *(ranked if summary.columns else []),
        *spreads(summary, shown),
        *compared(summary.columns),
        *differences(summary.columns),
        *plans(shown),
        *shared_settings(summary.rows),
        *trials(shown),
        *failures(shown),
    ]


def spreads(summary: Summary, shown: Sequence[Row]) -> list[str]:
    """Say what the intervals hold, and where rows spread too unequally for the level of the tier."""
    trained = [row for row in shown if not row.is_control]
    if not summary.columns or not trained:
        return []
    shares = [share for column in summary.columns if (share := shares_of(summary, column, trained))]
    sampling = [part for part, _ in shares if part is not None]
    reference = [part for _, part in shares if part is not None]
    said = "Intervals hold training and sampling"
    said += f", of whose variance sampling makes {percent(sampling)} by metric" if sampling else ", not told apart"
    said += "; the reference is as it is"
    draws = max(column.example.draws for column in summary.columns)
    said += f"; by {draws} draws, another would add {percent(reference)}." if reference else ", and was drawn once."
    unequal = [column.name for column in summary.columns if any(unequal_in(summary, column, each) for each in LEAGUES)]
    more = [
        f"Rows spread unequally in {', '.join(unequal)}: there a truly best row is left out more often than the level "
        "says (benchmarks/tiers.md)."
    ]
    return [said, *(more if unequal else [])]


def shares_of(summary: Summary, column: Column, rows: Iterable[Row]) -> tuple[float | None, float | None] | None:
    """Return which share sampling has of the variance of a seed's score, and what the reference would add to it."""
    sampling, reference = [], []
    for row in rows:
        parts, complete = (
            summary.components(row, column),
            [o.scores for o in row.outcomes(column) if o.value is not None],
        )
        if parts.training is None or not complete:
            continue
        inside = (parts.sampling or 0.0) * sum(1 / len(each.by_draw[0]) for each in complete) / len(complete)
        if not (whole := parts.training + inside):
            continue
        sampling += [inside / whole] if parts.sampling is not None else []
        reference += [parts.reference / whole] if parts.reference is not None else []
    if not sampling and not reference:
        return None
    return (median(sampling) if sampling else None, median(reference) if reference else None)


def percent(shares: Sequence[float]) -> str:
    """Write the range of some shares: ``3% to 20%``."""
    low, high = (f"{share:.0%}" for share in (min(shares), max(shares)))
    return low if low == high else f"{low} to {high}"


def unequal_in(summary: Summary, column: Column, league: str) -> bool:
    """Whether the ranked rows of a league spread unequally in a column."""
    return spread_unequally([summary.losses(row, column) for row in summary.ranked(column, league)])


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


def shared_settings(rows: Sequence[Row]) -> list[str]:
    """Say which settings other than their defaults all trained rows share."""
    shared = sorted(in_common([differing(row) for row in rows if not row.is_control]))
    return [f"Settings of all rows: {listed(shared)}; others in footnotes."] if shared else []


def trials(rows: Sequence[Row]) -> list[str]:
    """Say how many settings of each row were tried before those that it was trained with were chosen."""
    counts: dict[int, list[str]] = {}
    for row in rows:
        if not row.is_control:
            counts.setdefault(row.records[0].trials, []).append(row.label)
    none = counts.pop(0, [])
    if not counts:
        return []
    usual = max(counts, key=lambda count: len(counts[count]))
    others = [f"{', '.join(labels)}: {count}" for count, labels in sorted(counts.items()) if count != usual]
    others += [f"{', '.join(none)}: not searched"] if none else []
    said = f"Each row has the best of {usual} trials of settings, chosen on other seeds and other examples"
    return ["; ".join([said, *others]) + "."]


def own_settings(rows: Sequence[Row]) -> dict[str, str]:
    """Return, for rows that have any, the settings other than the defaults that not all rows share."""
    settings = {row.label: differing(row) for row in rows if not row.is_control}
    shared = in_common(list(settings.values()))
    own = {label: sorted(set(each.items()) - shared) for label, each in settings.items()}
    return {label: f"{listed(items)}" for label, items in own.items() if items}


def in_common(settings: Sequence[dict[str, str]]) -> set[tuple[str, str]]:
    """Return the settings that several rows all have."""
    return set.intersection(*(set(each.items()) for each in settings)) if len(settings) > 1 else set()


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
