"""The variational bound: exact in a linear model, below a tighter one in a trained VAE."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm

from ganbench.notes.vae_bound import NOISE, W, X, divergence, exact_log_p, linear_bound, posterior, printed
from tests.notes.measured import findings

pytestmark = pytest.mark.xdist_group("experiment-vae_bound")
NAME = "vae_bound"
LEAST, BOUND = "the least divergence of a code", "the bound that a VAE maximises"


@pytest.mark.parametrize(("mean", "variance"), [(0.0, 1.0), (1.0, 2.0), (-0.5, 0.3)])
def test_the_divergence_is_its_integral(mean: float, variance: float) -> None:
    q = norm(mean, sqrt(variance))
    integral = quad(lambda z: q.pdf(z) * (q.logpdf(z) - norm.logpdf(z)), -20, 20, points=[mean])[0]
    assert divergence(mean, variance) == pytest.approx(integral, abs=1e-8)
    assert printed(mean, variance) == -divergence(mean, variance)


def test_the_linear_model_agrees_with_integrals_over_the_code() -> None:
    likelihood = quad(lambda z: norm.pdf(z) * np.prod(norm.pdf(X, W * z, NOISE)), -8, 8, points=[0.6], epsabs=1e-13)[0]
    assert exact_log_p() == pytest.approx(np.log(likelihood), abs=1e-8)
    distribution = multivariate_normal([0.0, 0.0], [[1.25, 2.0], [2.0, 4.25]])
    assert exact_log_p() == pytest.approx(distribution.logpdf([1.0, 1.0]))
    mean, variance = posterior()
    assert (mean, variance) == pytest.approx((0.5714286, 0.0476190), abs=1e-7)
    assert linear_bound(mean, variance) == pytest.approx(exact_log_p(), abs=1e-12)
    assert linear_bound(0.3, 0.2) < exact_log_p()


@pytest.mark.slow
def test_the_trained_bound_is_below_the_weighted_one() -> None:
    results = findings(NAME)
    pairs = zip(results.numbers["bound"], results.numbers["weighted bound"], strict=True)
    assert all(0.2 < tighter - bound < 30 for bound, tighter in pairs)  # nats; 450 images times 64 draws: error 0.05
    assert max(results.numbers["posterior variance"]) < 1
