"""Findings as text, JSON, Markdown, annotations of a hosted build, and JUnit XML."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from xml.etree import ElementTree as ET  # only written here, never parsed

from ganbench.conformance.evaluate import Finding, Verdict

MARKS = {
    "passed": "passed",
    "global_rng": "GLOBAL RNG",
    "convention": "CONVENTION",
    "failed": "FAILED",
    "skipped": "skipped",
}
WRONG: set[Verdict] = {"global_rng", "failed", "convention"}


def summary(findings: Sequence[Finding]) -> str:
    """How many claims passed and how many did not, in one line."""
    counts = Counter(finding.verdict for finding in findings)
    words = {
        "passed": "passed",
        "global_rng": "drew from the global random state",
        "failed": "failed",
        "convention": "differ by convention",
        "skipped": "skipped",
    }
    parts = ", ".join(f"{counts[verdict]} {word}" for verdict, word in words.items() if counts[verdict])  # type: ignore[index]
    claims, metrics = len(findings), len({finding.metric for finding in findings})
    return f"{claims} claim{'s' * (claims != 1)} about {metrics} metric{'s' * (metrics != 1)}: {parts}"


def all_passed(findings: Sequence[Finding]) -> bool:
    """Whether at least one claim passed and none failed or differed."""
    verdicts = {finding.verdict for finding in findings}
    return "passed" in verdicts and not verdicts & WRONG


def as_text(findings: Sequence[Finding], verbose: bool = False) -> str:
    """One line per claim that did not pass (verbose: per claim, with traces and prints), and the summary."""
    lines: list[str] = []
    for finding in findings:
        if verbose or finding.verdict != "passed":
            lines.append(f"{MARKS[finding.verdict]:10}  {finding.line}")
        if verbose and (extra := "\n".join(filter(None, [finding.printed, finding.trace]))):
            lines += [f"            | {line}" for line in extra.splitlines()]
    printed = sum(bool(finding.printed) for finding in findings)
    lines += [f"note: printed something in {printed} claims; --verbose shows it"] if printed and not verbose else []
    return "\n".join([*lines, summary(findings)]) + "\n"


def as_json(findings: Sequence[Finding], _verbose: bool = False) -> str:
    """All findings as JSON, and whether all passed."""
    return json.dumps({"passed": all_passed(findings), "findings": [asdict(f) for f in findings]}, indent=1) + "\n"


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def as_markdown(findings: Sequence[Finding], verbose: bool = False) -> str:
    """A table of the claims that did not pass (verbose: of all)."""
    shown = [f for f in findings if verbose or f.verdict != "passed"]
    rows = [
        f"| {cell(f.id)} | {MARKS[f.verdict]} | {digits(f.expected)} | {digits(f.got)} | "
        f"{cell('; '.join(filter(None, [f.message, f.diagnosis])))} |"
        for f in shown
    ]
    head = ["| claim | verdict | expected | got | why |", "|---|---|---|---|---|"]
    return "\n".join([*(head if rows else []), *rows, *([""] if rows else []), summary(findings)]) + "\n"


def digits(value: float | None) -> str:
    return "" if value is None else f"{value:.9g}"


def escaped(text: str, also: str = "") -> str:
    """Percent-encode what ends an annotation's message, or one of its properties (``also``)."""
    for sign in "%\r\n" + also:
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text


def as_github(findings: Sequence[Finding], _verbose: bool = False) -> str:
    """An error per failed claim, a warning per convention, a notice for the summary."""
    kinds = {"failed": "error", "global_rng": "error", "convention": "warning"}
    lines = [
        f"::{kinds[f.verdict]} title={escaped(f.id, ':,')}::{escaped(f.line)}" for f in findings if f.verdict in kinds
    ]
    return "\n".join([*lines, f"::notice title=ganbench check::{escaped(summary(findings))}"]) + "\n"


def legal(text: str) -> str:
    """Leave out the characters that XML cannot hold."""
    return "".join(
        c for c in text if c in "\t\n\r" or "\x20" <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff"
    )


def as_junit(findings: Sequence[Finding]) -> str:
    """JUnit XML: a suite with a case per claim, failures with their line."""
    failed = sum(f.verdict in WRONG for f in findings)
    skipped = sum(f.verdict == "skipped" for f in findings)
    seconds = f"{sum(f.seconds for f in findings):.3f}"
    totals = {"tests": str(len(findings)), "failures": str(failed), "errors": "0"}
    root = ET.Element("testsuites", totals | {"time": seconds})
    suite = ET.SubElement(
        root, "testsuite", totals | {"name": "ganbench check", "skipped": str(skipped), "time": seconds}
    )
    for f in findings:
        case = ET.SubElement(
            suite, "testcase", {"classname": f.metric, "name": f.id.split("/")[1], "time": f"{f.seconds:.3f}"}
        )
        if f.verdict in WRONG:
            ET.SubElement(case, "failure", {"type": f.verdict, "message": legal(f.line)}).text = legal(f.trace)
        elif f.verdict == "skipped":
            ET.SubElement(case, "skipped", {"message": legal(f.message)})
        if f.printed:
            ET.SubElement(case, "system-out").text = legal(f.printed)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


FORMS: dict[str, Callable[[Sequence[Finding], bool], str]] = {
    "text": as_text,
    "json": as_json,
    "markdown": as_markdown,
    "github": as_github,
}
