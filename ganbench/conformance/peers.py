"""A comparison of other libraries: every claim about every metric that they have, as a table and as records."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from re import sub

from ganbench._util.files import write_atomically
from ganbench.conformance.adapters import PEERS, Peer
from ganbench.conformance.claims import LEVELS, Claim, all_claims
from ganbench.conformance.diagnosis import examine
from ganbench.conformance.evaluate import Finding
from ganbench.conformance.output import WRONG, Outcome, cell
from ganbench.conformance.runner import Request, run_claims
from ganbench.errors import RequestError

DEPENDENCIES = ("torch", "numpy", "scipy", "scikit-learn")
TRANSIENT = {"seconds", "trace", "printed"}  # differ between equal runs
HEAD = """# Other libraries, claim by claim

Made by `ganbench check --peers`: features or logits go straight into each library's own functions, KID takes one subset
of all rows, and blocks are not shuffled where the library leaves the choice. What a claim expects is a closed form, an
invariance, or 40-digit arithmetic on the same rows; our own metrics pass all of them.

Levels: *value* is another number, *invariance* one that follows what it should not; both fail `ganbench check` by
default. *Numerics* are lost digits, *input* is bad input that is scored or unusual input that is not, *convention* an
open choice or a draw from the global random state.

**Bold** fails the claim; the last table says how far off it is, and why. *Italic* is a convention. (g) is right, but
draws from the global random state. A dash was skipped. `yes`: the invariance holds, or bad input is refused.
"""


@dataclass(frozen=True)
class Comparison:
    """The versions of the libraries that were checked, those left out with the reason, and (library, finding)."""

    versions: dict[str, str]
    skipped: dict[str, str]
    findings: tuple[tuple[str, Finding], ...]


def compare(claims: Sequence[Claim], timeout: float, peers: Sequence[Peer] = PEERS) -> Comparison:
    """Evaluate the claims for every peer that can be imported."""
    versions: dict[str, str] = {}
    skipped: dict[str, str] = {}
    findings: list[tuple[str, Finding]] = []
    for peer in peers:
        if not peer.version:
            skipped[peer.name] = "it is not installed"
            continue
        try:
            concerned = [claim for claim in claims if claim.metric in peer.metrics]
            raw = list(run_claims(concerned, Request(peer=peer.name, timeout=timeout)))
            findings += [(peer.name, finding) for finding in examine(raw)[0]]
            versions[peer.name] = peer.version
        except RequestError as error:
            skipped[peer.name] = str(error)
    return Comparison(versions, skipped, tuple(findings))


def save(made: Comparison, folder: Path) -> list[Path]:
    """Write the comparison as a table and as records; return their paths."""
    dependencies = {name: version(name) for name in DEPENDENCIES}
    rows = [
        {"peer": peer, "version": made.versions[peer]}
        | {name: value for name, value in asdict(finding).items() if name not in TRANSIENT}
        for peer, finding in made.findings
    ]
    content = {"versions": made.versions | dependencies, "skipped": made.skipped, "findings": rows}
    texts = {"table.md": table(made), "findings.json": json.dumps(content, indent=1) + "\n"}
    for name, text in texts.items():
        write_atomically(folder / name, text.encode())
    return [folder / name for name in texts]


def table(made: Comparison) -> str:
    """Return Markdown: the versions, an overview, a table for each metric, and what each difference is."""
    checked = ", ".join(f"{name} {number}" for name, number in made.versions.items())
    dependencies = ", ".join(f"{name} {version(name)}" for name in DEPENDENCIES)
    parts = [HEAD, f"{checked or 'No library was checked'}; with {dependencies}.\n"]
    parts += [f"Left out: {name} ({why}).\n" for name, why in made.skipped.items()]
    parts += [
        overview(made),
        *(of_metric(made, name) for name in dict.fromkeys(f.metric for _, f in made.findings)),
        differences(made),
    ]
    return "\n".join(parts)


def overview(made: Comparison) -> str:
    """Return how many claims passed, and what is wrong at which level, by peer and metric."""
    rows: list[tuple[str, ...]] = [("peer", "metric", "claims", "passed", *LEVELS, "skipped", "passes by default")]
    for key in dict.fromkeys((peer, finding.metric) for peer, finding in made.findings):
        findings = [finding for peer, finding in made.findings if (peer, finding.metric) == key]
        passed, left_out = (sum(f.verdict == verdict for f in findings) for verdict in ("passed", "skipped"))
        wrong = [sum(f.verdict in WRONG and f.level == level for f in findings) for level in LEVELS]
        verdict = "yes" if Outcome(findings).passed else "no"
        rows.append((*key, str(len(findings)), str(passed), *map(str, wrong), str(left_out), verdict))
    return grid(rows)


def of_metric(made: Comparison, metric: str) -> str:
    """Return a metric's table: a row for each claim, a column for each peer."""
    findings = {(peer, f.id): f for peer, f in made.findings if f.metric == metric}
    peers = [peer for peer in made.versions if any(key[0] == peer for key in findings)]
    rows: list[tuple[str, ...]] = [("claim", "expected", *peers)]
    for claim in all_claims():
        if any(key[1] == claim.id for key in findings):
            expected = f"{claim.expect:.7g}" if claim.kind in {"value", "mean"} else ""
            answers = [entry(findings.get((peer, claim.id)), claim) for peer in peers]
            rows.append((f"{claim.id.split('/')[1]}: {claim.says}", expected, *answers))
    return f"## {metric}\n\n{grid(rows)}"


