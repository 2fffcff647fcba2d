"""Two-sample tests as scores: of several features the one that differs most speaks.

Its absolute statistic is one score; its p-value after Bonferroni's correction (the smallest of Holm's) is another.
Under a perfect sampler a p-value is spread evenly over [0, 1]: it tells whether a gap is there, not how large it is.
"""

from __future__ import annotations

import math
from typing import Any

from scipy.stats import ks_2samp

from ganbench.errors import BadInput
from ganbench.metrics.base import Law, Need, metric
from ganbench.metrics.two_sample import (
    FeatureTests,
    hotelling_test,
    ks_distances,
    samples,
    t_tests,
    welch_tests,
)

CLOUDS: tuple[Need, ...] = ("real", "fake")
STUDENT, WELCH = "Student, 1908, The probable error of a mean", "Welch, 1947, Biometrika 34"
HOTELLING, KOLMOGOROV = "Hotelling, 1931, The generalization of Student's ratio", "Kolmogorov, 1933; Smirnov, 1939"
PER_FEATURE: frozenset[Law] = frozenset({"symmetric", "translation", "scale", "permutation"})


def strongest(tests: FeatureTests) -> float:
    """Return the largest absolute statistic; BadInput where it is infinite."""
    value = tests.statistics.abs().max().item()
    if math.isinf(value):
        raise BadInput("real, fake: undefined, a feature is constant in both samples, at different values")
    return value


@metric(needs=CLOUDS, better="lower", ideal=None, bounds=(0.0, math.inf), paper=STUDENT, laws=PER_FEATURE, minimum=30)
def t_statistic(real: Any, fake: Any) -> float:
    """Largest absolute pooled t of a feature. Sees means only: blind to spread, modes and everything else."""
    return strongest(t_tests(real, fake))


@metric(needs=CLOUDS, better="higher", ideal=None, bounds=(0.0, 1.0), paper=STUDENT, laws=PER_FEATURE, minimum=30)
def t_p_value(real: Any, fake: Any) -> float:
    """Smallest p-value of the pooled t tests of the features, corrected for their number."""
    return t_tests(real, fake).holm.min().item()


@metric(needs=CLOUDS, better="lower", ideal=None, bounds=(0.0, math.inf), paper=WELCH, laws=PER_FEATURE, minimum=30)
def welch_statistic(real: Any, fake: Any) -> float:
    """Largest absolute Welch t of a feature: as t_statistic, without assuming equal variances."""
    return strongest(welch_tests(real, fake))


@metric(needs=CLOUDS, better="higher", ideal=None, bounds=(0.0, 1.0), paper=WELCH, laws=PER_FEATURE, minimum=30)
def welch_p_value(real: Any, fake: Any) -> float:
    """Smallest p-value of the Welch tests of the features, corrected for their number."""
    return welch_tests(real, fake).holm.min().item()


@metric(
    needs=CLOUDS,
    better="lower",
    ideal=None,
    bounds=(0.0, math.inf),
    paper=HOTELLING,
    laws=PER_FEATURE | {"rotation"},
    minimum=100,
)
def hotelling_t2(real: Any, fake: Any) -> float:
    """Hotelling's T^2 of the two means, which takes the features together; BadInput for a singular covariance."""
    return hotelling_test(real, fake).statistic


@metric(
    needs=CLOUDS,
    better="higher",
    ideal=None,
    bounds=(0.0, 1.0),
    paper=HOTELLING,
    laws=PER_FEATURE | {"rotation"},
    minimum=100,
)
def hotelling_p_value(real: Any, fake: Any) -> float:
    """p-value of Hotelling's test: T^2 (n + m - d - 1) / (d (n + m - 2)) against its F law."""
    return hotelling_test(real, fake).p_value


@metric(
    needs=CLOUDS,
    better="lower",
    ideal=0.0,
    bounds=(0.0, 1.0),
    paper=KOLMOGOROV,
    laws=PER_FEATURE | {"identity"},
    minimum=100,
)
def ks_statistic(real: Any, fake: Any) -> float:
    """Largest sup |F - G| of a feature: sees any difference of the margins, none of how features go together."""
    return ks_distances(*samples(real, fake)).max().item()


@metric(needs=CLOUDS, better="higher", ideal=None, bounds=(0.0, 1.0), paper=KOLMOGOROV, laws=PER_FEATURE, minimum=100)
def ks_p_value(real: Any, fake: Any) -> float:
    """Smallest p-value of the Kolmogorov-Smirnov tests of the features, corrected for their number."""
    a, b = samples(real, fake)
    worst = int(ks_distances(a, b).argmax())  # all features have the same null law, so only one needs it
    return min(1.0, a.shape[1] * float(ks_2samp(a[:, worst].numpy(), b[:, worst].numpy()).pvalue))
