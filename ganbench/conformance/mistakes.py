"""The classic mistakes, as formulas: which of them gives the number that was observed?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganbench.conformance import formulas
from ganbench.conformance.claims import Claim
from ganbench.conformance.inputs import swap
from ganbench.errors import RequestError
from ganbench.metrics import METRICS

Inputs = Mapping[str, Any]
Options = Mapping[str, Any]
Formula = Callable[[Inputs, Options], float]


@dataclass(frozen=True)
class Mistake:
    """A sentence, and what it makes of a metric's inputs and options; a ``convention`` is an open choice, no fault.

    ``spread``, for a mistake that draws at random: how far from ``value``, its mean, a single draw may be.
    """

    says: str
    value: Formula
    convention: bool = False
    spread: Formula | None = None


AFTERWARDS: tuple[tuple[str, Callable[[float], float]], ...] = (
    ("the square root of the right number: the root of the distance", lambda x: math.sqrt(x) if x >= 0 else math.nan),
    ("the square of the right number: the root is missing", lambda x: x * x),
    ("the right number with its sign turned", lambda x: -x),
    ("one minus the right number", lambda x: 1 - x),
    ("half of the right number", lambda x: x / 2),
    ("twice the right number", lambda x: 2 * x),
    ("the logarithm of the right number: exp is missing", lambda x: math.log(x) if x > 0 else math.nan),
    ("exp of the right number", lambda x: math.exp(x) if x < 700 else math.nan),
    ("bits instead of nats", lambda x: x / math.log(2)),
    (
        "bits instead of nats below the exponential",
        lambda x: math.exp(math.log(x) / math.log(2)) if x > 0 else math.nan,
    ),
    ("a thousand times the right number", lambda x: 1000 * x),
    ("a thousandth of the right number", lambda x: x / 1000),
)


def pair(formula: Callable[..., float], **fixed: Any) -> Formula:
    """Return a formula of reals, fakes and options."""
    return lambda inputs, options: formula(inputs["real"], inputs["fake"], **fixed, **options)


def alone(formula: Callable[..., float], **fixed: Any) -> Formula:
    """Return a formula of the samples' posteriors."""
    return lambda inputs, options: formula(inputs["fake_posteriors"], **fixed)


def ball(metric: str) -> tuple[Mistake, ...]:
    """Return what goes wrong with neighbourhood balls."""
    return (
        Mistake(
            "a ball without its border (strict comparison)", pair(formulas.balls, metric=metric, strict=True), True
        ),
        Mistake("squared distances used as radii", pair(formulas.balls, metric=metric, squared=True)),
        Mistake("k counts the point itself", pair(formulas.balls, metric=metric, offset=-1)),
        Mistake("k is one too large", pair(formulas.balls, metric=metric, offset=1)),
    )


def exchanged(metric: str) -> Mistake:
    """Return the mistake of swapped arguments under the name of its own that it has."""
    return Mistake(
        "arguments swapped: precision and recall exchanged", pair(formulas.balls, metric=metric, exchanged=True)
    )


def drawn(says: str, draws: Callable[[Inputs, Options], Any], convention: bool = False) -> Mistake:
    """Return a mistake whose number depends on chance, from an array of what it may be."""
    return Mistake(
        says,
        lambda inputs, options: float(np.mean(draws(inputs, options))),
        convention,
        lambda inputs, options: 4 * float(np.std(draws(inputs, options))) + 1e-9,
    )


