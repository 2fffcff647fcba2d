"""The report card of other libraries: every claim about every metric that they have, told as facts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from re import sub

from ganbench.check.adapters import PEERS, Peer
from ganbench.check.claims import Claim, all_claims
from ganbench.check.cross import examined
from ganbench.check.judge import Finding
from ganbench.check.jury import Request, hear
from ganbench.errors import RequestError
from ganbench.files import write_atomically

BESIDE = ("torch", "numpy", "scipy", "scikit-learn")
PASSING = {"seconds", "trace", "printed"}  # differs between equal runs
HEAD = """# Other libraries, claim by claim

Made by `ganbench check --peers`: features or logits go straight into each library's own functions, KID takes one subset
of all rows, and blocks are not shuffled where the library leaves the choice. What a claim expects is a closed form, a
law, or 40-digit arithmetic on the same rows; our own metrics hold all of them.

**Bold** fails the claim; how far off it is, and why, is told at the end. *Italic* is an openly different convention,
no fault. (g) is right, but draws from the global random state. A dash could not be asked. `yes`: the law holds, or bad
input is refused.
"""


@dataclass(frozen=True)
class Card:
    """Which versions were heard, which libraries could not be and why, and what was found of whom."""

    versions: dict[str, str]
    skipped: dict[str, str]
    findings: tuple[tuple[str, Finding], ...]


def card(claims: Sequence[Claim], timeout: float, peers: Sequence[Peer] = PEERS) -> Card:
    """Put the claims to every peer that can be imported."""
    versions: dict[str, str] = {}
    skipped: dict[str, str] = {}
    found: list[tuple[str, Finding]] = []
    for peer in peers:
        asked = [claim for claim in claims if claim.metric in peer.metrics]
        if not peer.version:
            skipped[peer.name] = "it is not installed"
            continue
        try:
            heard = list(hear(asked, Request(peer=peer.name, timeout=timeout)))
            found += [(peer.name, finding) for finding in examined(heard)]
            versions[peer.name] = peer.version
        except RequestError as error:
            skipped[peer.name] = str(error)
    return Card(versions, skipped, tuple(found))


def save(made: Card, folder: Path) -> list[Path]:
    """Write the card as a table and as records; return their paths."""
    around = {name: version(name) for name in BESIDE}
    told = [
        {"peer": peer, "version": made.versions[peer]}
        | {name: value for name, value in asdict(finding).items() if name not in PASSING}
        for peer, finding in made.findings
    ]
    content = {"versions": made.versions | around, "skipped": made.skipped, "findings": told}
    texts = {"table.md": table(made), "findings.json": json.dumps(content, indent=1) + "\n"}
    for name, text in texts.items():
        write_atomically(folder / name, text.encode())
    return [folder / name for name in texts]


def table(made: Card) -> str:
    """Return the card as Markdown: what was heard, a table for each metric, and what each difference is."""
    heard = ", ".join(f"{name} {number}" for name, number in made.versions.items())
    around = ", ".join(f"{name} {version(name)}" for name in BESIDE)
    parts = [HEAD, f"{heard or 'None was heard'}; with {around}.\n"]
    parts += [f"Not heard: {name} ({why}).\n" for name, why in made.skipped.items()]
    parts += [
        overview(made),
        *(of_metric(made, name) for name in dict.fromkeys(f.metric for _, f in made.findings)),
        differences(made),
    ]
    return "\n".join(parts)


def overview(made: Card) -> str:
    """Return how many claims held, by peer and metric."""
    rows: list[tuple[str, ...]] = [
        ("peer", "metric", "claims", "held", "of global state", "convention", "failed", "not asked")
    ]
    for key in dict.fromkeys((peer, finding.metric) for peer, finding in made.findings):
        verdicts = [finding.verdict for peer, finding in made.findings if (peer, finding.metric) == key]
        counts = [verdicts.count(name) for name in ("held", "impure", "convention", "failed", "unasked")]
        rows.append((*key, str(len(verdicts)), *map(str, counts)))
    return grid(rows)


def of_metric(made: Card, metric: str) -> str:
    """Return a metric's table: a row for each claim, a column for each peer."""
    found = {(peer, f.id): f for peer, f in made.findings if f.metric == metric}
    peers = [peer for peer in made.versions if any(key[0] == peer for key in found)]
    rows: list[tuple[str, ...]] = [("claim", "expected", *peers)]
    for claim in all_claims():
        if any(key[1] == claim.id for key in found):
            expected = f"{claim.expect:.7g}" if claim.kind in {"value", "mean"} else ""
            answers = [entry(found.get((peer, claim.id)), claim) for peer in peers]
            rows.append((f"{claim.id.split('/')[1]}: {claim.says}", expected, *answers))
    return f"## {metric}\n\n{grid(rows)}"


