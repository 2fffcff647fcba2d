"""One claim about one implementation becomes one finding, whatever the implementation raises, draws or returns."""

from __future__ import annotations

import random
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch

from ganbench.conformance.claims import Claim, all_claims
from ganbench.conformance.implementation import Implementation, NoNumber, NotApplicable, one_line
from ganbench.conformance.inputs import CHANGES, make
from ganbench.conformance.mistakes import Mistake, candidates, diagnose, gives, number_of
from ganbench.errors import RequestError
from ganbench.metrics import METRICS

Verdict = Literal["passed", "global_rng", "convention", "failed", "skipped"]  # global_rng: right, but draws from it

SLOW = 10.0  # how many times longer a slow claim may take


@dataclass(frozen=True)
class Finding:
    """The outcome of a claim: the verdict, the number that came, and the reason in words."""

    id: str
    metric: str
    says: str
    verdict: Verdict
    expected: float | None = None
    got: float | None = None
    message: str = ""
    diagnosis: str = ""
    printed: str = ""
    trace: str = ""
    seconds: float = 0.0

    @property
    def line(self) -> str:
        """The finding in one line of words."""
        numbers = (
            "" if self.expected is None or self.got is None else f": expected {self.expected:.9g}, got {self.got:.9g}"
        )
        why = "; ".join(text for text in (self.message, self.diagnosis) if text)
        return f"{self.id}: {self.says}{numbers}{f' ({why})' if why else ''}"


def evaluate(claim: Claim, implementation: Implementation) -> Finding:
    """Evaluate one claim; whatever the implementation raises, draws, changes or returns becomes part of the finding."""
    started, loaded = time.perf_counter(), len(sys.modules)
    finding, libraries = attempt(claim, implementation)
    if libraries and len(sys.modules) > loaded:  # an import may have drawn, as that of rich does: it will not again
        finding, libraries = attempt(claim, implementation)
    if libraries:
        message = "; ".join([*filter(None, [finding.message]), f"draws from the global random state of {libraries}"])
        if claim.kind == "invariance" and finding.got is not None:
            finding = replace(finding, diagnosis="the draws differ from call to call")
        verdict: Verdict = "global_rng" if finding.verdict == "passed" else finding.verdict
        finding = replace(finding, verdict=verdict, message=message)
    return replace(finding, seconds=time.perf_counter() - started)


def attempt(claim: Claim, implementation: Implementation) -> tuple[Finding, str]:
    """Evaluate a claim once; return also the libraries from whose global random state something was drawn."""
    blank = Finding(claim.id, claim.metric, claim.says, "passed")
    before = global_states()
    seed_globally()
    try:
        finding = outcome(claim, implementation, blank)
    except NotApplicable as reason:
        finding = replace(blank, verdict="skipped", message=str(reason))
    except NoNumber as reason:
        finding = replace(blank, verdict="failed", message=str(reason), diagnosis=claim.hint)
    except SystemExit as error:
        finding = replace(blank, verdict="failed", message=f"calls exit({error.code!r})")
    except Exception as error:
        message = f"raises {type(error).__name__}: {one_line(error)}"
        finding = replace(blank, verdict="failed", message=message, trace=traceback.format_exc())
    return finding, drawn_from(before)


def global_states() -> tuple[Any, Any, Any]:
    """Return the global random state of each library."""
    return random.getstate(), np.random.get_state(), torch.random.get_rng_state()  # noqa: NPY002


def seed_globally() -> None:
    """Seed the global random states, so that an implementation that draws from them repeats its answer."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    torch.random.set_rng_state(torch.Generator().manual_seed(0).get_state())


def drawn_from(before: tuple[Any, Any, Any]) -> str:
    """Name the libraries whose global state moved since ``seed_globally``, and restore the states ``before`` it."""
    now = global_states()
    seed_globally()
    start = global_states()
    moved = [name for name, a, b in zip(("random", "numpy", "torch"), now, start, strict=True) if not same_state(a, b)]
    restore(before)
    return " and ".join(moved)


def restore(states: tuple[Any, Any, Any]) -> None:
    """Set the global random state of each library."""
    random.setstate(states[0])
    np.random.set_state(states[1])  # noqa: NPY002
    torch.random.set_rng_state(states[2])


def same_state(a: Any, b: Any) -> bool:
    """Whether two states of one generator are equal."""
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True)) if isinstance(a, tuple) else torch.equal(a, b)


def time_limit(claim: Claim, seconds: float) -> float:
    """Return the seconds that a claim may take, where a fast one may take ``seconds``."""
    return seconds * (SLOW if claim.cost == "slow" else 1)


def outcome(claim: Claim, implementation: Implementation, blank: Finding) -> Finding:
    """Return the finding of a claim whose implementation neither raises nor returns nonsense."""
    if claim.kind == "mean":
        return of_mean(claim, implementation, blank)
    inputs = inputs_of(claim)
    if claim.kind == "refuses":
        bad = CHANGES[claim.invariance](inputs) if claim.invariance else inputs
        return of_refusal(claim, implementation, bad, blank)
    if claim.kind == "invariance":
        return of_invariance(claim, implementation, inputs, blank)
    got = call(implementation, inputs, claim)
    return of_value(claim, got, inputs, replace(blank, expected=claim.expect, got=got))


def inputs_of(claim: Claim, repetition: int = 0) -> dict[str, Any]:
    """Make the inputs of a claim, in the order of the metric's needs."""
    return {need: make(claim.inputs[need], repetition) for need in METRICS[claim.metric].spec.needs}


def options_of(claim: Claim, implementation: Implementation) -> dict[str, Any]:
    """Return the options of a claim, and the metric's defaults for others that the implementation's order names."""
    usual = METRICS[claim.metric].spec.options
    return {name: usual[name] for name in implementation.order if name in usual} | dict(claim.options)


