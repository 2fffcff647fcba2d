"""The classical two-sample tests: t, Welch, Hotelling and Kolmogorov-Smirnov, with p-values, and as scores.

Of several features the one that differs most gives the score: its absolute statistic is one metric, its p-value after
Bonferroni's correction (the smallest of Holm's) is another. Under a perfect sampler a p-value is spread evenly over
[0, 1]: it tells whether a gap is there, not how large it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.stats import f as fisher
from scipy.stats import ks_2samp
from scipy.stats import t as student
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics.feature_vectors import features
from ganbench.metrics.spec import Invariance, metric


@dataclass(frozen=True)
class FeatureTests:
    """One two-sided test per feature: signed where the test has a sign, (d,) each."""

    statistics: Tensor
    p_values: Tensor

    @property
    def holm(self) -> Tensor:
        """p-values adjusted for the number of features by Holm's step-down rule, (d,)."""
        order = self.p_values.argsort()
        factors = torch.arange(len(order), 0, -1, dtype=torch.float64)
        adjusted = (self.p_values[order] * factors).cummax(0).values.clamp(max=1)
        return torch.empty_like(adjusted).scatter(0, order, adjusted)


@dataclass(frozen=True)
class TwoSampleTest:
    """One test of the whole samples."""

    statistic: float
    p_value: float


def checked(real: Any, fake: Any) -> tuple[Tensor, Tensor]:
    """Both samples (n, d), (m, d) in float64 on the CPU, 1-D arrays as one feature; BadInput below 2 rows."""
    a, b = (features(column(x), name).values.double().cpu() for x, name in ((real, "real"), (fake, "fake")))
    for name, x in (("real", a), ("fake", b)):
        if len(x) < 2:
            raise BadInput(f"{name}: expected at least 2 rows, got {len(x)}")
    if a.shape[1] != b.shape[1]:
        raise BadInput(f"fake: expected {a.shape[1]} columns as in real, got {b.shape[1]}")
    return a, b


def column(values: Any) -> Any:
    """Return a 1-D sample as a sample of one feature, anything else as it is."""
    return values.reshape(-1, 1) if isinstance(values, Tensor | np.ndarray) and values.ndim == 1 else values


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and unbiased variance of each feature, exact (and exactly 0) where all rows agree."""
    low, high = x.amin(0), x.amax(0)
    return x.mean(0).clamp(low, high), torch.where(low == high, 0.0, x.var(0))


def t_tests(real: Any, fake: Any) -> FeatureTests:
    """Student's t test of each feature.

    The factor 1/n + 1/m belongs under the root: left outside, it inflates t by 1 / sqrt(1/n + 1/m).

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d), or (n,) and (m,)
        At least 2 rows each.

    Returns
    -------
    FeatureTests
        Signed statistics and two-sided p-values, (d,) each.

    Raises
    ------
    BadInput
        For fewer than 2 rows, or unequal numbers of columns.

    Notes
    -----
    ``t = (mean_r - mean_f) / sqrt(s_p^2 (1/n + 1/m))`` with n + m - 2 degrees of freedom.

    Examples
    --------
    >>> from ganbench.metrics.two_sample import t_tests
    >>> [round(t, 4) for t in t_tests([[0.0], [2.0]], [[1.0], [3.0]]).statistics.tolist()]
    [-0.7071]
    """
    a, b = checked(real, fake)
    n, m = len(a), len(b)
    (mean_a, var_a), (mean_b, var_b) = moments(a), moments(b)
    pooled = ((n - 1) * var_a + (m - 1) * var_b) / (n + m - 2)
    return location_tests(mean_a - mean_b, pooled * (1 / n + 1 / m), torch.full_like(pooled, n + m - 2))


def welch_tests(real: Any, fake: Any) -> FeatureTests:
    """Welch's t of each feature, for unequal variances, with the degrees of freedom of Welch and Satterthwaite."""
    a, b = checked(real, fake)
    (mean_a, var_a), (mean_b, var_b) = moments(a), moments(b)
    u, v = var_a / len(a), var_b / len(b)
    scale = torch.maximum(u, v).clamp(min=torch.finfo(torch.float64).tiny)  # squares of tiny variances would vanish
    parts = (u / scale).square() / (len(a) - 1) + (v / scale).square() / (len(b) - 1)
    freedom = torch.where(parts > 0, ((u + v) / scale).square() / parts, 1.0)
    return location_tests(mean_a - mean_b, u + v, freedom)


