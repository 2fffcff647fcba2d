"""Wrong implementations that people could ship, and whether ``ganbench check`` convicts each for the right reason.

``python -m benchmarks.mutants`` runs the fast claims against every mutant and writes ``docs/check-power.md``; with the
names of families it prints these alone. A mutant is convicted where ``check`` fails by default (or, for one that only
loses digits or scores bad input, where it says so at that level); for the right reason where the diagnosis has the
words that its line here states, or a failed claim is the one about that fault.
"""

# ruff: noqa: PLC3002, PLW0108, E501 - a table of one-line faults is read line by line

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import linalg, stats
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from ganbench.conformance.claims import FAIL_ON, selected
from ganbench.conformance.diagnosis import LIGHT, cost, examine
from ganbench.conformance.evaluate import evaluate
from ganbench.conformance.implementation import Implementation
from ganbench.conformance.output import WRONG, Outcome, reasons
from ganbench.metrics import METRICS

PAGE = Path(__file__).parents[1] / "docs" / "check-power.md"
Function = Callable[..., Any]


@dataclass(frozen=True)
class Mutant:
    """A wrong implementation of a metric, what is wrong, and the words or claims that must convict it."""

    metric: str
    what: str
    function: Function
    words: str
    level: str = ""


# Plain formulas with their faults as switches, written apart from those that ``check`` diagnoses with.


def frechet(x: Any, y: Any, cov: Function = np.cov, mean: Function = np.mean, first: Function | None = None) -> float:
    a, b = (np.atleast_2d(cov(z.T)) for z in (x, y))
    shift = mean(x, axis=0) - mean(y, axis=0)
    head = (shift**2).sum() if first is None else first(shift)
    return float(head + np.trace(a + b) - 2 * np.sqrt(np.maximum(linalg.eigvals(a @ b).real, 0)).sum())


def parts(x: Any, y: Any) -> tuple[float, Any, Any]:
    return float(((x.mean(0) - y.mean(0)) ** 2).sum()), np.atleast_2d(np.cov(x.T)), np.atleast_2d(np.cov(y.T))


def root_of(matrix: Any) -> float:
    return float(np.sqrt(np.maximum(linalg.eigvals(matrix).real, 0)).sum())


def kernels(x: Any, y: Any, kernel: Function, diagonal: bool = False, halves: float = 2.0) -> float:
    n, m = len(x), len(y)
    kx, ky, kxy = kernel(x, x), kernel(y, y), kernel(x, y)
    if diagonal:
        return float(kx.mean() + ky.mean() - halves * kxy.mean())
    own = (kx.sum() - np.trace(kx)) / (n * (n - 1)) + (ky.sum() - np.trace(ky)) / (m * (m - 1))
    return float(own - halves * kxy.mean())


def cubic(a: Any, b: Any, degree: int = 3, constant: float = 1.0, divide: bool = True) -> Any:
    return (a @ b.T / (a.shape[1] if divide else 1) + constant) ** degree


def inside(x: Any, y: Any, k: int, dist: Function = cdist, strict: bool = False, radius: Function | None = None) -> Any:
    limits = np.sort(dist(x, x), axis=1)[:, k]
    limits = limits if radius is None else radius(limits)
    across = dist(x, y)
    return across < limits[:, None] if strict else across <= limits[:, None]


def count(metric: str, held: Any, k: int) -> float:
    if metric == "density":
        return float(held.sum(0).mean() / k)
    return float(held.any(1).mean() if metric == "coverage" else held.any(0).mean())


def of_balls(metric: str, **faults: Any) -> Function:
    offset = faults.pop("offset", 0)

    def score(real: Any, fake: Any, k: int = 3) -> float:
        x, y = (fake, real) if metric == "recall" else (real, fake)
        return count(metric, inside(x, y, k + offset, **faults), k)

    return score


def named(kind: str) -> Function:
    return lambda a, b: cdist(a, b, kind)


