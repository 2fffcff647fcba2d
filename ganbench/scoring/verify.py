"""A report computed again from samples, and what differs: contents, identities, values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isclose
from typing import Any

from ganbench.errors import BadInput
from ganbench.scoring import api
from ganbench.scoring.report import Report
from ganbench.scoring.report_difference import flat, shown

USUAL_TOLERANCE = 1e-9  # relative: the same arithmetic on another machine


@dataclass(frozen=True)
class Check:
    """One thing that was compared: in which set, what it is, both values, and whether they are the same."""

    samples: str
    what: str
    reported: str
    computed: str
    same: bool


def verify(
    reported: Mapping[str, Any],
    samples: Sequence[str],
    reference: str | None = None,
    *,
    tolerance: float = USUAL_TOLERANCE,
    options: api.Options | None = None,
) -> list[Check]:
    """Compute a report again and compare.

    Parameters
    ----------
    reported : mapping
        What ``score --format json`` wrote.
    samples : sequence of str
        The samples' paths, in the order of the report's rows.
    reference : str, optional
        Another place of the reference than the one that the report names.
    tolerance : float
        Relative difference up to which values count as the same.
    options : Options, optional
        How files are read and where weights are.

    Returns
    -------
    list of Check
        Every value, number of samples, content and identity.

    Raises
    ------
    RequestError
        Where the samples cannot be scored, or are not as many sets as the report has.
    """
    rows = [row for row in reported["rows"] if not row.get("control")]
    if len(samples) != len(rows):
        names = ", ".join(str(row["name"]) for row in rows)
        raise BadInput(f"the report is of {len(rows)} sets ({names}), got {len(samples)}")
    against = reference or str((reported.get("reference") or {}).get("name") or "")
    if not against:
        raise BadInput("the report names no reference; name it with --reference")
    again = computed(rows[0], samples, against, options or api.Options())
    checks: list[Check] = []
    facts = again.to_dict()
    for key in ("content", "n"):
        checks.append(
            check(
                against, f"reference's {key}", (reported.get("reference") or {}).get(key), facts["reference"].get(key)
            )
        )
    mine = [row for row in facts["rows"] if not row["control"]]
    for row, other in zip(rows, mine, strict=True):
        checks += [check(str(row["name"]), key, row.get(key), other.get(key)) for key in ("content", "n")]
        checks += compared(row, other, tolerance)
    return checks


def computed(row: Mapping[str, Any], samples: Sequence[str], reference: str, options: api.Options) -> Report:
    """Return the report of the same metrics by the same features, or by the same protocol."""
    scores = row["scores"]
    if not scores:
        raise BadInput("the report has no scores to compute again")
    protocol = scores[0].get("options", {}).get("protocol")
    names = [str(each["metric"]) for each in scores]
    if protocol is not None:
        return api.score(list(samples), reference, metrics=names, protocol=str(protocol), options=options)
    used = [each["features"]["name"] for each in scores if each.get("features", {}).get("name") not in (None, "none")]
    features = next((str(name) for name in used if name != "given"), None)
    return api.score(list(samples), reference, metrics=names, features=features, options=options)


def compared(row: Mapping[str, Any], other: Mapping[str, Any], tolerance: float) -> list[Check]:
    """Return the checks of one set's scores."""
    checks = []
    mine = {each["metric"]: each for each in other["scores"]}
    for each in row["scores"]:
        name, again = str(each["metric"]), mine.get(each["metric"], {})
        one, two = each.get("value"), again.get("value")
        same = one == two or (one is not None and two is not None and isclose(one, two, rel_tol=tolerance))
        checks.append(Check(str(row["name"]), name, shown(one), shown(two), same))
        facts = flat(each), flat(again)
        checks += [
            check(str(row["name"]), f"{name}: {key}", facts[0].get(key), facts[1].get(key))
            for key in sorted(facts[0].keys() | facts[1].keys())
            if key not in ("reference", "interval_method")
        ]
    return checks


def check(samples: str, what: str, reported: Any, computed: Any) -> Check:
    """Return the comparison of two facts that must be equal."""
    return Check(samples, what, shown(reported), shown(computed), reported == computed)


def as_text(checks: Sequence[Check], values: frozenset[str] = frozenset()) -> str:
    """Return what differs, or that nothing does; values of metrics stand first."""
    lines = [
        f"same     {each.samples}: {each.what} {each.computed}" for each in checks if each.same and each.what in values
    ]
    lines += [
        f"differs  {each.samples}: {each.what}: reported {each.reported}, computed {each.computed}"
        for each in checks
        if not each.same
    ]
    bad = sum(not each.same for each in checks)
    lines.append("everything is the same" if not bad else f"{bad} of {len(checks)} facts differ")
    return "\n".join(lines) + "\n"