def copied(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of every input, so that an implementation cannot change ours."""
    return {name: value.copy() if isinstance(value, np.ndarray) else deepcopy(value) for name, value in inputs.items()}


def call(implementation: Implementation, inputs: Mapping[str, Any], claim: Claim) -> float:
    """Return the implementation's number; raises NoNumber where it changed what it was given."""
    given = copied(inputs)
    value = implementation(given, options_of(claim, implementation))
    for name, before in inputs.items():
        if isinstance(before, np.ndarray) and not np.array_equal(before, given[name], equal_nan=True):
            raise NoNumber(f"changes its input {name!r}")
    return value


def of_value(claim: Claim, got: float, inputs: Mapping[str, Any], finding: Finding) -> Finding:
    """Compare a number with what the claim expects, and look for the mistake that gives the other one."""
    if claim.allows(got):
        return finding
    mistake = diagnose(claim, got, inputs)
    if mistake is None:
        return replace(finding, verdict="failed", diagnosis=claim.hint)
    return explained(finding, mistake)


def explained(finding: Finding, mistake: Mistake) -> Finding:
    """Return the finding of a wrong number that a mistake explains: an open convention is no fault."""
    return replace(finding, verdict="convention" if mistake.convention else "failed", diagnosis=mistake.says)


def of_mean(claim: Claim, implementation: Implementation, blank: Finding) -> Finding:
    """A mean over draws must be within four of its standard errors of the expected one."""
    values = [call(implementation, inputs_of(claim, i), claim) for i in range(claim.repetitions)]
    mean, error = float(np.mean(values)), float(np.std(values, ddof=1) / len(values) ** 0.5)
    finding = replace(blank, expected=claim.expect, got=mean, message=f"standard error {error:.2g}")
    if abs(mean - claim.expect) <= 4 * error:
        return finding
    return replace(finding, verdict="failed", diagnosis=claim.hint or "biased estimator")


def of_refusal(claim: Claim, implementation: Implementation, inputs: Mapping[str, Any], blank: Finding) -> Finding:
    """Bad input must raise; an answer of any kind is wrong, and so is being unable to take good input."""
    try:
        got = implementation(copied(inputs), options_of(claim, implementation))
    except NoNumber as answer:
        return replace(blank, verdict="failed", message=f"expected an error: {answer}", diagnosis=claim.hint)
    except NotApplicable:
        raise
    except RequestError as error:
        return replace(blank, message=one_line(error))
    except Exception as error:
        return replace(blank, message=f"refused with {type(error).__name__}: {one_line(error)}")
    return replace(blank, verdict="failed", got=got, message=f"expected an error, got {got:.9g}", diagnosis=claim.hint)


def of_invariance(claim: Claim, implementation: Implementation, inputs: Mapping[str, Any], blank: Finding) -> Finding:
    """The value after the change must be the value before it, or the ideal one where a set is compared with itself."""
    ideal = METRICS[claim.metric].spec.ideal if claim.invariance == "identity" else None
    before = call(implementation, inputs, claim) if ideal is None else ideal
    got = call(implementation, CHANGES[claim.invariance](inputs), claim)
    finding = replace(blank, expected=before, got=got)
    kept = abs(got - before) <= claim.atol + claim.rtol * abs(before)
    return finding if kept else replace(finding, verdict="failed", diagnosis=claim.hint)


def cross_examine(findings: Sequence[Finding]) -> list[Finding]:
    """Diagnose the wrong numbers of one implementation again, in the light of all its findings.

    A mistake explains nothing where another claim, which passed, would have failed by it.
    """
    known = {claim.id: claim for claim in all_claims()}
    values = [(known[f.id], f) for f in findings if known[f.id].kind == "value"]
    right = [claim for claim, finding in values if finding.verdict in {"passed", "global_rng"}]
    wrong = [(c, f.got) for c, f in values if f.verdict in {"failed", "convention"} and f.got is not None]
    return [diagnose_again(known[finding.id], finding, right, wrong) for finding in findings]


def diagnose_again(
    claim: Claim, finding: Finding, right: Sequence[Claim], wrong: Sequence[tuple[Claim, float]]
) -> Finding:
    """Choose the mistake that explains most of the wrong numbers and that no right one refutes."""
    if finding.got is None or not any(other.id == claim.id for other, _ in wrong):
        return finding
    inputs = inputs_of(claim)
    passed = [other for other in right if other.metric == claim.metric]
    fitting = [mistake for mistake in candidates(claim, inputs) if gives(mistake, claim, finding.got, inputs)]
    fitting = [mistake for mistake in fitting if not any(refutes(other, mistake) for other in passed)]
    if not fitting:
        return replace(finding, verdict="failed", diagnosis=claim.hint)
    about = [(other, got) for other, got in wrong if other.metric == claim.metric]
    return explained(finding, max(fitting, key=lambda m: sum(explains(other, got, m) for other, got in about)))


def explains(claim: Claim, got: float, mistake: Mistake) -> bool:
    """Whether the mistake gives the wrong number of another claim too."""
    inputs = inputs_of(claim)
    return any(same.says == mistake.says and gives(same, claim, got, inputs) for same in candidates(claim, inputs))


def refutes(claim: Claim, mistake: Mistake) -> bool:
    """Whether a claim that passed would have failed by this mistake."""
    inputs = inputs_of(claim)
    for same in candidates(claim, inputs):
        if same.says == mistake.says:
            value = number_of(same.value, claim, inputs)
            return value is not None and not claim.allows(value) and not gives(same, claim, claim.expect, inputs)
    return False
