from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import kstest, norm

from ganbench._util.streams import stream
from ganbench.notes._fgan import Run, bounded, examples
from ganbench.notes._fitting import DIVERGENCES, PUBLISHED
from ganbench.notes._perceptrons import start
from ganbench.notes.fitted_gaussians import PRINTED, optima
from tests.notes.measured import findings

pytestmark = pytest.mark.xdist_group("experiment-fitted_gaussians")


@pytest.mark.slow
@pytest.mark.parametrize("name", DIVERGENCES)
def test_quadrature_finds_the_printed_optimum(name: str) -> None:
    optimum = optima()[name]
    assert (optimum.mean, optimum.sd, optimum.value) == pytest.approx(PRINTED[name], abs=8e-4)


@pytest.mark.slow
def test_the_best_gaussian_under_kl_has_the_mixture_s_moments() -> None:
    mean = 0.67 * 2 - 0.33
    sd = (0.67 * (2 + 4) + 0.33 * (0.255**2 + 1) - mean**2) ** 0.5
    assert (optima()["kl"].mean, optima()["kl"].sd) == pytest.approx((mean, sd), abs=1e-5)


def test_stratified_examples_follow_the_distribution_they_are_drawn_from() -> None:
    data, noise = examples(PUBLISHED, [stream(3, "test")], 1000)

    def distribution(x: float) -> float:
        return float(0.67 * norm.cdf(x, 2, 2**0.5) + 0.33 * norm.cdf(x, -1, 0.255))

    # Strata keep the empirical distribution closer than chance: a part with a wrong weight, mean or sd is off by more.
    assert kstest(data[0].double().numpy(), np.vectorize(distribution)).statistic < 0.004
    assert kstest(noise[0].double().numpy(), norm.cdf).statistic < 0.004


def test_a_run_s_bound_is_the_one_it_would_have_alone() -> None:
    runs = [Run(0, "kl"), Run(1, "kl"), Run(0, "pearson", 3)]
    drawn = examples(PUBLISHED, [stream(seed, "test") for seed in range(3)], 100)
    layers = start([(seed, "test") for seed in range(3)], (1, 8, 8, 1))
    together = bounded(runs, layers, drawn, torch.zeros(3, 2))
    for i, run in enumerate(runs):
        own = [(weight[i : i + 1], bias[i : i + 1]) for weight, bias in layers]
        alone = bounded([run], own, (drawn[0][i : i + 1], drawn[1][i : i + 1]), torch.zeros(1, 2))
        assert together[i].item() == pytest.approx(alone.item(), rel=1e-5)


@pytest.mark.slow
def test_runs_learn_the_optimum_within_the_published_bands() -> None:
    results = findings("fitted_gaussians")
    for name in DIVERGENCES:
        mean, sd, _ = PRINTED[name]
        assert results.numbers[f"{name}_mean"] == pytest.approx([mean] * 3, abs=0.03)
        assert results.numbers[f"{name}_sd"] == pytest.approx([sd] * 3, abs=0.05)
        assert min(results.numbers[f"{name}_gap"]) > 0  # a bound from below
        assert min(results.numbers[f"{name}_excess"]) > -1e-9  # nothing beats the optimum
