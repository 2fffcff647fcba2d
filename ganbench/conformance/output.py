"""Findings as text, JSON, Markdown, annotations of a hosted build, JUnit XML and SARIF."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET  # only written here, never parsed

from ganbench.conformance.claims import FAIL_ON, LEVELS
from ganbench.conformance.diagnosis import Diagnosis
from ganbench.conformance.evaluate import Finding, Verdict
from ganbench.conformance.place import Place

MARKS = {
    "passed": "passed",
    "global_rng": "GLOBAL RNG",
    "convention": "CONVENTION",
    "failed": "FAILED",
    "skipped": "skipped",
}
WRONG: set[Verdict] = {"global_rng", "failed", "convention"}
WORDS = {
    "value": "wrong values",
    "invariance": "follow what they should not",
    "numerics": "lose digits",
    "input": "about input",
    "convention": "conventions",
}


@dataclass(frozen=True)
class Outcome:
    """All findings about an implementation, the reasons that explain them, and the levels that make it fail.

    ``place`` is where the implementation is written, for forms that point there.
    """

    findings: Sequence[Finding]
    diagnoses: Sequence[Diagnosis] = ()
    fail_on: Sequence[str] = FAIL_ON
    place: Place | None = None

    @property
    def passed(self) -> bool:
        """Whether at least one claim passed and nothing is wrong at a level that counts."""
        return any(f.verdict in {"passed", "global_rng"} for f in self.findings) and not any(
            map(self.counts, self.findings)
        )

    def counts(self, finding: Finding) -> bool:
        """Whether a finding is a fault of a level that counts."""
        return finding.verdict in WRONG and finding.level in self.fail_on


def summary(outcome: Outcome) -> str:
    """How many claims passed, and how many did not at each level, in one line."""
    findings = outcome.findings
    wrong = Counter(finding.level for finding in findings if finding.verdict in WRONG)
    passed = sum(finding.verdict == "passed" for finding in findings)
    skipped = sum(finding.verdict == "skipped" for finding in findings)
    parts = [f"{passed} passed"] if passed else []
    parts += [f"{wrong[level]} {WORDS[level]}" for level in LEVELS if wrong[level]]
    parts += [f"{skipped} skipped"] if skipped else []
    claims, metrics = len(findings), len({finding.metric for finding in findings})
    return f"{claims} claim{'s' * (claims != 1)} about {metrics} metric{'s' * (metrics != 1)}: {', '.join(parts)}"


def verdict_of(outcome: Outcome) -> str:
    """The verdict in one line: whether it passes, and by which levels."""
    if outcome.passed:
        return f"passes ({' and '.join(outcome.fail_on) or 'nothing'} counted)"
    return f"does not pass ({' and '.join(outcome.fail_on) or 'nothing'} counted)"


def reasons(outcome: Outcome) -> list[str]:
    """The diagnoses, one a line and the main one first; where nothing explains the faults, that is said."""
    main = [d for d in outcome.diagnoses if not d.convention]
    lines = [f"most likely {main[0].line}"] if main else []
    lines += [f"also {each.line}" for each in main[1:]]
    lines += [f"convention: {each.line}" for each in outcome.diagnoses if each.convention]
    if not main and any(f.got is not None for f in outcome.findings if outcome.counts(f)):
        lines.append("no known mistake explains the wrong numbers")
    return lines


def as_text(outcome: Outcome, verbose: bool = False) -> str:
    """The reason first, then a line per claim that did not pass, worst level first, and the summary.

    Where everything that failed does not count, its claims are named by level; ``verbose`` shows every claim with
    traces and prints.
    """
    lines = reasons(outcome)
    explained = {id_: each.says for each in outcome.diagnoses for id_ in each.ids}
    ranked = sorted(outcome.findings, key=lambda f: LEVELS.index(f.level)) if not verbose else outcome.findings
    for finding in ranked:
        if verbose or outcome.counts(finding):
            shown = finding if verbose else without(finding, explained)
            mark = finding.level.upper() if finding.verdict in WRONG else MARKS[finding.verdict]
            lines.append(f"{mark:10}  {shown.line}")
        if verbose and (extra := "\n".join(filter(None, [finding.printed, finding.trace]))):
            lines += [f"            | {line}" for line in extra.splitlines()]
    lines += [] if verbose else [*mild(outcome), *skipped(outcome.findings)]
    printed = sum(bool(finding.printed) for finding in outcome.findings)
    lines += [f"note: printed something in {printed} claims; --verbose shows it"] if printed and not verbose else []
    return "\n".join([*lines, f"{summary(outcome)}; {verdict_of(outcome)}"]) + "\n"


def without(finding: Finding, explained: Mapping[str, str]) -> Finding:
    """Return a finding without the reason that the first lines give, or that is only a guess."""
    return replace(finding, diagnosis="") if finding.got is not None or finding.id in explained else finding


def mild(outcome: Outcome) -> list[str]:
    """Name what is wrong at levels that do not count: a line for each level and message."""
    groups: dict[tuple[str, str], list[str]] = {}
    for finding in outcome.findings:
        if finding.verdict in WRONG and not outcome.counts(finding):
            groups.setdefault((finding.level, gist(finding)), []).append(finding.id.partition("/")[2])
    return [f"{level:10}  {what}: {', '.join(ids)}" for (level, what), ids in groups.items()]


def gist(finding: Finding) -> str:
    """What is the matter with a finding that does not count, without its numbers, so that equal matters meet."""
    if finding.level == "numerics" and finding.got is not None:
        return "digits are lost that float64 arithmetic keeps"
    if finding.verdict == "global_rng":
        return finding.message
    if finding.message.startswith("expected an error"):
        return "input without a value is not refused"
    return finding.diagnosis or finding.message.partition(": ")[0] or "another number"


def skipped(findings: Sequence[Finding]) -> list[str]:
    """Say why claims were skipped: a line for each reason."""
    groups: dict[str, list[str]] = {}
    for finding in findings:
        if finding.verdict == "skipped":
            groups.setdefault(finding.message, []).append(finding.id.partition("/")[2])
    return [f"{'skipped':10}  {why}: {', '.join(ids)}" for why, ids in groups.items()]


def as_json(outcome: Outcome, _verbose: bool = False) -> str:
    """All findings and diagnoses as JSON, and whether it passed."""
    content = {
        "passed": outcome.passed,
        "fail_on": list(outcome.fail_on),
        "diagnoses": [asdict(each) for each in outcome.diagnoses],
        "findings": [asdict(each) for each in outcome.findings],
    }
    return json.dumps(content, indent=1) + "\n"


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def as_markdown(outcome: Outcome, verbose: bool = False) -> str:
    """The reasons, and a table of the claims that did not pass (verbose: of all)."""
    shown = [f for f in outcome.findings if verbose or f.verdict != "passed"]
    rows = [
        f"| {cell(f.id)} | {f.level if f.verdict in WRONG else MARKS[f.verdict]} | {digits(f.expected)} | "
        f"{digits(f.got)} | {cell('; '.join(filter(None, [f.message, f.diagnosis])))} |"
        for f in shown
    ]
    head = ["| claim | level | expected | got | why |", "|---|---|---|---|---|"]
    lines = [*(f"{cell(line)}\n" for line in reasons(outcome)), *(head if rows else []), *rows, *([""] if rows else [])]
    return "\n".join([*lines, f"{summary(outcome)}; {verdict_of(outcome)}"]) + "\n"


def digits(value: float | None) -> str:
    return "" if value is None else f"{value:.9g}"


def escaped(text: str, also: str = "") -> str:
    """Percent-encode what ends an annotation's message, or one of its properties (``also``)."""
    for sign in "%\r\n" + also:
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text