def entry(finding: Finding | None, claim: Claim) -> str:
    """Return what a peer answered, marked with its verdict."""
    if finding is None or finding.verdict == "unasked":
        return "-"
    text = answered(finding, claim)
    return {"failed": f"**{text}**", "convention": f"*{text}*", "impure": f"{text} (g)"}.get(finding.verdict, text)


def answered(finding: Finding, claim: Claim) -> str:
    """Return the number that came, or what came instead of one."""
    right = finding.verdict in {"held", "impure"}
    if claim.kind == "refuses" or (claim.kind == "law" and right):
        return "yes" if right else finding.message.rpartition("got ")[2].partition(";")[0]
    if finding.got is None:
        return finding.message.partition(":")[0].replace("expected a finite number, got ", "").partition(";")[0]
    return f"{finding.expected:.7g} becomes {finding.got:.7g}" if claim.kind == "law" else f"{finding.got:.7g}"


def differences(made: Card) -> str:
    """Return what each difference is, how large it gets, and the claims that show it."""
    groups: dict[tuple[str, str, str, str], list[Finding]] = {}
    for peer, finding in made.findings:
        if finding.verdict != "held":
            groups.setdefault((peer, finding.metric, finding.verdict, reason(finding)), []).append(finding)
    rows = [("peer", "version", "metric", "verdict", "what it is", "off by", "claims")]
    for (peer, metric, verdict, why), findings in groups.items():
        shown = ", ".join(finding.id.split("/")[1] for finding in findings)
        rows.append((peer, made.versions[peer], metric, words(verdict), why, largest(findings), shown))
    return f"## What each difference is\n\n{grid(rows)}"


def largest(findings: Sequence[Finding]) -> str:
    """Return the largest difference as a part of what was expected, where that is not zero."""
    off = [abs(f.got / f.expected - 1) for f in findings if f.got is not None and f.expected and f.verdict != "impure"]
    return f"{max(off):.1g}" if off else ""


def words(verdict: str) -> str:
    return {"impure": "of global state", "unasked": "not asked"}.get(verdict, verdict)


def reason(finding: Finding) -> str:
    """Return the likely cause, or what the peer said without its numbers, so that equal causes meet."""
    if finding.verdict == "impure":
        return finding.message.rpartition("; ")[2]
    said = finding.message.partition("; draws from")[0]
    if said.startswith(("raises", "refused")):
        return sub(r"\d+", "n", said.removesuffix(": "))
    if said.startswith("an error was due") and not finding.diagnosis:
        return "no error for bad input"
    return finding.diagnosis or said.partition(", got ")[0] or "no classic mistake gives this number"


def grid(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a Markdown table, the first of them its head."""

    def lines() -> Iterator[str]:
        for number, row in enumerate(rows):
            yield "| " + " | ".join(text.replace("|", "\\|").replace("\n", " ") for text in row) + " |"
            if not number:
                yield "|" + "---|" * len(row)

    return "\n".join(lines()) + "\n"