def location_tests(gap: Tensor, variance: Tensor, freedom: Tensor) -> FeatureTests:
    """Return t = gap / sqrt(variance) and its two-sided p-value; 0 for no gap, infinite for a gap without variance."""
    t = torch.where(gap == 0, 0.0, gap / variance.sqrt())
    return FeatureTests(t, torch.as_tensor(2 * student.sf(t.abs().numpy(), freedom.numpy()), dtype=torch.float64))


def ks_tests(real: Any, fake: Any) -> FeatureTests:
    """Kolmogorov-Smirnov test of each feature: sup |F - G|, with the exact null distribution up to 10 000 rows."""
    a, b = checked(real, fake)
    p_values = [ks_2samp(x.numpy(), y.numpy()).pvalue for x, y in zip(a.T, b.T, strict=True)]
    return FeatureTests(ks_distances(a, b), torch.tensor(p_values, dtype=torch.float64))


def ks_distances(a: Tensor, b: Tensor) -> Tensor:
    """Supremum of |F - G| of each feature, (d,): the empirical distribution functions compared at every row of both."""
    rows = torch.cat([a, b]).T.contiguous()
    ordered = [x.T.contiguous().sort().values for x in (a, b)]
    f, g = (torch.searchsorted(x, rows, right=True).double() / x.shape[1] for x in ordered)
    return (f - g).abs().amax(1)


def hotelling_test(real: Any, fake: Any) -> TwoSampleTest:
    """Hotelling's T^2 = nm / (n + m) gap' S_p^-1 gap, and its p-value by F with d and n + m - d - 1 degrees.

    Raises BadInput where the pooled covariance has no inverse: too few rows, or features that others determine.
    """
    a, b = checked(real, fake)
    n, m, d = len(a), len(b), a.shape[1]
    if n + m - 2 < d + 1:
        raise BadInput(f"real, fake: Hotelling's test of {d} features needs {d + 3} rows together, got {n + m}")
    gap = a.mean(0) - b.mean(0)
    scatter = torch.cat([a - a.mean(0), b - b.mean(0)])
    scale = scatter.norm(dim=0)  # columns of one length, so that units do not decide about the rank
    _, spread, axes = torch.linalg.svd(scatter / scale.clamp(min=1e-300), full_matrices=False)
    if not scale.all() or spread[-1] <= 1e-10 * spread[0]:
        raise BadInput("real, fake: the pooled covariance is singular; drop constant or redundant features first")
    whitened = axes @ (gap / scale) / spread
    t2 = n * m / (n + m) * (n + m - 2) * whitened.square().sum().item()
    ratio = (n + m - d - 1) / (d * (n + m - 2)) * t2
    return TwoSampleTest(t2, float(fisher.sf(ratio, d, n + m - d - 1)))


PER_FEATURE: frozenset[Invariance] = frozenset({"symmetric", "translation", "scale", "permutation"})


def strongest(tests: FeatureTests) -> float:
    """Return the largest absolute statistic; BadInput where it is infinite."""
    value = tests.statistics.abs().max().item()
    if math.isinf(value):
        raise BadInput("real, fake: undefined, a feature is constant in both samples, at different values")
    return value