def half_precision(a: Any, b: Any) -> Any:
    return cdist(a.astype(np.float16), b.astype(np.float16)).astype(np.float16)


def entropy_score(p: Any, log: Function = np.log, marginal: Function | None = None, end: Function = np.exp) -> float:
    p = np.asarray(p, dtype=float)
    m = p.mean(0) if marginal is None else marginal(p)
    safe, even = np.maximum(p, 1e-300), np.maximum(m, 1e-300)
    return float(
        end((p * (log(safe) - log(even))).sum(1)).mean()
        if end is not np.exp
        else np.exp((p * (log(safe) - log(even))).sum(1).mean())
    )


def after(metric: str, change: Function) -> Function:
    return lambda *inputs, **options: change(METRICS[metric](*inputs, **options))


def before(metric: str, change: Function) -> Function:
    """Change every set of rows before the right metric sees it."""
    return lambda *inputs, **options: METRICS[metric](*(change(x) for x in inputs), **options)


def swapped(metric: str) -> Function:
    return lambda a, b, **options: METRICS[metric](b, a, **options)


def cut(metric: str) -> Function:
    return lambda a, b, **o: METRICS[metric](a[: min(len(a), len(b))], b[: min(len(a), len(b))], **o)


def in_batches(metric: str, size: int) -> Function:
    def score(*inputs: Any, **options: Any) -> float:
        rows = min(map(len, inputs))
        starts = range(0, max(rows - 1, 1), size)
        values = [METRICS[metric](*(x[i : i + size] if rows > size else x for x in inputs), **options) for i in starts]
        return float(np.mean(values))

    return score


def remembering(metric: str) -> Function:
    """Keep the first reals for ever, as a metric object that is not reset."""
    kept: dict[Any, Any] = {}
    return lambda a, b, **o: METRICS[metric](kept.setdefault(a.shape, a), b, **o)