def entry(finding: Finding | None, claim: Claim) -> str:
    """Return what a peer answered, marked with its verdict."""
    if finding is None or finding.verdict == "skipped":
        return "-"
    text = answer_of(finding, claim)
    return {"failed": f"**{text}**", "convention": f"*{text}*", "global_rng": f"{text} (g)"}.get(finding.verdict, text)


def answer_of(finding: Finding, claim: Claim) -> str:
    """Return the number that came, or what came instead of one."""
    right = finding.verdict in {"passed", "global_rng"}
    if claim.kind == "refuses" or (claim.kind == "invariance" and right):
        return "yes" if right else finding.message.rpartition("got ")[2].partition(";")[0]
    if finding.got is None:
        return finding.message.partition(":")[0].replace("expected a finite number, got ", "").partition(";")[0]
    return f"{finding.expected:.7g} becomes {finding.got:.7g}" if claim.kind == "invariance" else f"{finding.got:.7g}"


def differences(made: Comparison) -> str:
    """Return what each difference is, how large it gets, and the claims that show it."""
    groups: dict[tuple[str, str, str, str], list[Finding]] = {}
    for peer, finding in made.findings:
        if finding.verdict != "passed":
            level: str = "skipped" if finding.verdict == "skipped" else finding.level
            groups.setdefault((peer, finding.metric, level, reason(finding)), []).append(finding)
    rows = [("peer", "version", "metric", "level", "what it is", "off by", "claims")]
    for (peer, metric, kind, why), findings in groups.items():
        shown = ", ".join(finding.id.split("/")[1] for finding in findings)
        rows.append((peer, made.versions[peer], metric, kind, why, largest(findings), shown))
    return f"## What each difference is\n\n{grid(rows)}"


def largest(findings: Sequence[Finding]) -> str:
    """Return the largest difference as a part of what was expected, where that is not zero."""
    off = [
        abs(f.got / f.expected - 1) for f in findings if f.got is not None and f.expected and f.verdict != "global_rng"
    ]
    return f"{max(off):.1g}" if off else ""


def reason(finding: Finding) -> str:
    """Return the likely cause, or what the peer said without its numbers, so that equal causes meet."""
    if finding.verdict == "global_rng":
        return finding.message.rpartition("; ")[2]
    message = finding.message.partition("; draws from")[0]
    if finding.level == "numerics" and finding.got is not None and "float32 arithmetic may lose" in message:
        return "digits are lost, no more than float32 arithmetic may"
    if message.startswith(("raises", "refused")):
        return sub(r"\d+", "n", message.removesuffix(": "))
    if message.startswith("expected an error") and not finding.diagnosis:
        return "no error for bad input"
    return finding.diagnosis or message.partition(", got ")[0] or "no classic mistake gives this number"


def grid(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a Markdown table, the first of them its head."""
    lines = ["| " + " | ".join(cell(text) for text in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]) + "\n"