@metric(
    better="lower", scale="log", bounds=(0.0, math.inf), invariances=PER_FEATURE, minimum=30, cost="20 n d + 20 m d"
)
def t_statistic(real: Any, fake: Any) -> float:
    """Largest absolute t statistic, with pooled variance, of a feature.

    Sees means only: blind to spread, modes and everything else.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, or one feature as (n,) and (m,); at least 2 rows each.

    Returns
    -------
    float, at least 0
        The largest absolute statistic; lower is better.

    Raises
    ------
    BadInput
        For fewer than 2 rows, or a feature that is constant in both samples at different values.

    Notes
    -----
    ``t = (mean_r - mean_f) / sqrt(s_p^2 (1/n + 1/m))`` with n + m - 2 degrees of freedom.

    References
    ----------
    .. [1] Student, 1908, The probable error of a mean

    Examples
    --------
    >>> from ganbench.metrics import t_statistic
    >>> round(t_statistic([[0.0], [2.0]], [[1.0], [3.0]]), 4)
    0.7071
    """
    return strongest(t_tests(real, fake))


@metric(better="higher", scale="logit", bounds=(0.0, 1.0), invariances=PER_FEATURE, minimum=30, cost="20 n d + 20 m d")
def t_p_value(real: Any, fake: Any) -> float:
    """Smallest p-value of the t tests of the features, corrected for their number.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, or one feature as (n,) and (m,), of 2 rows or more.

    Returns
    -------
    float, 0 to 1
        The p-value, spread evenly over [0, 1] for equal distributions; higher is better.

    Raises
    ------
    BadInput
        For fewer than 2 rows.

    Notes
    -----
    The smallest of Holm's adjusted p-values of Student's t with pooled variance.

    References
    ----------
    .. [1] Student, 1908, The probable error of a mean

    Examples
    --------
    >>> from ganbench.metrics import t_p_value
    >>> round(t_p_value([[0.0], [2.0]], [[1.0], [3.0]]), 4)
    0.5528
    """
    return t_tests(real, fake).holm.min().item()


@metric(
    better="lower", scale="log", bounds=(0.0, math.inf), invariances=PER_FEATURE, minimum=30, cost="20 n d + 20 m d"
)
def welch_statistic(real: Any, fake: Any) -> float:
    """Largest absolute Welch t of a feature, without assuming equal variances.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        One row a sample, at least 2 rows each; one feature may come as (n,) and (m,).

    Returns
    -------
    float, at least 0
        The largest |t|; lower is better.

    Raises
    ------
    BadInput
        For fewer than 2 rows, or a feature that is constant in both samples at different values.

    Notes
    -----
    ``t = (mean_r - mean_f) / sqrt(s_r^2 / n + s_f^2 / m)``

    References
    ----------
    .. [1] Welch, 1947, Biometrika 34

    Examples
    --------
    >>> from ganbench.metrics import welch_statistic
    >>> round(welch_statistic([[0.0], [2.0]], [[1.0], [3.0]]), 4)
    0.7071
    """
    return strongest(welch_tests(real, fake))


@metric(better="higher", scale="logit", bounds=(0.0, 1.0), invariances=PER_FEATURE, minimum=30, cost="20 n d + 20 m d")
def welch_p_value(real: Any, fake: Any) -> float:
    """Smallest p-value of the Welch tests of the features, corrected for their number.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        One row a sample, 2 rows or more; one feature may come as (n,) and (m,).

    Returns
    -------
    float, 0 to 1
        The corrected p-value, even over [0, 1] where nothing differs; higher is better.

    Raises
    ------
    BadInput
        For fewer than 2 rows.

    Notes
    -----
    The smallest of Holm's adjusted p-values, with the degrees of freedom of Welch and Satterthwaite.

    References
    ----------
    .. [1] Welch, 1947, Biometrika 34

    Examples
    --------
    >>> from ganbench.metrics import welch_p_value
    >>> round(welch_p_value([[0.0], [2.0]], [[1.0], [3.0]]), 4)
    0.5528
    """
    return welch_tests(real, fake).holm.min().item()


