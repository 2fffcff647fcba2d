"""What an experiment leaves behind: one Observation, one JSON line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from inspect import getfile
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

from ganbench import roster
from ganbench.code import bare, package_sources
from ganbench.experiments import load
from ganbench.experiments._mnist import at_hand
from ganbench.experiments.base import Findings, Form, FormName, Verdict
from ganbench.machine import fixed_arithmetic, provenance
from ganbench.metrics import METRICS
from ganbench.record import key_of
from ganbench.user_files import in_one_line

PACKAGE = Path(__file__).parent


@dataclass(frozen=True)
class Observation:
    """A finished experiment: what was measured, the verdict on each of its claims, and where that was."""

    key: str  # digest of everything that the findings depend on
    experiment: str
    form: FormName
    status: Literal["done", "error"]
    findings: Findings
    verdicts: dict[str, Verdict]  # by the name of the claim
    reason: str = ""  # why it failed
    provenance: dict[str, Any] = field(default_factory=dict)


def key_for(name: str, form: Form) -> str:
    """Return the digest of what an experiment's findings depend on, with MNIST where the form finds it."""
    return keys_for(name, form.name)[0 if at_hand(form) else 1]


def keys_for(name: str, form: FormName) -> tuple[str, str]:
    """Return an experiment's keys with MNIST and without: the same for one that never looks at it.

    They are digests of its own code and what that imports of other experiments, the training code, the baselines
    that are mentioned by name, and the versions of the metrics.
    """
    code = code_of(name)
    mentioned = {word for text in code.values() for word in re.findall(r"[\"'](\w+)(?::\w+)?[\"']", text)}
    players = {each: Path(getfile(roster.load(each))) for each in roster.names() if each in mentioned}
    facts = {
        "experiment": name,
        "form": form,
        "code": code | package_sources(),
        "baselines": {each: bare(path.read_text(encoding="utf-8")) for each, path in players.items()},
        "metrics": {each: metric.version for each, metric in METRICS.items()},
    }
    looks = form == "full" and "_mnist" in code
    return key_of(facts | {"mnist": looks}), key_of(facts | {"mnist": False})


def code_of(name: str) -> dict[str, str]:
    """Return the code of an experiment, and of what it imports and reads in this package, by the name of the file."""
    code: dict[str, str] = {}
    waiting = [name, "base"]
    while waiting:
        each = waiting.pop()
        code[each] = bare((PACKAGE / f"{each}.py").read_text(encoding="utf-8"))
        tables = [path for path in PACKAGE.glob("*.csv") if path.name in code[each]]
        code |= {path.name: path.read_text(encoding="utf-8") for path in tables}
        waiting += set(re.findall(r"ganbench\.experiments\.(\w+)", code[each])) - {*code, *waiting}
    return code


def observe(name: str, form: Form) -> Observation:
    """Carry out an experiment; whatever goes wrong becomes an observation that says so."""
    experiment, key, began = load(name), key_for(name, form), perf_counter()
    found = Observation(key, name, form.name, "error", Findings({}), {})
    with fixed_arithmetic() as heard:
        try:
            findings = experiment.measure(form)
            verdicts = {claim.name: claim.judge(findings) for claim in experiment.claims}
            found = replace(found, status="done", findings=findings, verdicts=verdicts)
        except Exception as error:  # what an experiment raises is its result, and the others go on
            found = replace(found, reason=in_one_line(error))
    return replace(found, provenance=provenance("cpu", perf_counter() - began, heard))
