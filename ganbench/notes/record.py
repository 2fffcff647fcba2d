"""What an experiment leaves behind: one Observation, one JSON line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

from ganbench._util.machine import fixed_arithmetic, provenance
from ganbench._util.user_code import in_one_line
from ganbench.metrics import METRICS
from ganbench.notes import _standard, load
from ganbench.notes._mnist import at_hand
from ganbench.notes.base import Findings, Form, FormName
from ganbench.notes.claims import about, digest
from ganbench.records.key import key_of
from ganbench.records.record import SCHEMA
from ganbench.runs.source import bare, digest_of, package_sources
from ganbench.training import ENGINE_VERSION, registry

PACKAGE = Path(__file__).parent


@dataclass(frozen=True)
class Observation:
    """A finished experiment: what was measured, the verdicts of the rules that were there then, and where that was.

    Pages judge the findings by the rules of the day; where ``rules`` is another digest than theirs, they say so.
    """

    schema: int
    key: str  # digest of the names and versions that the findings depend on
    experiment: str
    version: int
    form: FormName
    status: Literal["done", "error"]
    findings: Findings
    verdicts: dict[str, str]  # by the name of the claim
    reason: str = ""  # why it failed
    provenance: dict[str, Any] = field(default_factory=dict)
    rules: str = ""  # digest of the rules that were there before the measurement; empty of an older form


def key_for(name: str, form: Form) -> str:
    """Return the key of an experiment's findings, with MNIST where the form finds it."""
    return keys_for(name, form)[0 if at_hand(form) else 1]


def keys_for(name: str, form: Form) -> tuple[str, str]:
    """Return an experiment's keys with MNIST and without: the same for one that never reads it.

    They are digests of its name, its version and that of the training code, and of whatever baseline or metric that it
    mentions has a later version than its first; of one that reads results, of these too. No source text is part of
    them.
    """
    code = code_of(name)
    mentioned = {word for text in code.values() for word in re.findall(r"[\"'](\w+)(?::\w+)?[\"']", text)}
    facts = {
        "experiment": name,
        "version": load(name).version,
        "form": form.name,
        "engine": ENGINE_VERSION,
        "raised": {each: version for each, version in versions(mentioned).items() if version > 1},
    }
    if reads_results(name):
        facts["results"] = _standard.digest(form)
    reads_mnist = form.name == "full" and "_mnist" in code
    return key_of(facts | {"mnist": reads_mnist}), key_of(facts | {"mnist": False})


def reads_results(name: str) -> bool:
    """Whether an experiment measures nothing itself but reads the results of a suite."""
    return "_standard" in code_of(name)


def versions(names: set[str]) -> dict[str, int]:
    """Return the versions of the baselines and metrics among ``names``."""
    baselines = {name: registry.load(name).version for name in registry.names() if name in names}
    return baselines | {name: metric.spec.version for name, metric in METRICS.items() if name in names}


def source_of(name: str) -> str:
    """Return the digest of an experiment's code and of the training code, which only informs."""
    return digest_of("".join(f"{each} {code}" for each, code in sorted((code_of(name) | package_sources()).items())))


def code_of(name: str) -> dict[str, str]:
    """Return the code of an experiment, and of what it imports and reads in this package, by the name of the file."""
    code: dict[str, str] = {}
    waiting = [name, "base"]
    while waiting:
        each = waiting.pop()
        code[each] = bare((PACKAGE / f"{each}.py").read_text(encoding="utf-8"))
        tables = [path for path in PACKAGE.glob("*.csv") if path.name in code[each]]
        code |= {path.name: path.read_text(encoding="utf-8") for path in tables}
        waiting += set(re.findall(r"ganbench\.notes\.(\w+)", code[each])) - {*code, *waiting}
    return code


def observe(name: str, form: Form) -> Observation:
    """Carry out an experiment; whatever goes wrong becomes an observation that says so."""
    experiment, key, began = load(name), key_for(name, form), perf_counter()
    result = Observation(
        SCHEMA, key, name, experiment.version, form.name, "error", Findings({}), {}, rules=digest(name)
    )
    with fixed_arithmetic() as heard:
        try:
            findings = experiment.measure(form)
            verdicts: dict[str, str] = {claim.name: claim.judge(findings) for claim in about(name)}
            result = replace(result, status="done", findings=findings, verdicts=verdicts)
        except Exception as error:  # what an experiment raises is its result, and the others go on
            result = replace(result, reason=in_one_line(error))
    made = provenance("cpu", perf_counter() - began, heard)
    return replace(result, provenance=made | {"source": source_of(name)})
