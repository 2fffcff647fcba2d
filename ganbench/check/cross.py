"""Cross-examination: a mistake that other claims would have shown explains nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ganbench.check.claims import Claim, all_claims
from ganbench.check.judge import Finding, inputs_of
from ganbench.check.mistakes import Mistake, candidates, gives, number_of


def examined(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings of one implementation whose diagnoses agree with everything else that was found of it."""
    known = {claim.id: claim for claim in all_claims()}
    values = [(known[f.id], f) for f in findings if known[f.id].kind == "value"]
    right = [claim for claim, finding in values if finding.verdict in {"held", "impure"}]
    wrong = [(c, f.got) for c, f in values if f.verdict in {"failed", "convention"} and f.got is not None]
    return [anew(known[finding.id], finding, right, wrong) for finding in findings]


def anew(claim: Claim, finding: Finding, right: Sequence[Claim], wrong: Sequence[tuple[Claim, float]]) -> Finding:
    """Diagnose a wrong number again: the mistake that explains most of the wrong ones and that no right one refutes."""
    if finding.got is None or not any(other.id == claim.id for other, _ in wrong):
        return finding
    inputs = inputs_of(claim)
    held = [other for other in right if other.metric == claim.metric]
    fitting = [mistake for mistake in candidates(claim, inputs) if gives(mistake, claim, finding.got, inputs)]
    fitting = [mistake for mistake in fitting if not any(refutes(other, mistake) for other in held)]
    if not fitting:
        return replace(finding, verdict="failed", diagnosis=claim.hint)
    about = [(other, got) for other, got in wrong if other.metric == claim.metric]
    best = max(fitting, key=lambda mistake: sum(explains(other, got, mistake) for other, got in about))
    return replace(finding, verdict="convention" if best.convention else "failed", diagnosis=best.says)


def explains(claim: Claim, got: float, mistake: Mistake) -> bool:
    """Whether the mistake, asked about another claim, gives its wrong number too."""
    inputs = inputs_of(claim)
    return any(same.says == mistake.says and gives(same, claim, got, inputs) for same in candidates(claim, inputs))


def refutes(claim: Claim, mistake: Mistake) -> bool:
    """Whether a claim that held would have failed by this mistake."""
    inputs = inputs_of(claim)
    for same in candidates(claim, inputs):
        if same.says == mistake.says:
            value = number_of(same.value, claim, inputs)
            return value is not None and not claim.allows(value) and not gives(same, claim, claim.expect, inputs)
    return False
