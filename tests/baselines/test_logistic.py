"""The logistic family against values worked out by hand."""

from __future__ import annotations

from math import log

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganbench.baseline import Baseline, Batch, Net
from ganbench.baselines import consensus
from ganbench.baselines.consensus import Consensus
from ganbench.baselines.dcgan import DCGAN
from ganbench.baselines.gan import GAN
from ganbench.baselines.instance_noise import InstanceNoise
from ganbench.baselines.label_smoothing import LabelSmoothing
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.baselines.r1 import R1
from ganbench.baselines.r2 import R2
from ganbench.baselines.unrolled import UnrolledGAN
from ganbench.dataset import Space
from ganbench.errors import BadInput
from ganbench.nets.layers import BatchNorm
from ganbench.optim import RMSProp
from tests.baselines.fixtures import (
    NOISE,
    REAL,
    Linear,
    Offset,
    P,
    Q,
    as_net,
    batch,
    curved,
    exactly,
    identity,
    largest_gradient,
    linear,
    logits,
    shift_gradient,
    three_points,
)


def noisy() -> tuple[Net, Net, Batch]:
    """Fixture C, with the same noise for real and fake."""
    return curved(n_real=NOISE, n_fake=NOISE)


@pytest.mark.parametrize(
    ("baseline", "discriminator", "generator"),
    [
        (GAN(), 2.1434454095, -1.2497760737),
        (NonSaturatingGAN(), 2.1434454095, 0.3997760737),
        (DCGAN(), 2.1434454095, 0.3997760737),
        (LabelSmoothing(), 2.1184454095, 0.3997760737),
        (LabelSmoothing(target=1.0), 2.1434454095, 0.3997760737),
        (UnrolledGAN(unroll=0), 2.1434454095, -2.1434454095),
        (UnrolledGAN(unroll=0, non_saturating=True), 2.1434454095, 0.3997760737),
    ],
)
def test_losses_on_logits(baseline: Baseline, discriminator: float, generator: float) -> None:
    exactly(baseline.discriminator_loss(*logits()), discriminator)
    exactly(baseline.generator_loss(*logits()), generator)


@pytest.mark.parametrize(
    ("baseline", "discriminator", "generator"),
    [
        (GAN(), 2.6675783759, -1.5055392376),
        (NonSaturatingGAN(), 2.6675783759, 0.3180392376),
        (R1(), 12.4175783759, 0.3180392376),
        (R2(), 19.5425783759, 0.3180392376),
        (R1(gamma=0.0), 2.6675783759, 0.3180392376),
        (R2(gamma=0.0), 2.6675783759, 0.3180392376),
        (InstanceNoise(), 2.5232375652, 0.4106930318),
        (InstanceNoise(sd=0.0), 2.6675783759, 0.3180392376),
    ],
)
def test_losses_on_a_curved_discriminator(baseline: Baseline, discriminator: float, generator: float) -> None:
    exactly(baseline.discriminator_loss(*noisy()), discriminator)
    exactly(baseline.generator_loss(*noisy()), generator)


@pytest.mark.parametrize(
    ("baseline", "expected"),
    [(GAN(), [-1.2486352720, 0.3637170346]), (NonSaturatingGAN(), [-0.3013647280, 0.0362829654])],
)
def test_the_pull_on_the_fakes(baseline: Baseline, expected: list[float]) -> None:
    G, D, b = curved()
    assert shift_gradient(baseline.generator_loss(G, D, b), G) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("baseline", "pull"), [(GAN(), 0.0), (NonSaturatingGAN(), -0.5)])
def test_only_the_saturating_generator_has_no_gradient_when_the_discriminator_is_sure(
    baseline: Baseline, pull: float
) -> None:
    """Half of the gradient per fake logit: the batch has two."""
    z = torch.full((2, 1), -40.0, dtype=torch.double, requires_grad=True)
    G, D, b = logits()
    (gradient,) = torch.autograd.grad(baseline.generator_loss(G, D, batch(x=b.x, z=z)), z)
    assert gradient.flatten().tolist() == pytest.approx([pull, pull], abs=1e-12)


def test_the_best_discriminator_knows_the_odds_and_the_divergence() -> None:
    G, D, b = three_points((P / Q).log())
    loss = GAN().discriminator_loss(G, D, b)
    exactly(loss, 1.2051626612)
    exactly(GAN().monitor(G, D, b), 0.0905658499)
    assert largest_gradient(loss, D) < 1e-12


def test_smoothing_scales_the_best_discriminator_s_answer_by_the_target() -> None:
    answer = 0.9 * P / (P + Q)
    assert answer.tolist() == pytest.approx([0.642857, 0.54, 0.225], abs=1e-6)
    G, D, b = three_points(answer.logit())
    assert largest_gradient(LabelSmoothing().discriminator_loss(G, D, b), D) < 1e-12


