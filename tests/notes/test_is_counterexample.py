from math import exp, pi

import pytest
import torch
from scipy.stats import norm

from ganbench._util.streams import stream
from ganbench.metrics import METRICS
from ganbench.notes._detection import detection
from ganbench.notes._two_gaussians import (
    FAKES,
    NARROW,
    TRUTH,
    UNIFORM,
    WIDE,
    Distribution,
    distributions,
    posteriors,
    uncertainty,
)
from tests.notes import measured

pytestmark = pytest.mark.xdist_group("experiment-is_counterexample")
NAME = "is_counterexample"
EXACT = {  # by an independent quadrature
    2: {TRUTH: 1.223047, NARROW: 1.533328, WIDE: 1.873667, UNIFORM: 1.967370},
    1: {TRUTH: 1.400502, NARROW: 1.733954, WIDE: 1.935533, UNIFORM: 1.983618},
}


@pytest.mark.parametrize("v", EXACT)
@pytest.mark.parametrize("name", [TRUTH, *FAKES])
def test_the_score_of_each_distribution_is_exact(v: int, name: str) -> None:
    assert measured.findings(NAME).mean(f"IS: {name}, v = {v}") == pytest.approx(EXACT[v][name], abs=1e-6)


def test_the_score_of_the_uniform_distribution_follows_its_closed_form() -> None:
    results = measured.findings(NAME)
    assert results.mean("formula: U(-100, 100)") == pytest.approx(2 * exp(-(pi**2) / 600), rel=1e-14)
    assert results.mean(f"IS: {UNIFORM}, v = 2") == pytest.approx(results.mean("formula: U(-100, 100)"), rel=1e-9)


@pytest.mark.parametrize("name", [TRUTH, *FAKES])
def test_the_library_s_score_of_draws_agrees_with_the_quadrature(name: str) -> None:
    # the plug-in score of two classes is biased by 1 / 2n of 20 000 only; its error is that of its own draws
    results = measured.findings(NAME)
    gap = abs(results.mean(f"inception_score: {name}") - EXACT[2][name])
    assert gap < 2 * results.half_width(f"inception_score: {name}") < 0.01


@pytest.mark.parametrize(("name", "value"), [(NARROW, 2.169), (WIDE, 14.558), (UNIFORM, 48.601)])
def test_the_distance_from_the_truth_is_that_of_the_distributions(name: str, value: float) -> None:
    results = measured.findings(NAME)
    assert results.mean(f"w1: {name}") == pytest.approx(value, abs=2 * results.half_width(f"w1: {name}"))


@pytest.mark.parametrize("v", [1.0, 2.0])
def test_the_classifier_is_bayes_of_the_two_components(v: float) -> None:
    x = torch.linspace(-3, 3, 7, dtype=torch.float64)
    left, right = (torch.from_numpy(norm.pdf(x.numpy(), centre, v**0.5)) for centre in (-1, 1))
    torch.testing.assert_close(posteriors(x, 2 / v)[:, 1], right / (left + right))


@pytest.mark.parametrize("name", [TRUTH, *FAKES])
def test_draws_follow_their_density(name: str) -> None:
    distribution = distributions(2.0)[name]
    x = distribution.draw(20_000, stream(0, "test"))
    inside = float((x.abs() < 3).double().mean())
    grid = torch.linspace(-3, 3, 3001, dtype=torch.float64)
    share = float(torch.trapezoid(torch.tensor([distribution.density(float(value)) for value in grid]), grid))
    assert inside == pytest.approx(share, abs=4 * (share * (1 - share) / 20_000) ** 0.5)


def test_a_distribution_far_from_the_border_leaves_no_uncertainty() -> None:
    far = Distribution(lambda x: 0.5 * (50 < abs(x) < 51), lambda n, random: torch.full((n,), 50.5))
    assert uncertainty(far, 1.0) < 1e-15


def test_detection_knows_the_better_direction_of_each_metric() -> None:
    assert detection(METRICS["fid"], (2.0, 3.0), (0.5, 1.0)) == "sees"
    assert detection(METRICS["recall"], (2.0, 3.0), (0.5, 1.0)) == "praises"
    assert detection(METRICS["one_nn_accuracy"], (0.1, 0.2), (0.45, 0.6)) == "sees"
    assert detection(METRICS["fid"], (0.9, 3.0), (0.5, 1.0)) == "blind"