@metric(
    better="lower",
    scale="log",
    bounds=(0.0, math.inf),
    invariances=PER_FEATURE | {"rotation"},
    minimum=100,
    cost="2 n d^2 + 2 m d^2 + 5 d^3",
)
def hotelling_t2(real: Any, fake: Any) -> float:
    """Hotelling's T^2 of the two means, which takes the features together.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, with at least d + 3 rows together.

    Returns
    -------
    float, at least 0
        The statistic; lower is better.

    Raises
    ------
    BadInput
        Where the pooled covariance has no inverse: too few rows, or features that others determine.

    Notes
    -----
    ``T^2 = n m / (n + m) gap' S_p^-1 gap`` with the gap of the means and the pooled covariance.

    References
    ----------
    .. [1] Hotelling, 1931, The generalization of Student's ratio

    Examples
    --------
    >>> from ganbench.metrics import hotelling_t2
    >>> round(hotelling_t2([[0.0], [2.0]], [[1.0], [3.0]]), 4)
    0.5
    """
    return hotelling_test(real, fake).statistic


@metric(
    better="higher",
    scale="logit",
    bounds=(0.0, 1.0),
    invariances=PER_FEATURE | {"rotation"},
    minimum=100,
    cost="2 n d^2 + 2 m d^2 + 5 d^3",
)
def hotelling_p_value(real: Any, fake: Any) -> float:
    """p-value of Hotelling's test that the two means are equal.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features; at least d + 3 rows in both together.

    Returns
    -------
    float, 0 to 1
        The p-value, spread evenly over [0, 1] for equal normal distributions; higher is better.

    Raises
    ------
    BadInput
        Where the pooled covariance has no inverse.

    Notes
    -----
    ``T^2 (n + m - d - 1) / (d (n + m - 2))`` against the F distribution with d and n + m - d - 1 degrees of freedom.

    References
    ----------
    .. [1] Hotelling, 1931, The generalization of Student's ratio

    Examples
    --------
    >>> from ganbench.metrics import hotelling_p_value
    >>> round(hotelling_p_value([[0.0], [2.0]], [[1.0], [3.0]]), 4)
    0.5528
    """
    return hotelling_test(real, fake).p_value


@metric(
    better="lower",
    scale="logit",
    ideal=0.0,
    bounds=(0.0, 1.0),
    invariances=PER_FEATURE | {"identity"},
    minimum=100,
    cost="30 n d log(n) + 30 m d log(m)",
)
def ks_statistic(real: Any, fake: Any) -> float:
    """Largest Kolmogorov-Smirnov distance of a feature.

    Sees any difference of the margins, none of how features go together.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        At least 2 rows each; one feature may be (n,) and (m,).

    Returns
    -------
    float, 0 to 1
        The largest distance; lower is better, ideally 0.

    Raises
    ------
    BadInput
        For fewer than 2 rows.

    Notes
    -----
    ``sup |F - G|`` of the empirical distribution functions of each feature.

    References
    ----------
    .. [1] Kolmogorov, 1933; Smirnov, 1939

    Examples
    --------
    >>> from ganbench.metrics import ks_statistic
    >>> ks_statistic([[0.0], [2.0]], [[1.0], [3.0]])
    0.5
    """
    return ks_distances(*checked(real, fake)).max().item()


@metric(
    better="higher",
    scale="logit",
    bounds=(0.0, 1.0),
    invariances=PER_FEATURE,
    minimum=100,
    cost="30 n d log(n) + 30 m d log(m)",
)
def ks_p_value(real: Any, fake: Any) -> float:
    """Smallest p-value of the Kolmogorov-Smirnov tests of the features, corrected for their number.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Two rows or more each; one feature may be (n,) and (m,).

    Returns
    -------
    float, 0 to 1
        The p-value; higher is better.

    Raises
    ------
    BadInput
        For fewer than 2 rows.

    Notes
    -----
    Bonferroni's correction of the smallest p-value; exact null distribution up to 10 000 rows.

    References
    ----------
    .. [1] Kolmogorov, 1933; Smirnov, 1939

    Examples
    --------
    >>> from ganbench.metrics import ks_p_value
    >>> round(ks_p_value([[0.0], [1.0]], [[5.0], [6.0]]), 4)
    0.3333
    """
    a, b = checked(real, fake)
    worst = int(ks_distances(a, b).argmax())  # all features have the same null distribution, so only one needs it
    return min(1.0, a.shape[1] * float(ks_2samp(a[:, worst].numpy(), b[:, worst].numpy()).pvalue))
