"""Claims about metrics, read from data files: what must hold, how closely, and why so closely."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from ganbench.errors import BadInput, UnknownName
from ganbench.find import check_names, suggestion
from ganbench.metrics import METRICS

Kind = Literal["value", "mean", "law", "refuses"]
Cost = Literal["fast", "slow"]
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
}


@dataclass(frozen=True)
class Claim:
    """One sentence about a metric that a number decides.

    ``inputs`` maps each of the metric's needs to a recipe. ``value``: the metric is ``expect`` within the tolerance;
    ``mean``: its mean over fresh draws is, within four standard errors; ``law``: it equals itself after the change
    that ``law`` names; ``refuses``: it must raise. ``hint`` is the likely cause where no classic mistake fits.
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
    law: str = ""
    repetitions: int = 1
    hint: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    def allows(self, value: float) -> bool:
        """Whether ``value`` is as near to what is expected as the tolerance asks."""
        return abs(value - self.expect) <= self.atol + self.rtol * abs(self.expect)


def read(name: str) -> dict[str, Any]:
    """Return the content of a data file of claims."""
    return tomllib.loads((files("ganbench.check") / "claims" / name).read_text(encoding="utf-8"))


@cache
def all_claims() -> tuple[Claim, ...]:
    """Every claim, in the order of the files; raises BadInput where two share an id."""
    names = sorted(path.name for path in (files("ganbench.check") / "claims").iterdir() if path.name.endswith(".toml"))
    stated = [claim_of(row) for name in names if name != "laws.toml" for row in read(name)["claim"]]
    claims = (*stated, *laws(read("laws.toml")))
    ids = [claim.id for claim in claims]
    for name in ids:
        if ids.count(name) > 1:
            raise BadInput(f"claims: expected one claim with the id {name!r}, got {ids.count(name)}")
    return claims


def claim_of(row: Mapping[str, Any]) -> Claim:
    """Return the claim that one table of a data file states."""
    kind: Kind = "refuses" if row.get("refuses") else "mean" if "repetitions" in row else "value"
    inputs = {key: value for key, value in row.items() if key not in NOT_INPUTS}
    check_names("input of a claim", inputs, METRICS[row["metric"]].needs)
    stated = {key: row[key] for key in NOT_INPUTS - {"refuses", "id"} if key in row}
    return Claim(id=f"{row['metric']}/{row['id']}", kind=kind, inputs=inputs, **stated)


def laws(table: Mapping[str, Any]) -> Iterable[Claim]:
    """Return the claims that follow from the laws which each metric declares, and from those that hold for all."""
    for law in table["law"]:
        for name, metric in METRICS.items():
            if law["of"] != "all" and law["of"] not in metric.laws:
                continue
            if any(need.endswith("images") for need in metric.needs) and law["change"] == "scale":
                continue  # images live between black and white
            yield Claim(
                id=f"{name}/law-{law['id']}",
                metric=name,
                says=law["says"],
                kind="refuses" if law["change"] in {"nan", "inf", "flat"} else "law",
                inputs={need: table["evidence"][need] for need in metric.needs},
                rtol=law["rtol"],
                atol=law["atol"],
                why=law["why"],
                cost="slow" if name in table["slow"] else "fast",
                law=law["change"],
                hint=law["hint"],
                options=table["options"].get(name, {}),
            )


def chosen(metrics: Sequence[str], select: Sequence[str] = (), skip: Sequence[str] = ()) -> list[Claim]:
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
