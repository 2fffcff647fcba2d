"""What arithmetic of a given precision may lose: a bound on a metric's error, from the inputs of a claim.

An implementation in float32, in batches, or with sums of squares instead of centred rows is right when it errs by no
more than its arithmetic must. A sum of n terms errs by ``4 sqrt(n) u`` of the sum of their absolute values, with the
unit roundoff u (2^-24 for float32): rounding errors are independent enough that the worst case, n u, does not occur
(Higham and Mary, 2019, SIAM J. Sci. Comput. 41, theorem 2.4, with lambda = 4). The bounds carry that through each
metric's formula, always through the variant that loses most of those in use: raw second moments less the squared mean,
squared distances as ``|x|^2 + |y|^2 - 2 xy``, roots of eigenvalues that are zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganbench.errors import RequestError
from ganbench.metrics import METRICS

Array = NDArray[Any]
Inputs = Mapping[str, Any]
Options = Mapping[str, Any]
SINGLE = 2.0**-24


def bound(metric: str, inputs: Inputs, options: Options, unit: float = SINGLE) -> tuple[float, float]:
    """Return how far below and above the right value arithmetic of a unit roundoff may end; (0, 0) where unknown.

    Parameters
    ----------
    metric : str
        The metric's name.
    inputs, options : mapping
        The arrays of the metric's needs, and its options.
    unit : float
        Unit roundoff, 2^-24 for float32.
    """
    try:
        with np.errstate(all="ignore"):
            below, above = BOUNDS.get(metric, perturbed(metric))(inputs, options, unit)
    except (RequestError, ArithmeticError, ValueError, IndexError, np.linalg.LinAlgError):
        return 0.0, 0.0
    return (below, above) if np.isfinite([below, above]).all() else (0.0, 0.0)


def accumulated(terms: float, unit: float) -> float:
    """Return the relative error of a sum of so many terms."""
    return 4.0 * float(np.sqrt(terms)) * unit


def both(inputs: Inputs) -> tuple[Array, Array]:
    """Return reals and fakes in float64."""
    return tuple(np.asarray(inputs[name], dtype=float) for name in ("real", "fake"))  # type: ignore[return-value]


def frechet(inputs: Inputs, _options: Options, unit: float) -> tuple[float, float]:
    """|m - n|^2 + tr A + tr B - 2 tr sqrt(AB): raw moments, and an eigenvalue l of AB errs by its root's derivative.

    The error of l is at most e = |dA||B| + |A||dB| + 4 sqrt(d) u |A||B|; that of sqrt(l) is min(sqrt(e), e / sqrt(l)),
    and these add in squares.
    """
    sets = both(inputs)
    rows, features = max(map(len, sets)), sets[0].shape[1]
    one = accumulated(rows, unit)
    raw = [float((x**2).sum(1).mean()) * len(x) / max(len(x) - 1, 1) for x in sets]
    moments = [np.linalg.norm(x, 2) ** 2 / max(len(x) - 1, 1) for x in sets]
    a, b = (np.atleast_2d(np.cov(x, rowvar=False)) for x in sets)
    sizes = [np.linalg.norm(x, 2) for x in (a, b)]
    error = one * (moments[0] * sizes[1] + moments[1] * sizes[0]) + accumulated(features, unit) * sizes[0] * sizes[1]
    error += one**2 * moments[0] * moments[1]
    roots = np.sqrt(np.clip(np.linalg.eigvals(a @ b).real, 0, None))
    cross = np.linalg.norm(np.minimum(np.sqrt(error), error / np.maximum(roots, 1e-300)))
    total = 4 * one * sum(raw) + 2 * float(cross)
    return total, total


def cubic(inputs: Inputs, _options: Options, unit: float) -> tuple[float, float]:
    """Sums of (x.y / d + 1)^3: each kernel errs by three times its inner product, and their sums by the number."""
    x, y = both(inputs)
    kernels = [(abs(p) @ abs(q).T / p.shape[1] + 1) ** 3 for p, q in ((x, x), (y, y), (x, y))]
    relative = 3 * accumulated(x.shape[1] + 2, unit) + accumulated(max(len(x), len(y)) ** 2, unit)
    return symmetric(relative * sum_of(kernels, x, y))


def sum_of(kernels: list[Array], x: Array, y: Array) -> float:
    """Return the sum of the absolute terms of a two-sample estimate."""
    within = sum(k.mean() * len(z) / max(len(z) - 1, 1) for k, z in zip(kernels, (x, y), strict=False))
    return float(within + 2 * kernels[2].mean())


def symmetric(error: float) -> tuple[float, float]:
    return error, error


def squares(x: Array, y: Array, unit: float) -> tuple[Array, Array]:
    """Return squared distances, and how far each may err as |x|^2 + |y|^2 - 2xy."""
    exact = ((x[:, None, :] - y[None, :, :]) ** 2).sum(2)
    sizes = (x**2).sum(1)[:, None] + (y**2).sum(1)[None, :]
    return exact, accumulated(x.shape[1] + 2, unit) * sizes


def gaussian(inputs: Inputs, options: Options, unit: float) -> tuple[float, float]:
    """Sums of exp(-|x - y|^2 / 2 s^2): an exponent errs as its distance does, and once more as its bandwidth."""
    x, y = both(inputs)
    kernels = []
    within, loss = squares(x, x, unit)
    width = options.get("bandwidth") or float(np.median(np.sqrt(within[np.triu_indices(len(x), 1)])))
    for p, q in ((x, x), (y, y), (x, y)):
        exact, error = squares(p, q, unit)
        kernel = np.exp(-exact / (2 * width**2))
        exponent = error / (2 * width**2) + exact / (2 * width**2) * float(loss.max()) / width**2
        kernels.append(kernel * (exponent + accumulated(len(p) * len(q), unit)))
    return symmetric(sum_of(kernels, x, y))


def energy(inputs: Inputs, _options: Options, unit: float) -> tuple[float, float]:
    """Sums of |x - y|: a distance errs by the smaller of the root of its square's error and error / distance."""
    x, y = both(inputs)
    kernels = []
    for p, q in ((x, x), (y, y), (x, y)):
        exact, error = squares(p, q, unit)
        distance = np.sqrt(exact)
        lost = np.minimum(np.sqrt(error), error / np.maximum(distance, 1e-300))
        kernels.append(lost + accumulated(len(p) * len(q), unit) * distance)
    return symmetric(sum_of(kernels, x, y))


