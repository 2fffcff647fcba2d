"""Least squares against values worked out by hand."""

from __future__ import annotations

import pytest
import torch

from ganbench.baselines.lsgan import LSGAN
from ganbench.errors import BadInput
from tests.baselines.fixtures import P, Q, batch, curved, largest_gradient, logits, shift_gradient, three_points

PEARSON = LSGAN(a=-1.0, b=1.0, c=0.0)


@pytest.mark.parametrize(
    ("baseline", "discriminator", "generator"), [(LSGAN(), 1.635, 0.2225), (PEARSON, 2.985, 0.5725)]
)
def test_losses_on_logits(baseline: LSGAN, discriminator: float, generator: float) -> None:
    assert baseline.discriminator_loss(*logits()).item() == pytest.approx(discriminator, abs=1e-9)
    assert baseline.generator_loss(*logits()).item() == pytest.approx(generator, abs=1e-9)


def test_losses_on_a_curved_discriminator() -> None:
    G, D, b = curved()
    assert LSGAN().discriminator_loss(G, D, b).item() == pytest.approx(2.96578125, abs=1e-9)
    assert shift_gradient(LSGAN().generator_loss(G, D, b), G) == pytest.approx([0.8625, -0.45625], abs=1e-9)


@pytest.mark.parametrize("baseline", [LSGAN(), PEARSON, LSGAN(a=-0.5, b=2.0, c=1.0)])
def test_the_best_discriminator_is_the_mean_label_at_each_point(baseline: LSGAN) -> None:
    G, D, b = three_points((baseline.b * P + baseline.a * Q) / (P + Q))
    assert largest_gradient(baseline.discriminator_loss(G, D, b), D) < 1e-12


def test_the_right_labels_make_it_a_pearson_divergence() -> None:
    """The loss of the best discriminator is 1 minus half of sum (p - q)^2 / (p + q)."""
    G, D, b = three_points((P - Q) / (P + Q))
    half = ((P - Q).square() / (P + Q)).sum().item() / 2
    assert half == pytest.approx(0.1742857143, abs=1e-9)
    assert PEARSON.discriminator_loss(G, D, b).item() == pytest.approx(1 - half, abs=1e-12)
    real, fake = D(b.x), D(G(b.z))
    assert (real.square().mean() + fake.square().mean()).item() / 2 == pytest.approx(half, abs=1e-12)


def test_equal_distributions_leave_a_quarter_of_the_squared_distance_between_the_labels() -> None:
    G, D, b = three_points(torch.full((3,), (2.0 - 0.5) / 2))
    baseline = LSGAN(a=-0.5, b=2.0)
    assert baseline.discriminator_loss(G, D, batch(x=b.x, z=b.x)).item() == pytest.approx(2.5**2 / 4, abs=1e-12)


def test_a_distant_fake_has_a_larger_gradient() -> None:
    G, D, b = logits()
    for far in (-10.0, -100.0):
        z = torch.tensor([[far], [1.0]], dtype=torch.double, requires_grad=True)
        (gradient,) = torch.autograd.grad(LSGAN().generator_loss(G, D, batch(x=b.x, z=z)), z)
        assert gradient.flatten().tolist() == pytest.approx([(far - 1) / 2, 0.0], abs=1e-12)


def test_labels_must_differ() -> None:
    with pytest.raises(BadInput, match="b must be different from a"):
        LSGAN(a=1.0)