SPECIFIC: dict[str, tuple[Mistake, ...]] = {
    "fid": (
        Mistake("this is the value with population covariances (ddof 0)", pair(formulas.frechet, ddof=0), True),
        Mistake(
            "the distance of the roots of the covariances, right only where they commute",
            pair(formulas.frechet, commuting=True),
        ),
        Mistake("the term of the means is missing", pair(formulas.frechet, means=False)),
        Mistake("the means' distance is not squared", pair(formulas.frechet, square=False)),
        Mistake("float32 accumulation", pair(formulas.frechet, single=True)),
    ),
    "kid": (
        Mistake("biased estimator: pairs of a row with itself count", pair(formulas.kid, biased=True)),
        Mistake("the kernel is not divided by the dimension", pair(formulas.kid, scaled=False)),
        drawn(
            "rows are left out: a random subset of the larger set, as many as the smaller has",
            lambda i, _o: formulas.kid_of_subsets(i["real"], i["fake"]),
            True,
        ),
        Mistake("the kernel lacks its constant 1", pair(formulas.kid, constant=0.0)),
        Mistake("the kernel has degree 2", pair(formulas.kid, degree=2)),
        Mistake("float32 accumulation", pair(formulas.kid, single=True)),
    ),
    "mmd": (
        Mistake("biased estimator: pairs of a row with itself count", pair(formulas.gaussian_mmd, biased=True)),
        Mistake("bandwidth from the pooled sample", pair(formulas.gaussian_mmd, pooled=True), True),
        Mistake("the kernel lacks the 2 under the bandwidth", pair(formulas.gaussian_mmd, two=1.0)),
        Mistake("the root of the biased estimate", pair(formulas.gaussian_mmd, biased=True, root=True)),
    ),
    "energy_distance": (
        Mistake("biased estimator: pairs of a row with itself count", pair(formulas.energy, biased=True), True),
        Mistake("the root of the biased estimate", pair(formulas.energy, biased=True, root=True), True),
        Mistake("squared distances", pair(formulas.energy, power=2)),
    ),
    "precision": (*ball("precision"), exchanged("precision")),
    "recall": (
        *ball("recall"),
        exchanged("recall"),
        Mistake("ties are sought at the radii of the reals", pair(formulas.recall_with_wrong_ties)),
    ),
    "density": ball("density"),
    "coverage": ball("coverage"),
    "inception_score": (
        Mistake(
            "splits not averaged, or averaged where there should be none: ten blocks",
            alone(formulas.inception, splits=10),
        ),
        Mistake("the marginal is taken as uniform", alone(formulas.inception, uniform=True)),
        Mistake("the logarithm of the mean exponent: exp before the mean", alone(formulas.inception, early=True)),
    ),
    "inception_score_splits": (
        Mistake("splits not averaged: one block of all samples", alone(formulas.inception, splits=1)),
        drawn("shuffled before the blocks", lambda i, o: formulas.shuffled(i["fake_posteriors"], **o), True),
        Mistake("the remainder of the blocks is dropped", lambda i, o: formulas.dropped(i["fake_posteriors"], **o)),
    ),
    "t_statistic": (
        Mistake("(1/n + 1/m) outside of the root", pair(formulas.t, literal=True)),
        Mistake("Welch's statistic, not the pooled one", pair(formulas.t, welch=True)),
        Mistake("variances with ddof 0", pair(formulas.t, ddof=0)),
        Mistake("the sign is kept", pair(formulas.t, signed=True)),
    ),
    "welch_statistic": (Mistake("the pooled statistic, not Welch's", pair(formulas.t)),),
    "mode_score_b": (Mistake("reading A, which is the Inception Score", alone(formulas.inception)),),
    "mode_score_a": (
        Mistake(
            "reading B, with the penalty",
            lambda i, o: METRICS["mode_score_b"](i["real_posteriors"], i["fake_posteriors"]),
        ),
    ),
    "w1": (Mistake("Wasserstein-2", pair(METRICS["w2"])),),
    "w2": (Mistake("Wasserstein-1", pair(METRICS["w1"])),),
    "vendi": (
        Mistake(
            "eigenvalues not divided by the number of rows",
            lambda i, o: formulas.vendi(i["fake"], **o, normalised=False),
        ),
    ),
}


def diagnose(claim: Claim, got: float, inputs: Inputs) -> Mistake | None:
    """Return the first classic mistake that gives the observed number where the right one is another."""
    return next((mistake for mistake in candidates(claim, inputs) if gives(mistake, claim, got, inputs)), None)


def gives(mistake: Mistake, claim: Claim, got: float, inputs: Inputs) -> bool:
    """Whether the mistake gives the observed number, and not the right one."""
    value = number_of(mistake.value, claim, inputs)
    if value is None or claim.allows(value):
        return False
    spread = number_of(mistake.spread, claim, inputs) if mistake.spread else None
    return abs(value - got) <= (1e-5 * abs(value) + 1e-17 if spread is None else spread)


def number_of(formula: Formula, claim: Claim, inputs: Inputs) -> float | None:
    """Return what a formula makes of a claim's inputs, None where that is no number."""
    try:
        with np.errstate(all="ignore"):
            value = formula(inputs, claim.options)
    except (RequestError, ArithmeticError, ValueError, IndexError, np.linalg.LinAlgError):
        return None
    return value if math.isfinite(value) else None


def candidates(claim: Claim, inputs: Inputs) -> Iterator[Mistake]:
    """Yield what may be wrong with a metric, the specific before the general."""
    yield from SPECIFIC.get(claim.metric, ())
    exchanged = swap(inputs)
    if exchanged.keys() == inputs.keys() and any(exchanged[name] is not inputs[name] for name in inputs):
        right = METRICS[claim.metric]
        yield Mistake("arguments swapped: real where fake belongs", lambda i, o: right(*swap(i).values(), **o))
    for says, change in AFTERWARDS:
        yield Mistake(says, lambda _i, _o, change=change: change(claim.expect))  # type: ignore[misc]
