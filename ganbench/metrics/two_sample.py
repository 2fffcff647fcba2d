"""The classical two-sample tests: t, Welch, Hotelling and Kolmogorov-Smirnov, each with the p-value of its null law."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.stats import f as fisher
from scipy.stats import ks_2samp
from scipy.stats import t as student
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics.features import features


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
    """One test of the whole clouds."""

    statistic: float
    p_value: float


def samples(real: Any, fake: Any) -> tuple[Tensor, Tensor]:
    """Both clouds (n, d), (m, d) in float64 on the CPU, 1-D arrays as one feature; BadInput below 2 rows."""
    a, b = (features(column(side), name).values.double().cpu() for side, name in ((real, "real"), (fake, "fake")))
    for name, side in (("real", a), ("fake", b)):
        if len(side) < 2:
            raise BadInput(f"{name}: expected at least 2 rows, got {len(side)}")
    if a.shape[1] != b.shape[1]:
        raise BadInput(f"fake: expected {a.shape[1]} columns as in real, got {b.shape[1]}")
    return a, b


def column(values: Any) -> Any:
    """Return a 1-D sample as a cloud of one feature, anything else as it is."""
    return values.reshape(-1, 1) if isinstance(values, Tensor | np.ndarray) and values.ndim == 1 else values


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and unbiased variance of each feature, exact (and exactly 0) where all rows agree."""
    low, high = x.amin(0), x.amax(0)
    return x.mean(0).clamp(low, high), torch.where(low == high, 0.0, x.var(0))


def t_tests(real: Any, fake: Any) -> FeatureTests:
    """Student's t of each feature: (mean_r - mean_f) / sqrt(s_p^2 (1/n + 1/m)), with n + m - 2 degrees of freedom.

    The factor 1/n + 1/m belongs under the root: left outside, it inflates t by 1 / sqrt(1/n + 1/m).
    """
    a, b = samples(real, fake)
    n, m = len(a), len(b)
    (mean_a, var_a), (mean_b, var_b) = moments(a), moments(b)
    pooled = ((n - 1) * var_a + (m - 1) * var_b) / (n + m - 2)
    return location_tests(mean_a - mean_b, pooled * (1 / n + 1 / m), torch.full_like(pooled, n + m - 2))


def welch_tests(real: Any, fake: Any) -> FeatureTests:
    """Welch's t of each feature, for unequal variances, with the degrees of freedom of Welch and Satterthwaite."""
    a, b = samples(real, fake)
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
    """Kolmogorov-Smirnov test of each feature: sup |F - G|, with the exact null law up to 10 000 rows."""
    a, b = samples(real, fake)
    p_values = [ks_2samp(x.numpy(), y.numpy()).pvalue for x, y in zip(a.T, b.T, strict=True)]
    return FeatureTests(ks_distances(a, b), torch.tensor(p_values, dtype=torch.float64))


def ks_distances(a: Tensor, b: Tensor) -> Tensor:
    """Supremum of |F - G| of each feature, (d,): the empirical distribution functions compared at every row of both."""
    rows = torch.cat([a, b]).T.contiguous()
    ordered = [side.T.contiguous().sort().values for side in (a, b)]
    f, g = (torch.searchsorted(side, rows, right=True).double() / side.shape[1] for side in ordered)
    return (f - g).abs().amax(1)


def hotelling_test(real: Any, fake: Any) -> TwoSampleTest:
    """Hotelling's T^2 = nm / (n + m) gap' S_p^-1 gap, and the p-value of its F law with d and n + m - d - 1 degrees.

    Raises BadInput where the pooled covariance has no inverse: too few rows, or features that others determine.
    """
    a, b = samples(real, fake)
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
