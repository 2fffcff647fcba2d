"""One claim about one implementation becomes one finding, whatever the implementation raises, draws or returns."""

from __future__ import annotations

import random
import sys
import time
import traceback
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch

from ganbench.conformance.claims import Claim, Level
from ganbench.conformance.implementation import Implementation, NoNumber, NotApplicable, one_line
from ganbench.conformance.inputs import CHANGES, make
from ganbench.conformance.mistakes import Mistake, diagnose
from ganbench.conformance.precision import bound
from ganbench.errors import RequestError
from ganbench.metrics import METRICS

Verdict = Literal["passed", "global_rng", "convention", "failed", "skipped"]  # global_rng: right, but draws from it

SLOW = 10.0  # how many times longer a slow claim may take


@dataclass(frozen=True)
class Finding:
    """The outcome of a claim: the verdict, the number that came, and the reason in words.

    ``level`` is that of the claim where it passed, else of the fault: a wrong number that float32 arithmetic may give
    is one of ``numerics``, a loud refusal of unusual input one of ``input``.
    """

    id: str
    metric: str
    says: str
    verdict: Verdict
    level: Level = "value"
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


def evaluate(claim: Claim, implementation: Implementation, guess: bool = True) -> Finding:
    """Evaluate one claim; whatever the implementation raises, draws, changes or returns becomes part of the finding.

    With ``guess`` a wrong number is explained by the first known mistake that gives it; without, that is left to
    ``ganbench.conformance.diagnosis``, which sees all claims.
    """
    started, loaded = time.perf_counter(), len(sys.modules)
    finding, libraries = attempt(claim, implementation, guess)
    if libraries and len(sys.modules) > loaded:  # an import may have drawn, as that of rich does: it will not again
        finding, libraries = attempt(claim, implementation, guess)
    if libraries:
        message = "; ".join([*filter(None, [finding.message]), f"draws from the global random state of {libraries}"])
        if claim.kind == "invariance" and finding.got is not None:
            finding = replace(finding, diagnosis="the draws differ from call to call")
        finding = replace(finding, message=message)
        if finding.verdict == "passed":
            finding = replace(finding, verdict="global_rng", level="convention")
    return replace(finding, seconds=time.perf_counter() - started)


def attempt(claim: Claim, implementation: Implementation, guess: bool) -> tuple[Finding, str]:
    """Evaluate a claim once; return also the libraries from whose global random state something was drawn."""
    blank = Finding(claim.id, claim.metric, claim.says, "passed", claim.level)
    before = global_states()
    seed_globally()
    try:
        finding = outcome(claim, implementation, blank, guess)
    except NotApplicable as reason:
        finding = replace(blank, verdict="skipped", message=str(reason))
    except NoNumber as reason:
        finding = unanswered(claim, replace(blank, message=str(reason), diagnosis=claim.hint), loud=False)
    except SystemExit as error:
        finding = replace(blank, verdict="failed", message=f"calls exit({error.code!r})")
    except Exception as error:
        message = f"raises {type(error).__name__}: {one_line(error)}"
        finding = unanswered(claim, replace(blank, message=message, trace=traceback.format_exc()), loud=True)
    return finding, drawn_from(before)


def unanswered(claim: Claim, blank: Finding, loud: bool) -> Finding:
    """Return the finding of a claim without a number: where its input is unusual, that is a matter of input."""
    if "changes its input" in blank.message:
        return replace(blank, verdict="failed", level="input")
    why = unusual(claim, inputs_of(claim), loud)
    if not why:
        return replace(blank, verdict="failed")
    return replace(blank, verdict="failed", level="input", message=f"{blank.message} (for {why})")


