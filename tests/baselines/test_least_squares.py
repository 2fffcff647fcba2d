"""Least squares against values worked out by hand."""

from __future__ import annotations

import pytest
import torch

from ganbench.baselines.lsgan import LSGAN
from ganbench.errors import BadInput
from tests.baselines.critics import P, Q, steepness, three_points
from tests.baselines.fixtures import batch, curved, logits, shift_gradient

PEARSON = LSGAN(a=-1.0, b=1.0, c=0.0)


@pytest.mark.parametrize(("game", "critic", "generator"), [(LSGAN(), 1.635, 0.2225), (PEARSON, 2.985, 0.5725)])
def test_losses_on_logits(game: LSGAN, critic: float, generator: float) -> None:
    assert game.critic_loss(*logits()).item() == pytest.approx(critic, abs=1e-9)
    assert game.generator_loss(*logits()).item() == pytest.approx(generator, abs=1e-9)


def test_losses_on_a_curved_critic() -> None:
    G, D, b = curved()
    assert LSGAN().critic_loss(G, D, b).item() == pytest.approx(2.96578125, abs=1e-9)
    assert shift_gradient(LSGAN().generator_loss(G, D, b), G) == pytest.approx([0.8625, -0.45625], abs=1e-9)


@pytest.mark.parametrize("game", [LSGAN(), PEARSON, LSGAN(a=-0.5, b=2.0, c=1.0)])
def test_the_best_critic_mixes_the_labels_by_the_odds(game: LSGAN) -> None:
    G, D, b = three_points((game.b * P + game.a * Q) / (P + Q))
    assert steepness(game.critic_loss(G, D, b), D) < 1e-12


def test_the_right_labels_make_it_a_pearson_divergence() -> None:
    """What the best critic still loses is 1 - chi^2(p + q, 2q) / 2, the half of sum (p - q)^2 / (p + q) apart."""
    G, D, b = three_points((P - Q) / (P + Q))
    half = ((P - Q).square() / (P + Q)).sum().item() / 2
    assert half == pytest.approx(0.1742857143, abs=1e-9)
    assert PEARSON.critic_loss(G, D, b).item() == pytest.approx(1 - half, abs=1e-12)
    real, fake = D(b.x), D(G(b.z))
    assert (real.square().mean() + fake.square().mean()).item() / 2 == pytest.approx(half, abs=1e-12)


def test_equal_clouds_leave_a_quarter_of_the_squared_distance_between_the_labels() -> None:
    G, D, b = three_points(torch.full((3,), (2.0 - 0.5) / 2))
    game = LSGAN(a=-0.5, b=2.0)
    assert game.critic_loss(G, D, batch(x=b.x, z=b.x)).item() == pytest.approx(2.5**2 / 4, abs=1e-12)


def test_the_loss_is_a_mean_whatever_the_batch() -> None:
    G, D, b = curved()
    twice = batch(x=b.x.repeat(2, 1), z=b.z.repeat(2, 1))
    assert LSGAN().critic_loss(G, D, twice).item() == pytest.approx(LSGAN().critic_loss(G, D, b).item(), abs=1e-12)


def test_a_far_fake_is_pulled_the_harder() -> None:
    G, D, b = logits()
    for far in (-10.0, -100.0):
        z = torch.tensor([[far], [1.0]], dtype=torch.double, requires_grad=True)
        (slope,) = torch.autograd.grad(LSGAN().generator_loss(G, D, batch(x=b.x, z=z)), z)
        assert slope.flatten().tolist() == pytest.approx([(far - 1) / 2, 0.0], abs=1e-12)


def test_labels_must_differ() -> None:
    with pytest.raises(BadInput, match="b must be different from a"):
        LSGAN(a=1.0)
