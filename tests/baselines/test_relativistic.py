"""Relativistic losses against values worked out by hand."""

from __future__ import annotations

from math import log

import pytest
import torch
from torch import Tensor, nn

from ganbench.baseline import Baseline, Batch
from ganbench.baselines.r3gan import R3GAN
from ganbench.baselines.ra_hinge import RelativisticAverageHingeGAN
from ganbench.baselines.ra_lsgan import RelativisticAverageLSGAN
from ganbench.baselines.ragan import RelativisticAverageGAN
from ganbench.baselines.rsgan import RSGAN
from ganbench.dataset import Space
from ganbench.nets.layers import BatchNorm
from ganbench.optim import Adam
from tests.baselines.fixtures import LOGITS_FAKE, LOGITS_REAL, batch, curved, linear, logits

VALUES: list[tuple[Baseline, float, float]] = [
    (RSGAN(), 1.5666224894, 0.4666224894),
    (RelativisticAverageGAN(), 2.8664453315, 0.6664453315),
    (RelativisticAverageHingeGAN(), 4.2, 0.6),
    (RelativisticAverageLSGAN(), 9.805, 1.005),
]
EVERY = [baseline for baseline, _, _ in VALUES]


@pytest.mark.parametrize(("baseline", "discriminator", "generator"), VALUES)
def test_losses_on_logits(baseline: Baseline, discriminator: float, generator: float) -> None:
    assert baseline.discriminator_loss(*logits()).item() == pytest.approx(discriminator, abs=1e-9)
    assert baseline.generator_loss(*logits()).item() == pytest.approx(generator, abs=1e-9)


@pytest.mark.parametrize("baseline", EVERY)
def test_the_generator_s_loss_is_the_discriminator_s_with_real_and_fake_exchanged(baseline: Baseline) -> None:
    G, D, _ = logits()
    swapped = batch(x=LOGITS_FAKE, z=LOGITS_REAL)
    assert baseline.generator_loss(*logits()).item() == pytest.approx(
        baseline.discriminator_loss(G, D, swapped).item(), abs=1e-12
    )


@pytest.mark.parametrize(("baseline", "loss"), list(zip(EVERY, [log(2), 2 * log(2), 2.0, 2.0], strict=True)))
def test_losses_of_an_undecided_discriminator(baseline: Baseline, loss: float) -> None:
    G, _, b = logits()
    assert baseline.discriminator_loss(G, linear(0.0), b).item() == pytest.approx(loss, abs=1e-12)
    assert baseline.generator_loss(G, linear(0.0), b).item() == pytest.approx(loss, abs=1e-12)


@pytest.mark.parametrize("baseline", EVERY)
def test_gradients_flow_through_both_kinds_and_their_averages(baseline: Baseline) -> None:
    """Only differences count, so all gradients together cancel; a constant average would spoil that."""
    G, D, _ = logits()
    x, z = (values.clone().requires_grad_() for values in (LOGITS_REAL, LOGITS_FAKE))
    for loss in (baseline.discriminator_loss, baseline.generator_loss):
        real, fake = torch.autograd.grad(loss(G, D, batch(x=x, z=z)), [x, z])
        assert (real.sum() + fake.sum()).item() == pytest.approx(0, abs=1e-12)
        assert real.abs().max() > 0.05


def flipped(b: Batch) -> Batch:
    return batch(x=b.x, z=b.z.flip(0))


def test_only_pairs_depend_on_the_order_of_fakes() -> None:
    G, D, b = logits()
    for baseline in EVERY:
        apart = abs(baseline.discriminator_loss(G, D, b) - baseline.discriminator_loss(G, D, flipped(b))).item()
        assert (apart > 1e-2) == isinstance(baseline, RSGAN)


# R3GAN.


def at(progress: float, b: Batch) -> Batch:
    return Batch({"x": b.x, "z": b.z, "progress": torch.tensor(progress, dtype=torch.double)})


def test_r3gan_penalises_gradients_at_both_kinds() -> None:
    G, D, b = curved()
    assert R3GAN().discriminator_loss(G, D, b).item() == pytest.approx(4.8106843643, abs=1e-9)
    assert R3GAN().generator_loss(G, D, b).item() == pytest.approx(0.4606843643, abs=1e-9)
    free = R3GAN(gamma=0.0, last_gamma=0.0)
    assert free.discriminator_loss(G, D, b).item() == pytest.approx(
        RSGAN().discriminator_loss(G, D, b).item(), abs=1e-12
    )
    assert R3GAN().monitor(G, D, b).item() == pytest.approx(-0.5 - 1.1875, abs=1e-12)


@pytest.mark.parametrize(("progress", "gamma"), [(0.0, 1.0), (1 / 3, 0.775), (0.5, 0.55), (1.0, 0.1)])
def test_r3gan_s_gamma_falls_on_half_a_cosine(progress: float, gamma: float) -> None:
    G, D, b = curved()
    constant = R3GAN(gamma=gamma, last_gamma=gamma).discriminator_loss(G, D, at(0.0, b))
    assert R3GAN().discriminator_loss(G, D, at(progress, b)).item() == pytest.approx(constant.item(), abs=1e-9)


def test_r3gan_s_rates_and_beta2_follow_half_a_cosine() -> None:
    first, half, last = (R3GAN(lr=(4e-4, 2e-4)).optimizers(progress) for progress in (0.0, 0.5, 1.0))
    assert first == (Adam(4e-4, (0.0, 0.9)), Adam(2e-4, (0.0, 0.9)))
    assert [(rule.lr, *rule.betas) for rule in half if isinstance(rule, Adam)] == [
        pytest.approx((lr, 0.0, 0.945)) for lr in (2.5e-4, 1.25e-4)
    ]
    assert last == (Adam(1e-4, (0.0, 0.99)), Adam(5e-5, (0.0, 0.99)))


@pytest.mark.parametrize("shape", [(2,), (1, 8, 8), (1, 28, 28)])
def test_r3gan_normalises_nothing(shape: tuple[int, ...]) -> None:
    for net in R3GAN().networks(Space(shape, 10, -1, 1)):
        assert not [layer for layer in net.modules() if isinstance(layer, (BatchNorm, nn.LayerNorm, nn.GroupNorm))]
        assert all(layer.bias is not None for layer in net.modules() if isinstance(layer, (nn.Linear, nn.Conv2d)))


def test_r3gan_generates_the_data_s_shape() -> None:
    G, D = R3GAN(latent=5).networks(Space((1, 28, 28), 10, -1, 1))
    fake: Tensor = G(torch.zeros(3, 5))
    assert fake.shape == (3, 1, 28, 28)
    assert D(fake).shape == (3,)
