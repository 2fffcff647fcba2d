"""What is most likely wrong with an implementation: the known mistake that gives most of its wrong numbers.

A mistake is chosen by computing it: on the inputs of every claim it must give the number that came where the claim
failed, and the right one where the claim passed. What explains too little is not said at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from math import isclose, isfinite
from typing import Any

import numpy as np

from ganbench.conformance.claims import Claim, all_claims
from ganbench.conformance.evaluate import Finding, explained, inputs_of, rounding
from ganbench.conformance.inputs import CHANGES
from ganbench.conformance.mistakes import Mistake, candidates, number_of
from ganbench.metrics import METRICS

SHARE = 0.75  # of the wrong numbers that a main cause must give
LIGHT = 3_000  # numbers in a claim's inputs; those with more are computed for the likeliest mistakes alone
SCREEN = 4  # wrong numbers of which a mistake must give one to be looked at
FIRST = 12  # wrong numbers that are enough to choose the likeliest by


@dataclass(frozen=True)
class Diagnosis:
    """A mistake, how many of the wrong numbers of one metric it gives, and one of them as evidence."""

    metric: str
    says: str
    explains: int
    of: int
    evidence: str
    ids: tuple[str, ...]
    convention: bool = False

    @property
    def line(self) -> str:
        """The diagnosis in one line of words."""
        return f"{self.says}: explains {self.explains} of {self.of} ({self.evidence})"


def examine(findings: Sequence[Finding]) -> tuple[list[Finding], list[Diagnosis]]:
    """Return findings whose reasons are those of the implementation as a whole, and these reasons, the main one first.

    A finding keeps a reason only where it is one of the diagnoses; of a convention it becomes a finding of that level.
    """
    attributed_findings: list[Finding] = list(findings)
    diagnoses: list[Diagnosis] = []
    for metric in dict.fromkeys(finding.metric for finding in findings):
        chosen = of_metric([finding for finding in findings if finding.metric == metric])
        diagnoses += [diagnosis for diagnosis, _ in chosen]
        by_id = {id_: mistake for diagnosis, mistake in reversed(chosen) for id_ in diagnosis.ids}
        attributed_findings = [
            attributed(finding, by_id.get(finding.id)) if finding.metric == metric else finding
            for finding in attributed_findings
        ]
    return attributed_findings, diagnoses


def attributed(finding: Finding, mistake: Mistake | None) -> Finding:
    """Return a finding with the reason that was chosen for it, and without one that was not."""
    if finding.got is None or finding.verdict in {"passed", "global_rng", "skipped"}:
        return finding
    if mistake is not None:
        return explained(finding, mistake)
    if finding.verdict == "convention":  # that was a guess from one number
        claim = known()[finding.id]
        if small := rounding(claim, finding.got - claim.expect, stage(claim.id, False)):
            return replace(finding, verdict="failed", level="numerics", message=small, diagnosis="")
        return replace(finding, verdict="failed", level=claim.level, diagnosis="")
    return replace(finding, diagnosis="") if finding.level in {"value", "invariance"} else finding


def of_metric(findings: Sequence[Finding]) -> list[tuple[Diagnosis, Mistake]]:
    """Choose what explains most of the wrong numbers, then conventions that explain what is left."""
    numbered = [(known()[f.id], f) for f in findings if f.got is not None and known()[f.id].kind != "refuses"]
    wrong = [(claim, finding) for claim, finding in numbered if finding.verdict in {"failed", "convention"}]
    right = [(claim, finding) for claim, finding in numbered if finding.verdict in {"passed", "global_rng"}]
    serious = [(c, f) for c, f in wrong if f.verdict == "convention" or f.level != "numerics"]
    chosen: list[tuple[Diagnosis, Mistake]] = []
    left = serious  # digits that float32 loses need no other reason
    while left:
        best = likeliest(left, right)
        if best is None:
            break
        mistake, explained_ = best
        enough = len(explained_) >= max(1, SHARE * len(left)) or mistake.convention
        if not enough:
            break
        chosen.append((diagnosis_of(mistake, explained_, len(left)), mistake))
        left = [(c, f) for c, f in left if all(f.id != other.id for other, _ in explained_)]
    return chosen


def diagnosis_of(mistake: Mistake, explained_: Sequence[tuple[Claim, Finding]], of: int) -> Diagnosis:
    """Return a diagnosis with the evidence of the number that is farthest from its right one."""
    claim, finding = max(explained_, key=lambda pair: surprise(pair[1]))
    evidence = f"{claim.id}: expected {finding.expected:.7g}, got {finding.got:.7g}"
    ids = tuple(finding.id for _, finding in explained_)
    return Diagnosis(claim.metric, mistake.says, len(explained_), of, evidence, ids, mistake.convention)


def surprise(finding: Finding) -> float:
    """Return how far a number is from the right one, relative to both; values are better evidence than invariances."""
    got, expected = finding.got or 0.0, finding.expected or 0.0
    return abs(got - expected) / (abs(got) + abs(expected) + 1e-300) + ("/invariance-" not in finding.id)


def likeliest(
    wrong: Sequence[tuple[Claim, Finding]], right: Sequence[tuple[Claim, Finding]]
) -> tuple[Mistake, list[tuple[Claim, Finding]]] | None:
    """Return the mistake that gives most of the wrong numbers and no wrong one where the right one came."""
    light = [pair for pair in wrong if cost(pair[0].id) < LIGHT] or list(wrong)
    first, screen = spread(light, FIRST), spread(light, SCREEN)
    ranked: list[tuple[int, int, Mistake]] = []
    for place, mistake in enumerate(candidates(wrong[0][0], stage(wrong[0][0].id, False))):
        if not mistake.convention and not any(gives(mistake, claim, finding) for claim, finding in screen):
            continue  # it cannot explain three quarters
        count = sum(gives(mistake, claim, finding) for claim, finding in first)
        if count:
            ranked.append((-count, place, mistake))
    ranked.sort(key=lambda item: item[:2])
    best: tuple[Mistake, list[tuple[Claim, Finding]]] | None = None
    for count, _, mistake in ranked:
        if best is not None and -count < min(len(best[1]), len(first)):
            break
        if any(refuted(mistake, claim, finding) for claim, finding in right if cost(claim.id) < LIGHT):
            continue
        explained_ = [(claim, finding) for claim, finding in wrong if gives(mistake, claim, finding)]
        if best is None or len(explained_) > len(best[1]):
            best = mistake, explained_
    if best is not None and best[0].after and len(best[1]) == 1 and len(ranked) > 1:
        return None  # one number alone is half, root and more of another
    return best


def spread(items: Sequence[tuple[Claim, Finding]], count: int) -> list[tuple[Claim, Finding]]:
    """Return at most ``count`` of the items, evenly spaced."""
    return [items[i] for i in sorted({round(i) for i in np.linspace(0, len(items) - 1, count)})] if items else []


@cache
def cost(claim_id: str) -> float:
    """Return how many numbers a claim's inputs have, times its repetitions."""
    claim = known()[claim_id]
    sizes = [x.size for x in inputs_of(claim).values() if isinstance(x, np.ndarray)]
    return sum(sizes) * claim.repetitions


