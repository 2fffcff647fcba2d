"""The classic mistakes, as formulas: which of them gives the number that was observed?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganbench.conformance import formulas
from ganbench.conformance.claims import Claim, read
from ganbench.conformance.inputs import counterparts, on_features, swap
from ganbench.errors import RequestError
from ganbench.metrics import METRICS

Inputs = Mapping[str, Any]
Options = Mapping[str, Any]
Formula = Callable[[Inputs, Options], float]


@dataclass(frozen=True)
class Mistake:
    """A sentence, and what it makes of a metric's inputs and options; a ``convention`` is an open choice, no fault.

    ``after``: what it makes of the right number, for a mistake that may befall any metric. ``spread``, for a mistake
    that draws at random: how far from ``value``, its mean, a single draw may be.
    """

    says: str
    value: Formula
    convention: bool = False
    spread: Formula | None = None
    after: Callable[[float], float] | None = None


AFTERWARDS: tuple[tuple[str, Callable[[float], float]], ...] = (
    ("the square root of the right number", lambda x: math.sqrt(x) if x >= 0 else math.nan),
    ("the square of the right number", lambda x: x * x),
    ("the right number with its sign turned", lambda x: -x),
    ("one minus the right number", lambda x: 1 - x),
    ("half of the right number", lambda x: x / 2),
    ("twice the right number", lambda x: 2 * x),
    ("the logarithm of the right number", lambda x: math.log(x) if x > 0 else math.nan),
    ("exp of the right number", lambda x: math.exp(x) if x < 700 else math.nan),
    ("bits instead of nats", lambda x: x / math.log(2)),
    (
        "bits instead of nats below the exponential",
        lambda x: math.exp(math.log(x) / math.log(2)) if x > 0 else math.nan,
    ),
    ("a hundred times the right number", lambda x: 100 * x),
    ("the right number without its sign", abs),
    ("the right number cut at zero", lambda x: max(x, 0.0)),
    ("the right number cut at one", lambda x: min(x, 1.0)),
    ("one over the right number", lambda x: 1 / x),
    ("exp of the negative right number", lambda x: math.exp(-x)),
    ("the right number rounded to two digits", lambda x: round(x, 2)),
    ("the right number rounded to a whole number", lambda x: float(round(x))),
    ("a thousand times the right number", lambda x: 1000 * x),
    ("a thousandth of the right number", lambda x: x / 1000),
)


def rows_changed(change: Callable[[Any], Any]) -> Callable[[Inputs], Inputs]:
    """Return a change of every set of features."""
    return lambda inputs: on_features(inputs, lambda x: change(x.astype(float)))


def centred_apart(inputs: Inputs) -> Inputs:
    return on_features(inputs, lambda x: x - x.mean(0))


def cut(inputs: Inputs) -> Inputs:
    """Cut the larger set of samples to the size of the smaller."""
    sizes = [len(inputs[name]) for pair in counterparts(inputs) for name in pair]
    if not sizes or min(sizes) == max(sizes):
        raise ValueError("nothing is cut")
    return {name: x[: min(sizes)] if name.startswith(("real", "fake")) else x for name, x in inputs.items()}


def standardised(inputs: Inputs) -> Inputs:
    if "real" not in inputs:
        raise ValueError("there are no reals")
    mean, sd = inputs["real"].mean(0), inputs["real"].std(0)
    return on_features(inputs, lambda x: (x - mean) / sd)


def posteriors_changed(change: Callable[[Any], Any]) -> Callable[[Inputs], Inputs]:
    """Return a change of every set of posteriors."""
    return lambda inputs: {n: change(x) if n.endswith("posteriors") else x for n, x in inputs.items()}


def softmax(p: Any) -> Any:
    return np.exp(p) / np.exp(p).sum(1, keepdims=True)


def unit(x: Any) -> Any:
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)


CUT = "rows are left out: the larger set is cut to the size of the smaller"
BEFOREHAND: tuple[tuple[str, Callable[[Inputs], Inputs]], ...] = (
    (CUT, cut),
    ("rows are scaled to unit length", rows_changed(unit)),
    ("features pass through float16", rows_changed(lambda x: x.astype(np.float16).astype(float))),
    ("features are standardised by the reals", standardised),
    ("each set is standardised by itself", rows_changed(lambda x: (x - x.mean(0)) / x.std(0))),
    ("each set is centred by itself", centred_apart),
    ("negative features are cut at zero", rows_changed(lambda x: np.maximum(x, 0))),
    ("features are cut to -1 to 1", rows_changed(lambda x: np.clip(x, -1, 1))),
    ("features are rounded to whole numbers", rows_changed(np.round)),
    ("the first row is left out", rows_changed(lambda x: x[1:])),
    ("the last row is left out", rows_changed(lambda x: x[:-1])),
    ("only the first half of the rows counts", rows_changed(lambda x: x[: len(x) // 2])),
    ("equal rows count once", rows_changed(lambda x: np.unique(x, axis=0))),
    ("only the first feature counts", rows_changed(lambda x: x[:, :1])),
    ("features are sorted by themselves, no longer rows", rows_changed(lambda x: np.sort(x, axis=0))),
    ("softmax is applied to posteriors", posteriors_changed(softmax)),
    (
        "posteriors are made certain: the likeliest class counts alone",
        posteriors_changed(lambda p: np.eye(p.shape[1])[p.argmax(1)]),
    ),
    ("posteriors pass through float16", posteriors_changed(lambda p: p.astype(np.float16).astype(float))),
    ("the last row is left out", posteriors_changed(lambda p: p[:-1])),
)
BATCHES = (10, 16, 25, 32, 50, 64, 100, 128)
COSTLY = set(read("invariances.toml")["slow"]) | {"parzen", "sinkhorn_divergence", "laplacian_swd", "kid_subsets"}


def batched(metric: str, size: int) -> Formula:
    """Return the mean of a metric over batches, the last of them as short as it is."""

    def formula(inputs: Inputs, options: Options) -> float:
        names = [name for name, x in inputs.items() if isinstance(x, np.ndarray)]
        rows = min(len(inputs[name]) for name in names)
        if rows <= size:
            raise ValueError("one batch")
        values = [
            METRICS[metric](*({**inputs, **{n: inputs[n][i : i + size] for n in names}}).values(), **options)
            for i in range(0, rows - 1, size)
        ]
        return float(np.mean(values))

    return formula


def beforehand(metric: str, change: Callable[[Inputs], Inputs]) -> Formula:
    """Return the right formula on changed inputs."""

    def formula(inputs: Inputs, options: Options) -> float:
        changed = change(inputs)
        if all(changed[name] is inputs[name] for name in inputs):
            raise ValueError("nothing is changed")
        return float(METRICS[metric](*changed.values(), **options))

    return formula


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
        Mistake("boxes instead of balls: the largest difference of a feature", shaped(metric, kind="chebyshev")),
        Mistake("differences of features summed, not squared: city-block distances", shaped(metric, kind="cityblock")),
        Mistake("angles instead of distances: cosine distances", shaped(metric, kind="cosine")),
        Mistake("one radius for all balls: the mean of the radii", shaped(metric, pooled="mean")),
        Mistake("one radius for all balls: the median of the radii", shaped(metric, pooled="median")),
        Mistake("one radius for all balls: the largest of the radii", shaped(metric, pooled="max")),
        Mistake("half of the radius", shaped(metric, half=True)),
    )


def shaped(metric: str, **fixed: Any) -> Formula:
    """Return the formula of balls of another shape or size."""
    return pair(formulas.balls, metric=metric, **fixed)


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
        Mistake("the term of the covariances is missing", pair(formulas.frechet, spread=False)),
        Mistake("only the variances of the features, no covariances", pair(formulas.frechet, covariances="diagonal")),
        Mistake("correlations instead of covariances", pair(formulas.frechet, covariances="correlation")),
        Mistake("second moments about zero instead of covariances", pair(formulas.frechet, covariances="raw")),
        Mistake("ddof 0 for the fakes alone", pair(formulas.frechet, covariances="first")),
        Mistake("the cross term lacks its 2", pair(formulas.frechet, cross=1.0)),
        Mistake("the cross term is added", pair(formulas.frechet, cross=-2.0)),
        Mistake("the cross term is missing", pair(formulas.frechet, cross=0.0)),
        Mistake("the root of the product of the covariances is missing", pair(formulas.frechet, rooted=False)),
        Mistake("the means' distance is averaged over features, not summed", pair(formulas.frechet, average=True)),
    ),
    "kid": (
        Mistake("biased estimator: pairs of a row with itself count", pair(formulas.kid, biased=True)),
        Mistake("the kernel is not divided by the dimension", pair(formulas.kid, scaled=False)),
        Mistake(CUT, beforehand("kid", cut)),
        drawn(
            "rows are left out: a random subset of the larger set, as many as the smaller has",
            lambda i, _o: formulas.kid_of_subsets(i["real"], i["fake"]),
            True,
        ),
        Mistake("the kernel lacks its constant 1", pair(formulas.kid, constant=0.0)),
        Mistake("the kernel has degree 2", pair(formulas.kid, degree=2)),
        Mistake("the kernel has degree 1", pair(formulas.kid, degree=1)),
        Mistake("the kernel has degree 4", pair(formulas.kid, degree=4)),
        Mistake("float32 accumulation", pair(formulas.kid, single=True)),
    ),
    "mmd": (
        Mistake("biased estimator: pairs of a row with itself count", pair(formulas.gaussian_mmd, biased=True)),
        Mistake("bandwidth from the pooled sample", pair(formulas.gaussian_mmd, pooled=True), True),
        Mistake("the kernel lacks the 2 under the bandwidth", pair(formulas.gaussian_mmd, two=1.0)),
        Mistake("the root of the biased estimate", pair(formulas.gaussian_mmd, biased=True, root=True)),
        Mistake("the mean distance as bandwidth, not the median", pair(formulas.gaussian_mmd, center="mean")),
        Mistake("a bandwidth of one where none is given", pair(formulas.gaussian_mmd, center="one")),
        Mistake("distances that are not squared: a Laplacian kernel", pair(formulas.gaussian_mmd, unsquared=True)),
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
    "density": (*ball("density"), Mistake("not divided by k", shaped("density", undivided=True))),
    "coverage": ball("coverage"),
    "inception_score": (
        Mistake(
            "splits not averaged, or averaged where there should be none: ten blocks",
            alone(formulas.inception, splits=10),
        ),
        Mistake("the marginal is taken as uniform", alone(formulas.inception, uniform=True)),
        Mistake("the logarithm of the mean exponent: exp before the mean", alone(formulas.inception, early=True)),
        Mistake(
            "the divergence the other way round: marginal from posteriors", alone(formulas.inception, reverse=True)
        ),
        Mistake("the entropy of the posteriors alone", alone(formulas.inception, entropies="conditional")),
        Mistake("the entropy of the marginal alone", alone(formulas.inception, entropies="marginal")),
        Mistake("the entropies are added, not subtracted", alone(formulas.inception, entropies="sum")),
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
    "w1": (
        Mistake("Wasserstein-2", pair(METRICS["w2"])),
        Mistake("the nearest fake of each real, not a plan", pair(formulas.matched, nearest=True)),
        Mistake("squared distances", pair(formulas.matched, power=2.0, rooted=False)),
        Mistake("city-block distances", pair(formulas.matched, kind="cityblock")),
    ),
    "w2": (
        Mistake("Wasserstein-1", pair(METRICS["w1"])),
        Mistake("the nearest fake of each real, not a plan", pair(formulas.matched, power=2.0, nearest=True)),
        Mistake("city-block distances", pair(formulas.matched, power=2.0, kind="cityblock")),
    ),
    "ks_statistic": (
        Mistake("one-sided: only where reals are the smaller", pair(formulas.largest_step)),
        Mistake("one-sided: only where fakes are the smaller", pair(formulas.largest_step, sign=-1.0)),
        Mistake("the mean over features, not the largest", pair(formulas.largest_step, mean=True)),
    ),
    **{
        name: (
            Mistake("pooled: one share of all rows, whatever the counts", pair(formulas.one_nn, pooled=True)),
            Mistake("a row is its own neighbour", pair(formulas.one_nn, side=side, own=True)),
            Mistake("the share among reals alone", pair(formulas.one_nn, side="real")),
            Mistake("the share among fakes alone", pair(formulas.one_nn, side="fake")),
        )
        for name, side in (("one_nn_accuracy", "both"), ("one_nn_real", "real"), ("one_nn_fake", "fake"))
    },
    "vendi": (
        Mistake(
            "eigenvalues not divided by the number of rows",
            lambda i, o: formulas.vendi(i["fake"], **o, normalised=False),
        ),
        Mistake("rows keep their lengths: no cosine kernel", lambda i, o: formulas.vendi(i["fake"], **o, lengths=True)),
        Mistake("bits instead of nats below the exponential", lambda i, o: formulas.vendi(i["fake"], **o, bits=True)),
    ),
}


def diagnose(claim: Claim, got: float, inputs: Inputs, conventions: bool = False) -> Mistake | None:
    """Return the first classic mistake (``conventions``: open choice) that gives the observed number, not the right."""
    those = (each for each in candidates(claim, inputs) if each.convention or each.says == CUT or not conventions)
    return next((mistake for mistake in those if gives(mistake, claim, got, inputs)), None)


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
    if claim.metric not in COSTLY:
        for what, before in BEFOREHAND:
            yield Mistake(what, beforehand(claim.metric, before))
        for size in BATCHES:
            yield Mistake(f"the mean over batches of {size}", batched(claim.metric, size))
    for says, change in AFTERWARDS:
        yield Mistake(says, lambda _i, _o, change=change: change(claim.expect), after=change)  # type: ignore[misc]