def test_losses_at_equilibrium() -> None:
    G, _, b = logits()
    D = linear(0.0)
    exactly(GAN().discriminator_loss(G, D, b), log(4))
    exactly(GAN().generator_loss(G, D, b), -log(2))
    exactly(GAN().monitor(G, D, b), 0.0)
    exactly(NonSaturatingGAN().generator_loss(G, D, b), log(2))


@pytest.mark.parametrize("target", [0.0, 1.1])
def test_a_label_is_a_probability(target: float) -> None:
    with pytest.raises(BadInput, match="target must be in"):
        LabelSmoothing(target=target)


# Instance noise.


def test_the_noise_fades_linearly_and_samples_are_clean() -> None:
    G, D, b = noisy()
    later = Batch({"x": b.x, "z": b.z, "n_real": b.n_real, "n_fake": b.n_fake, "progress": torch.tensor(0.75)})
    thinner = InstanceNoise(sd=0.125)
    exactly(InstanceNoise().discriminator_loss(G, D, later), thinner.discriminator_loss(G, D, b).item())
    exactly(InstanceNoise().generator_loss(G, D, later), thinner.generator_loss(G, D, b).item())
    assert torch.equal(InstanceNoise().generate(G, batch(z=b.z)), b.z)


def test_real_and_fake_have_noise_of_their_own() -> None:
    G, D, b = noisy()
    split = batch(x=b.x, z=b.z, n_real=NOISE, n_fake=0 * NOISE)
    exactly(InstanceNoise().generator_loss(G, D, split), 0.3180392376)
    expected = softplus(-D(REAL + 0.5 * NOISE)).mean() + softplus(D(b.z)).mean()
    exactly(InstanceNoise().discriminator_loss(G, D, split), expected.item())
    draws = InstanceNoise().noise(Space((1, 8, 8), 10, -1, 1))
    assert draws["n_real"](4, torch.Generator()).shape == draws["n_fake"](4, torch.Generator()).shape == (4, 1, 8, 8)


# R1 and R2.


@pytest.mark.parametrize("baseline", [R1(), R2()])
def test_a_linear_discriminator_pays_half_gamma_times_its_squared_gradient(baseline: Baseline) -> None:
    G, _, b = curved()
    for w in ((3.0, 4.0), (0.0, 0.0)):
        D = linear(*w)
        fine = baseline.discriminator_loss(G, D, b) - NonSaturatingGAN().discriminator_loss(G, D, b)
        exactly(fine, 5 * (w[0] ** 2 + w[1] ** 2))
        exactly(baseline.monitor(G, D, b), w[0] ** 2 + w[1] ** 2)