def gives(mistake: Mistake, claim: Claim, finding: Finding) -> bool:
    """Whether a mistake gives the number that came for a claim, and for an invariance the one before the change."""
    for changed, observed in observations(claim, finding):
        value = predicted(mistake, claim, changed)
        if value is None:
            return False
        near = number_of(mistake.spread, claim, stage(claim.id, changed)) if mistake.spread else None
        if near is None and not isclose(value, observed, rel_tol=2e-5, abs_tol=1e-12):
            return False
        if near is not None and abs(value - observed) > near:
            return False
    return True


def observations(claim: Claim, finding: Finding) -> list[tuple[bool, float]]:
    """Return the numbers that an implementation gave, and whether each is that of the changed inputs."""
    got = float(finding.got or 0.0)
    if claim.kind != "invariance":
        return [(False, got)]
    if claim.invariance == "identity" and METRICS[claim.metric].spec.ideal is not None:
        return [(True, got)]
    return [(False, float(finding.expected or 0.0)), (True, got)]


@lru_cache(maxsize=256)
def stage(claim_id: str, changed: bool, repetition: int = 0) -> dict[str, Any]:
    """Return the inputs of a claim, or what its invariance makes of them."""
    claim = known()[claim_id]
    inputs = inputs_of(claim, repetition)
    return CHANGES[claim.invariance](inputs) if changed else inputs


@lru_cache(maxsize=4096)
def right_number(claim_id: str, changed: bool, repetition: int = 0) -> float | None:
    """Return the right number for a claim's inputs."""
    claim = known()[claim_id]
    if claim.kind == "value":
        return claim.expect
    right = METRICS[claim.metric]
    return number_of(lambda i, o: float(right(*i.values(), **o)), claim, stage(claim_id, changed, repetition))


def predicted(mistake: Mistake, claim: Claim, changed: bool) -> float | None:
    """Return what a mistake makes of a claim's inputs; of fresh draws, the mean."""
    values = [one_predicted(mistake, claim, changed, i) for i in range(claim.repetitions)]
    return None if None in values else float(np.mean(values))  # type: ignore[arg-type]


def one_predicted(mistake: Mistake, claim: Claim, changed: bool, repetition: int) -> float | None:
    if mistake.after is None:
        return number_of(mistake.value, claim, stage(claim.id, changed, repetition))
    right = right_number(claim.id, changed, repetition)
    try:
        value = None if right is None else mistake.after(right)
    except ArithmeticError:
        return None
    return value if value is not None and isfinite(value) else None


@cache
def known() -> dict[str, Claim]:
    """Return every claim by its id."""
    return {claim.id: claim for claim in all_claims()}


def refuted(mistake: Mistake, claim: Claim, finding: Finding) -> bool:
    """Whether a claim that passed would have failed by this mistake."""
    if claim.kind == "mean" or mistake.spread:
        return False
    values = [predicted(mistake, claim, changed) for changed, _ in observations(claim, finding)]
    if None in values:
        return False
    expected = values[0] if claim.kind == "invariance" and len(values) == 2 else finding.expected
    tolerance = claim.atol + max(claim.rtol, 1e-9) * abs(expected or 0.0)
    error = (values[-1] or 0.0) - (expected or 0.0)
    if abs(error) <= 3 * tolerance:
        return False
    undecided = mistake.convention and claim.kind == "value"  # which side of a border a row is on
    return not (undecided and rounding(claim, error, stage(claim.id, False)))