def unit_rows(inputs: Inputs, _options: Options, unit: float) -> tuple[float, float]:
    """1000 times sums of kernels near one."""
    x, y = both(inputs)
    relative = accumulated(x.shape[1], unit) + accumulated(max(len(x), len(y)) ** 2, unit)
    return symmetric(4000 * relative)


def inception(inputs: Inputs, options: Options, unit: float) -> tuple[float, float]:
    """A mean of p (log p - log m), exponentiated: relative, by the absolute terms."""
    p = np.asarray(inputs["fake_posteriors"], dtype=float)
    tiny = np.maximum(p, 1e-300)
    terms = np.where(p > 0, p * (abs(np.log(tiny)) + abs(np.log(tiny.mean(0)))), 0).sum(1).mean()
    relative = (accumulated(len(p), unit) + accumulated(p.shape[1], unit)) * (1 + float(terms))
    value = METRICS["inception_score"](p) if not options else p.shape[1]
    return symmetric(float(value) * relative)


def balls(metric: str) -> Callable[[Inputs, Options, float], tuple[float, float]]:
    """Return the interval of a count of balls: a squared distance that may lie on either side of a border is undecided.

    Every count grows with the radii and shrinks with the distances, so its ends belong to the ends of those.
    """

    def interval(inputs: Inputs, options: Options, unit: float) -> tuple[float, float]:
        x, y = both(inputs)
        k = options.get("k", METRICS[metric].spec.options["k"])
        if metric == "recall":
            x, y = y, x
        within, loss = squares(x, x, unit)
        np.fill_diagonal(within, -np.inf)
        np.fill_diagonal(loss, 0)
        low, high = (np.sort(within + sign * loss, axis=1)[:, k][:, None] for sign in (-1, 1))
        across, lost = squares(x, y, unit)
        surely, maybe = across + lost < low, across - lost <= high

        def count(inside: Array) -> float:
            if metric == "density":
                return float(inside.sum(0).mean() / k)
            return float(inside.any(1).mean() if metric == "coverage" else inside.any(0).mean())

        value = METRICS[metric](*both(inputs), k=k)
        return float(value) - count(surely), count(maybe) - float(value)

    return interval


def perturbed(metric: str) -> Callable[[Inputs, Options, float], tuple[float, float]]:
    """Return the bound of any other metric: how far it moves with inputs that are off by 8 sqrt(n) unit roundoffs.

    A backward stable algorithm gives the exact answer to a question that is off by a few units.
    """

    def moved(inputs: Inputs, options: Options, unit: float) -> tuple[float, float]:
        function = METRICS[metric]
        value = float(function(*inputs.values(), **options))
        rows = max((len(x) for x in inputs.values() if isinstance(x, np.ndarray)), default=1)
        size, change = 8 * float(np.sqrt(rows)) * unit, 0.0
        for seed in range(2):
            rng = np.random.default_rng(seed)
            near = {
                name: x.astype(float) * (1 + size * rng.standard_normal(x.shape))
                if isinstance(x, np.ndarray) and x.dtype.kind == "f"
                else x
                for name, x in inputs.items()
            }
            change = max(change, abs(float(function(*near.values(), **options)) - value))
        return symmetric(change + accumulated(rows, unit) * abs(value))

    return moved


def compared(inputs: Inputs, _options: Options, unit: float) -> tuple[float, float]:
    """Shares of rows by comparisons alone, without arithmetic on them: a quotient of counts."""
    return symmetric(4 * unit)


BOUNDS: dict[str, Callable[[Inputs, Options, float], tuple[float, float]]] = {
    "fid": frechet,
    "kid": cubic,
    "kid_subsets": cubic,
    "mmd": gaussian,
    "energy_distance": energy,
    "cmmd": unit_rows,
    "ks_statistic": compared,
    "inception_score": inception,
    "inception_score_splits": inception,
    **{name: balls(name) for name in ("precision", "recall", "density", "coverage")},
}