@pytest.mark.parametrize("baseline", [R1(), R2()])
def test_gradients_are_summed_over_all_pixels_whatever_the_batch(baseline: Baseline) -> None:
    x = torch.randn(6, 2, 3, 1, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    D = linear(1.0, -2.0, 0.5, 1.0, 0.0, 1.0)
    exactly(baseline.monitor(identity(), D, batch(x=x, z=x + 1)), 7.25)


@pytest.mark.parametrize(("gamma", "root"), [(0.0, 0.5j), (0.5, -0.25 + 0.433013j), (2.0, -1 + 0.866025)])
def test_r1_damps_the_dirac_gan(gamma: float, root: complex) -> None:
    """Data at 0, one fake at theta, D(v) = psi v: the eigenvalues of the gradient field at its equilibrium."""

    def velocity(point: Tensor) -> Tensor:
        zero = torch.zeros(1, 1, dtype=torch.double)
        G, D = as_net(Offset(0.0)), as_net(Linear(torch.zeros(1)))
        G.weights, D.weights = {"theta": point[0]}, {"w": point[1:]}
        b, baseline = batch(x=zero, z=zero), R1(gamma=gamma)
        down = G.grad(lambda G: baseline.generator_loss(G, D, b))["theta"][None]
        return -torch.cat([down, D.grad(lambda D: baseline.discriminator_loss(G, D, b))["w"]])

    field = torch.func.jacrev(velocity)(torch.zeros(2, dtype=torch.double))
    first = max(torch.linalg.eigvals(field).tolist(), key=lambda value: (value.imag, value.real))
    assert first == pytest.approx(root, abs=1e-6)


@pytest.mark.parametrize("baseline", [R1(lr=(1e-3, 1e-2)), R2(lr=(1e-3, 1e-2)), Consensus(lr=(1e-3, 1e-2))])
def test_they_are_optimised_by_rmsprop(baseline: Baseline) -> None:
    assert baseline.optimizers(0.5) == (RMSProp(1e-3), RMSProp(1e-2))
    assert type(baseline)().optimizers(0.0) == (RMSProp(1e-4), RMSProp(1e-4))


# Consensus.


def dirac(theta: float, psi: float) -> tuple[Net, Net, Batch]:
    zero = torch.zeros(1, 1, dtype=torch.double)
    return as_net(Offset(theta)), as_net(Linear(torch.tensor([psi], dtype=torch.double))), batch(x=zero, z=zero)


@pytest.mark.parametrize(("theta", "psi"), [(0.7, -1.2), (1.5, 0.4)])
def test_consensus_adds_the_field_and_its_gradients(theta: float, psi: float) -> None:
    """On the Dirac GAN |v|^2 = theta^2 s(a)^2 + psi^2 s(-a)^2 with a = psi theta."""
    baseline, (G, D, b) = Consensus(gamma=3.0), dirac(theta, psi)
    t, w = (torch.tensor(value, dtype=torch.double, requires_grad=True) for value in (theta, psi))
    field = (t * (w * t).sigmoid()).square() + (w * (-w * t).sigmoid()).square()
    discriminator, generator = log(2) + softplus(w * t) + 1.5 * field, softplus(-w * t) + 1.5 * field
    exactly(baseline.monitor(G, D, b), field.sqrt().item())
    for mine, loss, weight, parameter in (
        (baseline.discriminator_loss(G, D, b), discriminator, D.weights["w"], w),
        (baseline.generator_loss(G, D, b), generator, G.weights["theta"], t),
    ):
        exactly(mine, loss.item())
        (expected,) = torch.autograd.grad(loss, parameter, retain_graph=True)
        exactly(torch.autograd.grad(mine, weight)[0].squeeze(), expected.item())


@pytest.mark.parametrize(("gamma", "expected"), [(1.0, (0.95, 0.35)), (0.0, (1.05, 0.4))])
def test_consensus_turns_a_bilinear_problem_inwards(
    monkeypatch: pytest.MonkeyPatch, gamma: float, expected: tuple[float, float]
) -> None:
    """One step of 0.1 from (1, 0.5), where the discriminator loses psi theta and the generator the opposite."""
    monkeypatch.setattr(consensus, "discriminator_part", lambda G, D, b: (D.weights["w"] * G.weights["theta"]).sum())
    monkeypatch.setattr(consensus, "generator_part", lambda G, D, b: -(D.weights["w"] * G.weights["theta"]).sum())
    baseline, (G, D, b) = Consensus(gamma=gamma), dirac(1.0, 0.5)
    stepped_G = G.stepped(lambda G: baseline.generator_loss(G, D, b), 0.1)
    stepped_D = D.stepped(lambda D: baseline.discriminator_loss(G, D, b), 0.1)
    assert (stepped_G.weights["theta"].item(), stepped_D.weights["w"].item()) == pytest.approx(expected, abs=1e-12)


def test_consensus_updates_both_networks_at_once() -> None:
    assert Consensus().updates(0) == ("both",)


# DCGAN.

IMAGES = Space((3, 32, 32), 10, -1, 1)


def test_dcgan_has_the_first_weights_and_the_noise_of_the_paper() -> None:
    torch.manual_seed(0)
    G, D = DCGAN().networks(IMAGES)
    for net in (G, D):
        gains = torch.cat([layer.weight for layer in net.modules() if isinstance(layer, BatchNorm)]).detach()
        assert abs(gains.mean() - 1) < 0.01
        assert 0.015 < gains.std() < 0.025
        kernels = [layer.weight for layer in net.modules() if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d))]
        assert all(0.018 < kernel.std() < 0.022 for kernel in kernels)
    z = DCGAN().noise(IMAGES)["z"](500, torch.Generator().manual_seed(0))
    assert z.shape == (500, 100)
    assert -1 <= z.min() < -0.99
    assert 0.99 < z.max() < 1


def test_dcgan_pools_nothing_and_normalises_neither_end() -> None:
    G, D = DCGAN().networks(IMAGES)
    kinds = [type(layer).__name__ for layer in (*G.modules(), *D.modules())]
    assert not [kind for kind in kinds if "Pool" in kind or "Upsample" in kind]
    assert isinstance(list(G.modules())[-1], nn.Tanh)
    first = [layer for layer in D.modules() if not isinstance(layer, nn.Sequential)]
    assert [type(layer) for layer in first[:3]] == [nn.Conv2d, nn.LeakyReLU, nn.Conv2d]
    assert len([kind for kind in kinds if kind == "BatchNorm"]) == 5


@pytest.mark.parametrize("shape", [(2,), (1, 7, 7), (1, 28, 32)])
def test_dcgan_refuses_images_of_other_sizes(shape: tuple[int, ...]) -> None:
    assert "square images of 8 to 128 pixels a side" in str(DCGAN().unsupported(Space(shape, 0, -1, 1), 64))
    assert DCGAN().unsupported(IMAGES, 64) is None