def drawing(metric: str) -> Function:
    """Score half of the rows, drawn anew at every call."""
    rng = np.random.default_rng()

    def score(*inputs: Any, **options: Any) -> float:
        taken = [x[rng.permutation(len(x))[: max(len(x) // 2, 8)]] for x in inputs]
        return METRICS[metric](*taken, **options)

    return score


def quiet(metric: str) -> Function:
    """Turn what is not finite into zeros, so that bad input scores."""
    return lambda *inputs, **o: METRICS[metric](*(np.nan_to_num(x) if x.dtype.kind == "f" else x for x in inputs), **o)


def unit(x: Any) -> Any:
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)


def half(x: Any) -> Any:
    return x.astype(np.float16).astype(float)


ENDS: tuple[tuple[str, Function, str], ...] = (
    ("the square root is taken", lambda v: abs(v) ** 0.5, "square root of the right number"),
    ("the square is returned", lambda v: v * v, "square of the right number"),
    ("the sign is turned", lambda v: -v, "sign turned"),
    ("half of it", lambda v: v / 2, "half of the right number"),
    ("twice it", lambda v: 2 * v, "twice the right number"),
    ("in percent", lambda v: 100 * v, "a hundred times"),
    ("times 1000", lambda v: 1000 * v, "a thousand times"),
)
FEATURE_FAULTS: tuple[tuple[str, Callable[[str], Function], str], ...] = (
    ("rows scaled to unit length", lambda m: before(m, unit), "unit length"),
    ("features through float16", lambda m: before(m, half), "float16"),
    ("negative features cut at zero", lambda m: before(m, lambda x: np.maximum(x, 0)), "cut at zero"),
    ("only the first half of the rows", lambda m: before(m, lambda x: x[: len(x) // 2]), "first half"),
    ("the first feature alone", lambda m: before(m, lambda x: x[:, :1]), "first feature"),
    ("each set standardised by itself", lambda m: before(m, lambda x: (x - x.mean(0)) / x.std(0)), "by itself"),
    ("columns sorted apart", lambda m: before(m, lambda x: np.sort(x, 0)), "sorted by themselves"),
)
FEATURED = ("fid", "kid", "mmd", "energy_distance", "w1", "precision", "coverage")
MUTANTS: list[Mutant] = []


def add(metric: str, what: str, function: Function, words: str, level: str = "") -> None:
    MUTANTS.append(Mutant(metric, what, function, words, level))


for _metric in ("fid", "kid", "energy_distance", "w1"):
    for _what, _change, _words in ENDS:
        if not (_metric == "kid" and "root" in _what):
            add(_metric, _what, after(_metric, _change), _words)
for _metric in FEATURED:
    for _what, _fault, _words in FEATURE_FAULTS:
        if "float16" in _words:
            add(_metric, _what, _fault(_metric), "float16|in-space|invariance-", "numerics")
        else:
            add(_metric, _what, _fault(_metric), _words)
for _metric in ("kid", "mmd", "energy_distance", "w1", "w2", "ks_statistic", "sliced_wasserstein", "one_nn_accuracy"):
    add(_metric, "the larger set is cut to the size of the smaller", cut(_metric), "rows are left out|unequal|in-space")
for _metric in ("fid", "kid", "mmd", "energy_distance", "w1", "inception_score"):
    add(_metric, "the mean over batches of 50", in_batches(_metric, 50), "batches of 50")
    add(_metric, "half of the rows, drawn at every call", drawing(_metric), "invariance-twice")
for _metric in ("precision", "recall", "density", "coverage", "mmd", "am_score", "authenticity"):
    add(_metric, "arguments swapped", swapped(_metric), "swapped")
for _metric in ("fid", "kid", "precision", "w1"):
    add(_metric, "the first reals are kept between calls", remembering(_metric), "invariance-|")
for _metric in ("fid", "kid", "precision", "w1", "vendi"):
    add(_metric, "NaN scored as zero", quiet(_metric), "invariance-nan", "input")

add("fid", "covariances with ddof 0", lambda x, y: frechet(x, y, lambda z: np.cov(z, ddof=0)), "ddof 0", "convention")
add("fid", "the means' term is missing", lambda x, y: frechet(x, y, first=lambda d: 0.0), "means is missing")
add("fid", "the means' distance not squared", lambda x, y: frechet(x, y, first=np.linalg.norm), "not squared")
add(
    "fid",
    "means' term averaged over features",
    lambda x, y: frechet(x, y, first=lambda d: (d**2).mean()),
    "averaged over features",
)
add("fid", "variances alone", lambda x, y: frechet(x, y, lambda z: np.diag(z.var(1, ddof=1))), "no covariances")
add("fid", "correlations", lambda x, y: frechet(x, y, np.corrcoef), "correlations instead")
add(
    "fid",
    "second moments about zero",
    lambda x, y: frechet(x, y, lambda z: z @ z.T / z.shape[1]),
    "about zero|translation-near",
)
add("fid", "medians for means", lambda x, y: frechet(x, y, mean=np.median), "rows-of-float32|correlated-rows|in-space")
add(
    "fid",
    "cross term once",
    lambda x, y: (lambda m, a, b: m + np.trace(a + b) - root_of(a @ b))(*parts(x, y)),
    "lacks its 2",
)
add(
    "fid",
    "cross term added",
    lambda x, y: (lambda m, a, b: m + np.trace(a + b) + 2 * root_of(a @ b))(*parts(x, y)),
    "is added",
)
add("fid", "no cross term", lambda x, y: (lambda m, a, b: m + np.trace(a + b))(*parts(x, y)), "cross term is missing")
add(
    "fid",
    "root of the product missing",
    lambda x, y: (lambda m, a, b: m + np.trace(a + b) - 2 * np.trace(a @ b))(*parts(x, y)),
    "root of the product",
)
add(
    "fid",
    "element by element root",
    lambda x, y: (lambda m, a, b: m + np.trace(a + b) - 2 * np.trace(np.sqrt(np.abs(a * b))))(*parts(x, y)),
    "no covariances|not-commuting",
)
add(
    "fid",
    "roots of either covariance multiplied",
    lambda x, y: (lambda m, a, b: m + np.trace(a + b) - 2 * np.trace((linalg.sqrtm(a) @ linalg.sqrtm(b)).real))(
        *parts(x, y)
    ),
    "roots of the covariances",
)
add(
    "fid",
    "ridge of 1e-2 on both covariances",
    lambda x, y: frechet(x, y, lambda z: np.cov(z) + 1e-2 * np.eye(len(z))),
    "not-commuting|diagonal|singular",
)
add(
    "fid",
    "float32 sums",
    lambda x, y: frechet(x.astype(np.float32), y.astype(np.float32)),
    "far-away|float32-at",
    "numerics",
)
add("fid", "the last row dropped", before("fid", lambda x: x[:-1]), "last row")
add(
    "fid",
    "ddof 0 for the fakes alone",
    lambda x, y: METRICS["fid"](x, y.mean(0) + (y - y.mean(0)) * (1 - 1 / len(y)) ** 0.5),
    "fakes alone",
)
add("fid", "the means alone", lambda x, y: parts(x, y)[0], "covariances is missing")
add("kid", "biased estimator", lambda x, y: kernels(x, y, cubic, True), "biased")
add(
    "kid",
    "not divided by the dimension",
    lambda x, y: kernels(x, y, lambda a, b: cubic(a, b, divide=False)),
    "divided by the dimension",
)
add("kid", "no constant in the kernel", lambda x, y: kernels(x, y, lambda a, b: cubic(a, b, constant=0)), "constant 1")
for _d in (1, 2, 4):
    add("kid", f"degree {_d}", lambda x, y, d=_d: kernels(x, y, lambda a, b: cubic(a, b, d)), f"degree {_d}")
add("kid", "cross term once", lambda x, y: kernels(x, y, cubic, halves=1.0), "by-hand")
add("kid", "cut at zero", after("kid", lambda v: max(v, 0.0)), "the right number cut at zero|kid/negative")
add(
    "kid",
    "Gaussian kernel",
    lambda x, y: kernels(x, y, lambda a, b: np.exp(-cdist(a, b, "sqeuclidean") / 2)),
    "by-hand",
)
add(
    "kid",
    "float32 sums",
    lambda x, y: kernels(x.astype(np.float32), y.astype(np.float32), cubic),
    "tiny|float32",
    "numerics",
)


def gaussian(
    scale: Function, power: str = "sqeuclidean", two: float = 2.0, diagonal: bool = False, pool: bool = False
) -> Function:
    def score(x: Any, y: Any, bandwidth: float | None = None) -> float:
        rows = np.concatenate([x, y]) if pool else x
        s = bandwidth or scale(cdist(rows, rows)[np.triu_indices(len(rows), 1)])
        width = s * s if power == "sqeuclidean" else s
        return kernels(x, y, lambda a, b: np.exp(-cdist(a, b, power) / (two * width)), diagonal)

    return score


add("mmd", "biased estimator", gaussian(np.median, diagonal=True), "biased")
add("mmd", "the 2 under the bandwidth is missing", gaussian(np.median, two=1.0), "lacks the 2")
add("mmd", "mean distance as bandwidth", gaussian(np.mean), "mean distance")
add("mmd", "bandwidth one", gaussian(lambda d: 1.0), "bandwidth of one")
add("mmd", "bandwidth from the pooled sample", gaussian(np.median, pool=True), "pooled", "convention")
add("mmd", "Laplacian kernel", gaussian(np.median, "euclidean"), "Laplacian")
add("mmd", "the square root is taken", after("mmd", lambda v: abs(v) ** 0.5), "square root")
add(
    "energy_distance",
    "biased estimator",
    lambda x, y: kernels(x, y, lambda a, b: -cdist(a, b), True),
    "biased",
    "convention",
)
add(
    "energy_distance",
    "squared distances",
    lambda x, y: kernels(x, y, lambda a, b: -cdist(a, b, "sqeuclidean")),
    "squared distances",
)
add(
    "energy_distance",
    "city-block distances",
    lambda x, y: kernels(x, y, lambda a, b: -cdist(a, b, "cityblock")),
    "rotation|in-space",
)
add("energy_distance", "E|x - y| once", lambda x, y: kernels(x, y, lambda a, b: -cdist(a, b), halves=1.0), "by-hand")
add(
    "cmmd",
    "rows keep their lengths",
    lambda x, y: 1000 * kernels(x, y, lambda a, b: np.exp(-cdist(a, b, "sqeuclidean") / 200), True),
    "blind-to-length|in-space",
)
add("cmmd", "not times 1000", after("cmmd", lambda v: v / 1000), "a thousandth")
add(
    "cmmd",
    "unbiased",
    lambda x, y: 1000 * kernels(unit(x), unit(y), lambda a, b: np.exp(-cdist(a, b, "sqeuclidean") / 200)),
    "in-space",
)
add(
    "cmmd",
    "sigma 1",
    lambda x, y: 1000 * kernels(unit(x), unit(y), lambda a, b: np.exp(-cdist(a, b, "sqeuclidean") / 2), True),
    "by-hand|in-space",
)

for _metric in ("precision", "recall", "density", "coverage"):
    add(_metric, "k counts the point itself", of_balls(_metric, offset=-1), "k counts the point itself")
    add(_metric, "k is one too large", of_balls(_metric, offset=1), "one too large")
    add(_metric, "boxes for balls", of_balls(_metric, dist=named("chebyshev")), "boxes")
    add(_metric, "city-block distances", of_balls(_metric, dist=named("cityblock")), "city-block")
    add(_metric, "squared radii", of_balls(_metric, radius=np.square), "squared distances used as radii")
    add(
        _metric,
        "the mean radius for all",
        of_balls(_metric, radius=lambda r: np.full(len(r), r.mean())),
        "mean of the radii",
    )
    add(_metric, "half of the radius", of_balls(_metric, radius=lambda r: r / 2), "half of the radius")
    add(
        _metric,
        "float16 distances",
        of_balls(_metric, dist=half_precision),
        "float16|float32-at|rows-of-float32|far-from",
        "numerics",
    )
    add(_metric, "balls without borders", of_balls(_metric, strict=True), "without its border", "convention")
add(
    "density",
    "not divided by k",
    lambda real, fake, k=5: float(inside(real, fake, k).sum(0).mean()),
    "not divided by k",
)
add("coverage", "share of fakes", lambda real, fake, k=5: float(inside(real, fake, k).any(0).mean()), "line|half")
add(
    "precision",
    "share of reals",
    lambda real, fake, k=3: float(inside(real, fake, k).any(1).mean()),
    "line|second-neighbour",
)

add("inception_score", "bits instead of nats", lambda p: entropy_score(p, np.log2), "bits instead of nats")
add("inception_score", "common logarithm", lambda p: entropy_score(p, np.log10), "confusion|two-rows")
add(
    "inception_score",
    "uniform marginal",
    lambda p: entropy_score(p, marginal=lambda q: np.full(q.shape[1], 1 / q.shape[1])),
    "uniform",
)
add(
    "inception_score", "exp before the mean", lambda p: entropy_score(p, end=lambda t: np.exp(t)), "exp before the mean"
)
add("inception_score", "exp missing", after("inception_score", np.log), "logarithm of the right number")
add(
    "inception_score",
    "softmax twice",
    before("inception_score", lambda p: np.exp(p) / np.exp(p).sum(1, keepdims=True)),
    "softmax",
)
add(
    "inception_score",
    "certain posteriors",
    before("inception_score", lambda p: np.eye(p.shape[1])[p.argmax(1)]),
    "made certain",
)
add(
    "inception_score",
    "ten splits",
    lambda p: METRICS["inception_score_splits"](p, splits=min(10, len(p))),
    "ten blocks",
)
add("inception_score", "marginal entropy alone", lambda p: float(np.exp(stats.entropy(p.mean(0)))), "marginal alone")
add(
    "inception_score",
    "entropies added",
    lambda p: float(np.exp(stats.entropy(p.mean(0)) + stats.entropy(p.T).mean())),
    "added",
)
add(
    "inception_score",
    "rows that are no posteriors are normalised",
    lambda p: METRICS["inception_score"](p / p.sum(1, keepdims=True)),
    "not-probabilities",
    "input",
)
add("inception_score_splits", "one block", lambda p, splits=10: METRICS["inception_score"](p), "one block")
add(
    "inception_score_splits",
    "the remainder is dropped",
    lambda p, splits=10: METRICS["inception_score_splits"](p[: len(p) // splits * splits], splits=splits),
    "remainder",
)
add(
    "inception_score_splits",
    "bits instead of nats",
    lambda p, splits=10: float(np.mean([entropy_score(q, np.log2) for q in np.array_split(p, splits)])),
    "ten-blocks|remainder|bits",
)
add(
    "am_score",
    "divergence the other way",
    lambda r, f: float(stats.entropy(f.mean(0), r.mean(0)) + stats.entropy(f.T).mean()),
    "swapped|direction",
)
add("class_distribution_kl", "bits", after("class_distribution_kl", lambda v: v / np.log(2)), "bits")
add("class_distribution_chi_square", "twice", after("class_distribution_chi_square", lambda v: 2 * v), "twice")
add("mode_score_b", "reading A", lambda r, f: METRICS["inception_score"](f), "reading A")


def plan(x: Any, y: Any, kind: str = "euclidean", power: float = 1.0, greedy: bool = False) -> float:
    size = int(np.lcm(len(x), len(y)))
    if size > 1500:
        return float(cdist(x, y, kind).min(1).mean()) if greedy else float(METRICS["w1"](x, y))
    cost = cdist(np.repeat(x, size // len(x), 0), np.repeat(y, size // len(y), 0), kind) ** power
    return float(cost.min(1).mean() if greedy else cost[linear_sum_assignment(cost)].mean())


add("w1", "nearest fake instead of a plan", lambda x, y: plan(x, y, greedy=True), "nearest fake")
add("w1", "squared cost", lambda x, y: plan(x, y, power=2.0), "squared distances")
add("w1", "city-block distances", lambda x, y: plan(x, y, "cityblock"), "city-block")
add("w2", "no root", after("w2", np.square), "square of the right number")
add("w2", "Wasserstein-1", lambda x, y: METRICS["w1"](x, y), "Wasserstein-1")
add("sliced_wasserstein", "squared", after("sliced_wasserstein", np.square), "square of the right number")
add(
    "sliced_wasserstein",
    "W1 of the projections",
    lambda x, y, **o: METRICS["sliced_wasserstein"](x, y, **{**o, "p": 1.0}),
    "root|unequal-counts",
)
add(
    "ks_statistic",
    "one-sided",
    lambda x, y: float(
        max(stats.ks_2samp(a, b, alternative="greater").statistic for a, b in zip(x.T, y.T, strict=True))
    ),
    "one-sided",
)
add(
    "ks_statistic",
    "one-sided, the other",
    lambda x, y: float(max(stats.ks_2samp(a, b, alternative="less").statistic for a, b in zip(x.T, y.T, strict=True))),
    "one-sided",
)
add(
    "ks_statistic",
    "the mean over features",
    lambda x, y: float(np.mean(stats.ks_2samp(x, y).statistic)),
    "mean over features",
)
add(
    "ks_p_value",
    "one-sided",
    lambda x, y: min(1.0, x.shape[1] * min(stats.ks_2samp(x, y, alternative="greater").pvalue)),
    "side|disjoint|half",
)
add("ks_p_value", "no correction for features", lambda x, y: min(stats.ks_2samp(x, y).pvalue), "two-features")
add(
    "t_statistic",
    "Welch's",
    lambda x, y: float(np.max(np.abs(stats.ttest_ind(x, y, equal_var=False).statistic))),
    "Welch",
)
add("t_statistic", "signed", lambda x, y: float(np.max(stats.ttest_ind(x, y).statistic)), "sign is kept")
add(
    "t_p_value",
    "one-sided",
    lambda x, y: min(1.0, x.shape[1] * min(stats.ttest_ind(x, y, alternative="greater").pvalue)),
    "half|side|worked|symmetric",
)
add("t_p_value", "no correction for features", lambda x, y: float(min(stats.ttest_ind(x, y).pvalue)), "in-space")
add("welch_statistic", "pooled", lambda x, y: float(np.max(np.abs(stats.ttest_ind(x, y).statistic))), "pooled")
add(
    "hotelling_t2",
    "without nm / (n + m)",
    lambda x, y: METRICS["hotelling_t2"](x, y) * (len(x) + len(y)) / (len(x) * len(y)),
    "worked|one-dimension",
)
add(
    "vendi",
    "rows keep their lengths",
    lambda f, order=1.0: float(np.exp(stats.entropy(np.maximum(np.linalg.eigvalsh(f @ f.T / len(f)), 0)))),
    "lengths|equal|in-space",
)
add(
    "vendi",
    "eigenvalues not divided by n",
    lambda f, order=1.0: float(
        np.exp(-sum(v * np.log(v) for v in np.linalg.eigvalsh(unit(f) @ unit(f).T) if v > 1e-12))
    ),
    "not divided by the number",
)
add(
    "vendi",
    "bits",
    lambda f, order=1.0: float(
        np.exp(stats.entropy(np.maximum(np.linalg.eigvalsh(unit(f) @ unit(f).T / len(f)), 0), base=2))
    ),
    "bits instead of nats",
)
add("vendi", "order ignored", lambda f, order=1.0: METRICS["vendi"](f), "order-")
add(
    "one_nn_accuracy",
    "pooled over unequal counts",
    lambda x, y: (METRICS["one_nn_real"](x, y) * len(x) + METRICS["one_nn_fake"](x, y) * len(y)) / (len(x) + len(y)),
    "pooled",
)
add("one_nn_accuracy", "among reals alone", lambda x, y: METRICS["one_nn_real"](x, y), "reals alone")
add(
    "one_nn_accuracy",
    "a row is its own neighbour",
    lambda x, y: 1.0 if not (cdist(x, y) == 0).any() else 0.5,
    "own neighbour|line",
)
add("authenticity", "one minus it", after("authenticity", lambda v: 1 - v), "one minus")
add("copies", "the other side", after("copies", lambda v: 1 - v), "one minus")
add("pairwise_distance_ratio", "upside down", swapped("pairwise_distance_ratio"), "swapped|one over")
add(
    "pairwise_distance_ratio",
    "pairs of a row with itself count",
    lambda x, y: float(cdist(y, y).mean() / cdist(x, x).mean()),
    "unequal-counts|in-space",
)
add(
    "realism",
    "the mean, not the median",
    lambda x, y, k=3: float(np.mean([max(np.sort(cdist(x, x), 1)[:, k] / np.linalg.norm(x - b, axis=1)) for b in y])),
    "in-space|pruned",
)
add("reverse_kl", "bits", lambda p, modes, **o: METRICS["reverse_kl"](p, modes, **o) / np.log(2), "bits")
add(
    "modes_captured",
    "a radius of one deviation",
    lambda p, modes, **o: METRICS["modes_captured"](p, modes, radius=1.0),
    "radius",
)
add(
    "high_quality",
    "a radius of four deviations",
    lambda p, modes, **o: METRICS["high_quality"](p, modes, radius=4.0),
    "share",
)
add(
    "intra_fid",
    "classes weighted by their rows",
    lambda r, f, a, b: float(sum((b == c).mean() * METRICS["fid"](r[a == c], f[b == c]) for c in np.unique(b))),
    "unequal-classes",
)
add("intra_fid", "classes ignored", lambda r, f, a, b: METRICS["fid"](r, f), "two-classes|unequal-classes")
add("between_class_fid", "spread within classes counted", lambda r, f, a, b: METRICS["fid"](r, f), "unequal-classes")


def tried(mutant: Mutant) -> tuple[bool, bool, str]:
    """Return whether a mutant is convicted, whether for the right reason, and what was said."""
    claims = [
        claim
        for claim in selected([mutant.metric], skip=SLOW.get(mutant.metric, ()))
        if cost(claim.id) < LIGHT or ("float32" in mutant.words and "many-dimensions" not in claim.id)
    ]
    implementation = Implementation(mutant.function)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        findings, diagnoses = examine([evaluate(claim, implementation, guess=False) for claim in claims])
    counted = FAIL_ON if not mutant.level else (*FAIL_ON, mutant.level)
    outcome = Outcome(findings, diagnoses, counted)
    failed = [f for f in findings if f.verdict in WRONG and f.level in counted]
    said = " ".join([*(r for r in reasons(outcome)), *(f"{f.id} {f.diagnosis}" for f in failed)])
    right = bool(failed) and any(words in said for words in mutant.words.split("|"))
    return bool(failed), right, "; ".join(reasons(outcome)) or ", ".join(f.id for f in failed[:3])


SLOW = {metric: ("slow",) for metric in METRICS if any(c.cost == "slow" for c in selected([metric]))}


def family(metric: str) -> str:
    """Return the file of a metric, which is its family."""
    return METRICS[metric].__module__.rpartition(".")[2].replace("_", " ")


def page(results: Iterable[tuple[Mutant, bool, bool, str]]) -> str:
    """Return the page: a line for each family, then the mutants, those that were missed first."""
    rows = list(results)
    lines = [
        "# What `ganbench check` convicts",
        "",
        "Made by `python -m benchmarks.mutants`: wrong implementations that people could ship, run against the fast claims of few rows.",
        "Convicted: `check` fails by default; a mutant that only loses digits, scores bad input or follows a convention must",
        "be reported at that level. For the right reason: the diagnosis names the fault, or the claim about it fails.",
        "",
        "| family | mutants | convicted | for the right reason | share |",
        "|---|---|---|---|---|",
    ]
    families = dict.fromkeys(family(mutant.metric) for mutant, *_ in rows)
    for name in [*sorted(families), "all"]:
        of = [row for row in rows if name == "all" or family(row[0].metric) == name]
        right = sum(row[2] for row in of)
        lines.append(f"| {name} | {len(of)} | {sum(row[1] for row in of)} | {right} | {right / len(of):.0%} |")
    lines += ["", "| metric | what is wrong | convicted | what is said |", "|---|---|---|---|"]
    for mutant, convicted, right, said in sorted(rows, key=lambda row: row[1] + row[2]):
        verdict = "yes" if right else "for another reason" if convicted else "**no**"
        lines.append(f"| {mutant.metric} | {mutant.what} | {verdict} | {said.replace('|', '/')} |")
    return "\n".join(lines) + "\n"


def main(families: list[str]) -> None:
    results = []
    for mutant in MUTANTS:
        if families and family(mutant.metric) not in families and mutant.metric not in families:
            continue
        started = time.perf_counter()
        results.append((mutant, *tried(mutant)))
        _, convicted, right, said = results[-1]
        took = time.perf_counter() - started
        print(
            "ok  " if right else "ODD " if convicted else "MISS",
            f"{took:5.1f}",
            mutant.metric,
            "|",
            mutant.what,
            "|",
            said[:150],
            flush=True,
        )
    if not families:
        PAGE.write_text(page(results), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
