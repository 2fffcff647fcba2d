from __future__ import annotations

from math import exp, log, pi

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from ganbench.data.mixtures import ring
from ganbench.nets import discriminator
from ganbench.notes.kl_against_js import DIVERGENCES, GENERATORS, RATES, method
from ganbench.training.functional import StackedNet
from tests.notes.measured import findings

pytestmark = pytest.mark.xdist_group("experiment-kl_against_js")

RADIUS, SD = 2.0, 0.1
SMALL, AMPLE = "KL against JS, one Gaussian", "KL against JS, ample generator"
# As the note would have it: KL keeps what JS loses, whatever the generator.


def mass(mean: float, variance: float, points: np.ndarray) -> np.ndarray:
    return multivariate_normal((mean, 0), variance * np.eye(2)).pdf(points)


@pytest.fixture(scope="module")
def plane() -> tuple[np.ndarray, np.ndarray, float]:
    """Points of a square, the ring's density there, and the area of a cell: half an sd wide, exact for Gaussians."""
    line = np.arange(-7, 7, SD / 2)
    points = np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)
    centres = [RADIUS * np.array([np.cos(a), np.sin(a)]) for a in np.arange(8) * pi / 4]
    ring_density = np.mean([multivariate_normal(centre, SD**2 * np.eye(2)).pdf(points) for centre in centres], 0)
    return points, ring_density, (SD / 2) ** 2


def divergences(p: np.ndarray, q: np.ndarray, area: float) -> tuple[float, float]:
    """KL(P||Q) and JS of two densities on cells."""
    m, tiny = (p + q) / 2, 1e-300
    kl, mine, theirs = (float(np.sum(a * np.log((a + tiny) / (b + tiny))) * area) for a, b in ((p, q), (p, m), (q, m)))
    return kl, (mine + theirs) / 2


def test_of_single_gaussians_kl_prefers_the_whole_ring_and_js_one_mode(
    plane: tuple[np.ndarray, np.ndarray, float],
) -> None:
    points, p, area = plane
    moments = RADIUS**2 / 2 + SD**2
    whole, broad = divergences(p, mass(0, moments, points), area)
    # Of all Gaussians the one with P's moments is nearest under KL, at a distance of -H(P) + log(2 pi e variance).
    assert whole == pytest.approx(log(moments / SD**2) - log(8), abs=1e-4)
    one, narrow = divergences(p, mass(RADIUS, SD**2, points), area)
    assert one > 50 * whole
    assert narrow == pytest.approx(0.497, abs=5e-4)
    broad = min(divergences(p, mass(0, variance, points), area)[1] for variance in (1.8, 2.01, 2.1, 2.2, 2.3, 2.4))
    assert broad == pytest.approx(0.578, abs=5e-4)


@pytest.mark.parametrize("divergence", DIVERGENCES)
def test_the_methods_differ_in_generator_and_divergence_alone(divergence: str) -> None:
    data = ring(radius=RADIUS, sd=SD)
    small, ample = (method(generator, divergence, data) for generator in GENERATORS)
    assert ample.divergence == small.method.divergence == divergence  # type: ignore[attr-defined]
    assert small.updates(0) == ample.updates(0) == ("both",)
    assert ample.lr_pair == tuple(RATES[divergence])
    nets = [baseline.networks(data.space) for baseline in (small, ample)]
    assert [sum(p.numel() for p in generator.parameters()) for generator, _ in nets] == [6, 17_154]
    assert len({sum(p.numel() for p in each.parameters()) for _, each in nets}) == 1


def test_the_small_generator_has_the_same_objective() -> None:
    data = ring(radius=RADIUS, sd=SD)
    small, ample = (method(generator, "jensen_shannon", data) for generator in GENERATORS)
    net = discriminator(data.space)
    D = StackedNet.of(net).net(torch.cat([p.detach().flatten() for p in net.parameters()]), {})
    batch = type("Batch", (), {"x": torch.randn(7, 2), "z": torch.randn(7, 2)})()
    for loss in ("discriminator_loss", "generator_loss"):
        first, second = (getattr(each, loss)(lambda z: 2 * z, D, batch) for each in (small, ample))
        assert torch.equal(first, second)


@pytest.mark.slow
def test_one_gaussian_learns_the_moments_under_kl() -> None:
    results = findings("kl_against_js")
    variance = RADIUS**2 / 2 + SD**2
    # Discs of 3 sd around 8 centres; 7500 samples have a standard error of 0.003, the last steps of training vary more.
    share = 8 * pi * (3 * SD) ** 2 * exp(-(RADIUS**2) / 2 / variance) / (2 * pi * variance)
    assert results.mean("quality, Gaussian, KL") == pytest.approx(share, abs=0.015)
    assert min(results.numbers["recall, Gaussian, KL"]) > 0.9


@pytest.mark.slow
def test_gains_are_differences_of_pairs() -> None:
    numbers = findings("kl_against_js").numbers
    for what in ("recall", "modes"):
        for generator in GENERATORS:
            mine, theirs = (np.array(numbers[f"{what}, {generator}, {name}"]) for name in ("KL", "JS"))
            assert numbers[f"{what} gained by KL over JS, {generator}"] == pytest.approx(mine - theirs)
            assert len(mine) == 5
