"""Claims about metrics, read from data files: what must hold, how closely, and why so closely."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

from ganbench._util.names import check_names, suggestion
from ganbench.errors import BadInput, UnknownName
from ganbench.metrics import METRICS

Kind = Literal["value", "mean", "invariance", "refuses"]
Cost = Literal["fast", "slow"]
Level = Literal["value", "invariance", "numerics", "input", "convention"]
LEVELS: tuple[Level, ...] = get_args(Level)
FAIL_ON: tuple[Level, ...] = ("value", "invariance")  # what a metric must not get wrong; the rest is reported
NOT_INPUTS = {
    "id",
    "metric",
    "says",
    "expect",
    "rtol",
    "atol",
    "why",
    "cost",
    "options",
    "hint",
    "repetitions",
    "refuses",
    "level",
}


@dataclass(frozen=True)
class Claim:
    """One sentence about a metric that a number proves or refutes.

    ``inputs`` maps each of the metric's needs to a recipe. A claim's ``kind`` says how it is checked:
    ``value``: the metric is ``expect`` within the tolerance; ``mean``: its mean over fresh draws is, within four
    standard errors; ``invariance``: it equals itself after the change that ``invariance`` names; ``refuses``: it must
    raise. ``hint`` is the likely cause where no classic mistake fits.

    ``level`` says what a failure is: ``value``: another number; ``invariance``: it follows what it should not;
    ``numerics``: digits are lost that careful arithmetic keeps; ``input``: input that has no value is not refused, or
    one that has is; ``convention``: another choice that is in use too. A number that misses the tolerance by no more
    than float32 arithmetic may lose on the claim's own inputs (``ganbench.conformance.precision``) fails as
    ``numerics``, whatever the claim's level.
    """

    id: str
    metric: str
    says: str
    kind: Kind
    inputs: Mapping[str, Any]
    expect: float = 0.0
    rtol: float = 1e-6
    atol: float = 0.0
    why: str = "float64 arithmetic keeps more digits than this"
    cost: Cost = "fast"
    invariance: str = ""
    repetitions: int = 1
    hint: str = ""
    level: Level = "value"
    options: Mapping[str, Any] = field(default_factory=dict)

    def allows(self, value: float) -> bool:
        """Whether ``value`` is as near to what is expected as the tolerance asks."""
        return abs(value - self.expect) <= self.atol + self.rtol * abs(self.expect)


def read(name: str) -> dict[str, Any]:
    """Return the content of a data file of claims."""
    return tomllib.loads((files("ganbench.conformance") / "claims" / name).read_text(encoding="utf-8"))


@cache
def all_claims() -> tuple[Claim, ...]:
    """Every claim, in the order of the files; raises BadInput where two share an id."""
    folder = files("ganbench.conformance") / "claims"
    names = sorted(path.name for path in folder.iterdir() if path.name.endswith(".toml"))
    stated = [claim_of(row) for name in names if name != "invariances.toml" for row in read(name)["claim"]]
    claims = (*stated, *invariances(read("invariances.toml")))
    ids = [claim.id for claim in claims]
    for name in ids:
        if ids.count(name) > 1:
            raise BadInput(f"claims: expected one claim with the id {name!r}, got {ids.count(name)}")
    return claims


def claim_of(row: Mapping[str, Any]) -> Claim:
    """Return the claim that one table of a data file states."""
    kind: Kind = "refuses" if row.get("refuses") else "mean" if "repetitions" in row else "value"
    inputs = {key: value for key, value in row.items() if key not in NOT_INPUTS}
    check_names("input of a claim", inputs, METRICS[row["metric"]].spec.needs)
    stated = {key: row[key] for key in NOT_INPUTS - {"refuses", "id"} if key in row}
    stated.setdefault("level", "input" if kind == "refuses" else "value")
    if stated["level"] not in LEVELS:
        raise BadInput(f"claim {row['id']!r}: expected a level of {', '.join(LEVELS)}, got {stated['level']!r}")
    return Claim(id=f"{row['metric']}/{row['id']}", kind=kind, inputs=inputs, **stated)


def invariances(table: Mapping[str, Any]) -> Iterable[Claim]:
    """Return the claims of the invariances that each metric declares, and of those that hold for all metrics."""
    for invariance in table["invariance"]:
        for name, metric in METRICS.items():
            if invariance["of"] != "all" and invariance["of"] not in metric.spec.invariances:
                continue
            if any(need.endswith("images") for need in metric.spec.needs) and invariance["change"] == "scale":
                continue  # images live between black and white
            yield Claim(
                id=f"{name}/invariance-{invariance['id']}",
                metric=name,
                says=invariance["says"],
                kind="refuses" if invariance["change"] in {"nan", "inf", "flat"} else "invariance",
                inputs={need: table["inputs"][need] for need in metric.spec.needs},
                rtol=invariance["rtol"],
                atol=invariance["atol"],
                why=invariance["why"],
                cost="slow" if name in table["slow"] else "fast",
                invariance=invariance["change"],
                hint=invariance["hint"],
                level=invariance.get("level", "invariance"),
                options=table["options"].get(name, {}),
            )


def selected(metrics: Sequence[str], select: Sequence[str] = (), skip: Sequence[str] = ()) -> list[Claim]:
    """Return the claims about ``metrics`` (none: all) that match a pattern of ``select`` and none of ``skip``.

    Patterns are shell patterns on ids, or a cost class. Raises UnknownName where a pattern matches nothing.
    """
    check_names("metric", metrics, METRICS)
    about = [claim for claim in all_claims() if not metrics or claim.metric in metrics]
    for pattern in (*select, *skip):
        if pattern not in {"fast", "slow"} and not any(matches(claim, pattern) for claim in about):
            raise UnknownName(
                f"no claim matches {pattern!r}; {suggestion(pattern, [claim.id for claim in about][:40])}"
            )
    return [
        claim
        for claim in about
        if (not select or any(matches(claim, p) for p in select)) and not any(matches(claim, p) for p in skip)
    ]


def matches(claim: Claim, pattern: str) -> bool:
    """Whether a shell pattern fits the claim's id or its part behind the metric, or names its cost."""
    return fnmatchcase(claim.id, pattern) or fnmatchcase(claim.id.split("/")[1], pattern) or claim.cost == pattern