def unusual(claim: Claim, inputs: Mapping[str, Any], loud: bool) -> str:
    """Say what of the input a plain implementation need not take, nothing for input that it must.

    A ``loud`` refusal is honest where sets differ in size or have one feature; a NaN is none there. Where the formula
    itself has no value without a convention (0 log 0, singular covariances), a NaN is as good as an error.
    """
    arrays = [x for x in inputs.values() if isinstance(x, np.ndarray)]
    features = [x for x in arrays if x.ndim == 2 and x.dtype.kind == "f"]
    posteriors = [x for name, x in inputs.items() if name.endswith("posteriors")]
    sizes = {len(x) for name, x in inputs.items() if name in {"real", "fake"}}
    covariances = "fid" in claim.metric or "hotelling" in claim.metric
    fewest = claim.options.get("k", -1) + 1
    cases = {
        "posteriors that are exactly zero": any((x == 0).any() for x in posteriors),
        "float16": any(x.dtype == np.float16 for x in arrays),
        "rows that are all equal": any((x == x[:1]).all() for x in features),
        "no more rows than features": covariances and any(len(x) <= x.shape[1] for x in features),
        "a single feature": loud and any(x.shape[1] == 1 for x in features),
        "as few rows as k allows": loud and any(len(x) == fewest for x in features),
        "sets of unequal size": loud and len(sizes) > 1,
    }
    return next((words for words, applies in cases.items() if applies), "")


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


def outcome(claim: Claim, implementation: Implementation, blank: Finding, guess: bool) -> Finding:
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
    return of_value(claim, got, inputs, replace(blank, expected=claim.expect, got=got), guess)


def inputs_of(claim: Claim, repetition: int = 0) -> dict[str, Any]:
    """Make the inputs of a claim, in the order of the metric's needs."""
    return {need: make(claim.inputs[need], repetition) for need in METRICS[claim.metric].spec.needs}


def options_of(claim: Claim, implementation: Implementation) -> dict[str, Any]:
    """Return the options of a claim, and the metric's defaults for others that the implementation's order names."""
    usual = METRICS[claim.metric].spec.options
    asked = [entry.rpartition("=")[2].strip() for entry in implementation.order]
    return {name: usual[name] for name in asked if name in usual} | dict(claim.options)


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


def of_value(claim: Claim, got: float, inputs: Mapping[str, Any], finding: Finding, guess: bool) -> Finding:
    """Compare a number with what the claim expects, and look for the mistake that gives the other one."""
    if claim.allows(got):
        return finding
    if convention := diagnose(claim, got, inputs, conventions=True):
        return explained(finding, convention)
    if small := rounding(claim, got - claim.expect, inputs):
        return replace(finding, verdict="failed", level="numerics", message=small, diagnosis=claim.hint)
    mistake = diagnose(claim, got, inputs) if guess else None
    return explained(finding, mistake) if mistake else replace(finding, verdict="failed", diagnosis=claim.hint)


def explained(finding: Finding, mistake: Mistake) -> Finding:
    """Return the finding of a wrong number that a mistake explains: an open convention is no fault."""
    if mistake.convention:
        return replace(finding, verdict="convention", level="convention", diagnosis=mistake.says)
    return replace(finding, verdict="failed", diagnosis=mistake.says)


def rounding(claim: Claim, error: float, *inputs: Mapping[str, Any]) -> str:
    """Say that an error is no larger than float32 arithmetic may make on these inputs, nothing where it is larger."""
    bounds = [bound(claim.metric, each, claim.options) for each in inputs]
    below, above = (sum(sides) for sides in zip(*bounds, strict=True))
    if len(inputs) > 1:  # a difference of two answers errs by either's error to either side
        below = above = below + above
    if not -below - claim.atol <= error <= above + claim.atol or below == above == 0:
        return ""
    side = below if error < 0 else above
    return f"off by {abs(error):.2g}, and float32 arithmetic may lose {side:.2g} here"


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
    changed = CHANGES[claim.invariance](inputs)
    got = call(implementation, changed, claim)
    finding = replace(blank, expected=before, got=got)
    if abs(got - before) <= claim.atol + claim.rtol * abs(before):
        return finding
    compared = [changed] if ideal is not None else [inputs, changed]
    same_question = claim.invariance == "none" and abs(got - before) > 1e-5 * abs(before)  # the same rounding, twice
    if not same_question and (small := rounding(claim, got - before, *compared)):
        return replace(finding, verdict="failed", level="numerics", message=small, diagnosis=claim.hint)
    return replace(finding, verdict="failed", diagnosis=claim.hint)
