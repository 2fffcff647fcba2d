"""One claim, one implementation, one finding: nothing that the implementation does stops the jury."""

from __future__ import annotations

import random
import time
import traceback
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch

from ganbench.check.changes import CHANGES
from ganbench.check.claims import Claim
from ganbench.check.implementation import Implementation, NoNumber, Unaskable, one_line
from ganbench.check.mistakes import diagnose
from ganbench.check.recipes import make
from ganbench.errors import RequestError
from ganbench.metrics import METRICS

Verdict = Literal["held", "impure", "convention", "failed", "unasked"]  # impure: right, but of global random state

SLOW = 10.0  # how many times longer a slow claim may take


@dataclass(frozen=True)
class Finding:
    """What became of a claim: the verdict, the number, and in words why."""

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


def judge(claim: Claim, implementation: Implementation) -> Finding:
    """Put one claim to an implementation; whatever it raises, draws, changes or returns becomes part of the finding."""
    started = time.perf_counter()
    blank = Finding(claim.id, claim.metric, claim.says, "held")
    before = states()
    fix()
    try:
        found = decide(claim, implementation, blank)
    except Unaskable as reason:
        found = replace(blank, verdict="unasked", message=str(reason))
    except NoNumber as reason:
        found = replace(blank, verdict="failed", message=str(reason), diagnosis=claim.hint)
    except SystemExit as error:
        found = replace(blank, verdict="failed", message=f"calls exit({error.code!r})")
    except Exception as error:
        message = f"raises {type(error).__name__}: {one_line(error)}"
        found = replace(blank, verdict="failed", message=message, trace=traceback.format_exc())
    if disturbed := drawn_from(before):
        message = "; ".join([*filter(None, [found.message]), f"draws from the global random state of {disturbed}"])
        if claim.kind == "law" and found.got is not None:
            found = replace(found, diagnosis="the draws differ from call to call")
        found = replace(found, verdict="impure" if found.verdict == "held" else found.verdict, message=message)
    return replace(found, seconds=time.perf_counter() - started)


def states() -> tuple[Any, Any, Any]:
    """Return the global random state of each library."""
    return random.getstate(), np.random.get_state(), torch.random.get_rng_state()  # noqa: NPY002


def fix() -> None:
    """Put the global random states at a place of their own, so that whoever draws from them answers the same again."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    torch.random.set_rng_state(torch.Generator().manual_seed(0).get_state())


def drawn_from(before: tuple[Any, Any, Any]) -> str:
    """Name the libraries whose global random state has moved since ``fix``, and put back what was ``before``."""
    now = states()
    fix()
    start = states()
    moved = [name for name, a, b in zip(("random", "numpy", "torch"), now, start, strict=True) if not same_state(a, b)]
    put_back(before)
    return " and ".join(moved)


def put_back(before: tuple[Any, Any, Any]) -> None:
    """Set the global random state of each library."""
    random.setstate(before[0])
    np.random.set_state(before[1])  # noqa: NPY002
    torch.random.set_rng_state(before[2])


def time_for(claim: Claim, seconds: float) -> float:
    """Return the seconds that a claim may take, where a fast one may take ``seconds``."""
    return seconds * (SLOW if claim.cost == "slow" else 1)


def same_state(a: Any, b: Any) -> bool:
    """Whether two states of one generator are equal."""
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True)) if isinstance(a, tuple) else torch.equal(a, b)


def decide(claim: Claim, implementation: Implementation, blank: Finding) -> Finding:
    """Return the finding of a claim whose implementation neither raises nor returns nonsense."""
    if claim.kind == "mean":
        return of_mean(claim, implementation, blank)
    inputs = inputs_of(claim)
    if claim.kind == "refuses":
        return of_refusal(claim, implementation, CHANGES[claim.law](inputs) if claim.law else inputs, blank)
    if claim.kind == "law":
        return of_law(claim, implementation, inputs, blank)
    got = ask(implementation, inputs, claim)
    return verdict(claim, got, inputs, replace(blank, expected=claim.expect, got=got))


def inputs_of(claim: Claim, repetition: int = 0) -> dict[str, Any]:
    """Make the inputs of a claim, in the order of the metric's needs."""
    return {need: make(claim.inputs[need], repetition) for need in METRICS[claim.metric].needs}


def options_of(claim: Claim, implementation: Implementation) -> dict[str, Any]:
    """Return the options of a claim, and the metric's defaults for others that the implementation's order names."""
    usual = METRICS[claim.metric].options
    return {name: usual[name] for name in implementation.order if name in usual} | dict(claim.options)


def ask(implementation: Implementation, inputs: Mapping[str, Any], claim: Claim) -> float:
    """Return the implementation's number; raises NoNumber where it changed what it was given."""
    given = {name: value.copy() if isinstance(value, np.ndarray) else deepcopy(value) for name, value in inputs.items()}
    value = implementation(given, options_of(claim, implementation))
    for name, before in inputs.items():
        if isinstance(before, np.ndarray) and not np.array_equal(before, given[name], equal_nan=True):
            raise NoNumber(f"changes its input {name!r}")
    return value


def verdict(claim: Claim, got: float, inputs: Mapping[str, Any], found: Finding) -> Finding:
    """Compare a number with what the claim expects, and look for the mistake that gives the other one."""
    if claim.allows(got):
        return found
    mistake = diagnose(claim, got, inputs)
    if mistake is None:
        return replace(found, verdict="failed", diagnosis=claim.hint)
    return replace(found, verdict="convention" if mistake.convention else "failed", diagnosis=mistake.says)


def of_mean(claim: Claim, implementation: Implementation, blank: Finding) -> Finding:
    """A mean over draws must be within four of its standard errors of the expected one."""
    values = [ask(implementation, inputs_of(claim, i), claim) for i in range(claim.repetitions)]
    mean, error = float(np.mean(values)), float(np.std(values, ddof=1) / len(values) ** 0.5)
    found = replace(blank, expected=claim.expect, got=mean, message=f"standard error {error:.2g}")
    if abs(mean - claim.expect) <= 4 * error:
        return found
    return replace(found, verdict="failed", diagnosis=claim.hint or "biased estimator")


def of_refusal(claim: Claim, implementation: Implementation, inputs: Mapping[str, Any], blank: Finding) -> Finding:
    """Bad input must raise; an answer of any kind is wrong, and so is being unable to take good input."""
    try:
        given = {n: v.copy() if isinstance(v, np.ndarray) else deepcopy(v) for n, v in inputs.items()}
        got = implementation(given, options_of(claim, implementation))
    except NoNumber as answer:
        return replace(blank, verdict="failed", message=f"an error was due: {answer}", diagnosis=claim.hint)
    except Unaskable:
        raise
    except RequestError as error:
        return replace(blank, message=one_line(error))
    except Exception as error:
        return replace(blank, message=f"refused with {type(error).__name__}: {one_line(error)}")
    return replace(blank, verdict="failed", got=got, message=f"an error was due, got {got:.9g}", diagnosis=claim.hint)


def of_law(claim: Claim, implementation: Implementation, inputs: Mapping[str, Any], blank: Finding) -> Finding:
    """The value after the change must be the value before it, or the ideal one where a cloud meets itself."""
    ideal = METRICS[claim.metric].ideal if claim.law == "identity" else None
    before = ask(implementation, inputs, claim) if ideal is None else ideal
    got = ask(implementation, CHANGES[claim.law](inputs), claim)
    found = replace(blank, expected=before, got=got)
    held = abs(got - before) <= claim.atol + claim.rtol * abs(before)
    return found if held else replace(found, verdict="failed", diagnosis=claim.hint)