def as_github(outcome: Outcome, _verbose: bool = False) -> str:
    """An error per fault that counts, a warning per other, notices for the reasons and the summary."""
    place = outcome.place
    there = f"file={escaped(place.path, ':,')},line={place.line}," if place else ""
    lines = [
        f"::{'error' if outcome.counts(f) else 'warning'} {there}title={escaped(f.id, ':,')}::{escaped(f.line)}"
        for f in outcome.findings
        if f.verdict in WRONG
    ]
    said = [*reasons(outcome), f"{summary(outcome)}; {verdict_of(outcome)}"]
    return "\n".join([*lines, *(f"::notice title=ganbench check::{escaped(line)}" for line in said)]) + "\n"


def legal(text: str) -> str:
    """Leave out the characters that XML cannot hold."""
    return "".join(
        c for c in text if c in "\t\n\r" or "\x20" <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff"
    )


def as_junit(outcome: Outcome, _verbose: bool = False) -> str:
    """JUnit XML: a suite with a case per claim; what counts is a failure, what does not is written beside its case."""
    findings = outcome.findings
    failed = sum(map(outcome.counts, findings))
    left_out = sum(f.verdict == "skipped" for f in findings)
    seconds = f"{sum(f.seconds for f in findings):.3f}"
    totals = {"tests": str(len(findings)), "failures": str(failed), "errors": "0"}
    root = ET.Element("testsuites", totals | {"time": seconds})
    suite = ET.SubElement(
        root, "testsuite", totals | {"name": "ganbench check", "skipped": str(left_out), "time": seconds}
    )
    for f in findings:
        case = ET.SubElement(
            suite, "testcase", {"classname": f.metric, "name": f.id.split("/")[1], "time": f"{f.seconds:.3f}"}
        )
        if outcome.counts(f):
            ET.SubElement(case, "failure", {"type": f.level, "message": legal(f.line)}).text = legal(f.trace)
        elif f.verdict == "skipped":
            ET.SubElement(case, "skipped", {"message": legal(f.message)})
        mild_line = f"{f.level}: {f.line}" if f.verdict in WRONG and not outcome.counts(f) else ""
        if said := "\n".join(filter(None, [mild_line, f.printed])):
            ET.SubElement(case, "system-out").text = legal(said)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def as_sarif(outcome: Outcome, _verbose: bool = False) -> str:
    """SARIF 2.1.0: a rule per claim, a result per fault, an error where it counts and a note where it does not.

    Each result points at the implementation's first line, without which code scanning shows none.
    """
    wrong = [f for f in outcome.findings if f.verdict in WRONG]
    rules = [{"id": f.id, "shortDescription": {"text": f.says}, "properties": {"level": f.level}} for f in wrong]
    results = [
        {
            "ruleId": f.id,
            "ruleIndex": index,
            "level": "error" if outcome.counts(f) else "note",
            "message": {"text": f.line},
            "locations": [location(outcome.place, f)],
        }
        for index, f in enumerate(wrong)
    ]
    driver = {"name": "ganbench check", "version": version("ganbench"), "rules": rules}
    said = [{"level": "note", "message": {"text": line}} for line in reasons(outcome)]
    invocation = {"executionSuccessful": True, "toolExecutionNotifications": said}
    run = {"tool": {"driver": driver}, "invocations": [invocation], "results": results}
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def location(place: Place | None, finding: Finding) -> dict[str, Any]:
    """Return where a result belongs: the claim, and the place of the implementation where there is one."""
    claim = {"name": finding.metric, "fullyQualifiedName": finding.id, "kind": "function"}
    if place is None:
        return {"logicalLocations": [claim]}
    artifact = {"artifactLocation": {"uri": uri(place.path)}, "region": {"startLine": place.line}}
    return {"physicalLocation": artifact, "logicalLocations": [claim]}


def uri(path: str) -> str:
    """Return a path as SARIF has it: relative to the checkout, or a whole address."""
    return Path(path).as_uri() if Path(path).is_absolute() else quote(path)


FORMS: dict[str, Callable[[Outcome, bool], str]] = {
    "text": as_text,
    "json": as_json,
    "markdown": as_markdown,
    "github": as_github,
    "junit": as_junit,
    "sarif": as_sarif,
}
