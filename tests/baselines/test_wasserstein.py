"""Integral probability metrics against values worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

from ganbench.baseline import Baseline, Batch, Net
from ganbench.baselines.dragan import DRAGAN
from ganbench.baselines.gmmn import GMMN
from ganbench.baselines.mmd_gan import MMDGAN
from ganbench.baselines.r1 import R1
from ganbench.baselines.r2 import R2
from ganbench.baselines.r3gan import R3GAN
from ganbench.baselines.sngan import SNGAN
from ganbench.baselines.wgan import WGAN
from ganbench.baselines.wgan_gp import WGANGP
from ganbench.baselines.wgan_lp import WGANLP
from ganbench.dataset import Space
from ganbench.errors import BadInput
from ganbench.nets.layers import SpectralNorm, refreshed
from ganbench.optim import SGD, Adam, RMSProp
from tests.baselines.fixtures import (
    DIGITS,
    FAKE,
    MNIST,
    NOISE,
    POINTS,
    REAL,
    RING,
    Affine,
    P,
    Q,
    as_net,
    batch,
    curved,
    exactly,
    identity,
    linear,
    logits,
    shift_gradient,
    three_points,
)
from tests.training.short_runs import trained

NOTHING = 1e-300  # a penalty that adds nothing: 0 is refused


@pytest.mark.parametrize(("baseline", "discriminator"), [(WGAN(), 1.1), (SNGAN(), 3.1)])
def test_losses_on_logits(baseline: Baseline, discriminator: float) -> None:
    exactly(baseline.discriminator_loss(*logits()), discriminator)
    exactly(baseline.generator_loss(*logits()), -0.85)


def noisy() -> tuple[Net, Net, Batch]:
    """Fixture C, with noise for the points at which gradients are penalised."""
    return curved(delta=NOISE)


@pytest.mark.parametrize(
    ("baseline", "discriminator"),
    [
        (WGAN(), 1.6875),
        (SNGAN(), 3.6875),
        (WGANGP(), 2.9915040148),
        (WGANGP(penalty=NOTHING), 1.6875),
        (WGANLP(), 2.9636317765),
        (DRAGAN(sd=1.0 / REAL.std(correction=0).item()), 7.3865448345),
        (DRAGAN(penalty=NOTHING), 2.6675783759),
    ],
)
def test_losses_on_a_curved_discriminator(baseline: Baseline, discriminator: float) -> None:
    exactly(baseline.discriminator_loss(*noisy()), discriminator)


@pytest.mark.parametrize("baseline", [WGAN(), WGANGP(), WGANLP(), SNGAN()])
def test_the_pull_on_the_fakes(baseline: Baseline) -> None:
    G, D, b = noisy()
    assert shift_gradient(baseline.generator_loss(G, D, b), G) == pytest.approx([-1.55, 0.4], abs=1e-9)


# WGAN.


def test_the_best_lipschitz_discriminator_attains_the_distance() -> None:
    exactly(WGAN().monitor(*three_points(-POINTS)), 0.7)
    assert (P.cumsum(0) - Q.cumsum(0)).abs().sum().item() == pytest.approx(0.7)


@pytest.mark.parametrize("distance", [0.1, 3.0])
def test_parallel_lines_pull_each_other_however_far(distance: float) -> None:
    heights = torch.linspace(0, 1, 5, dtype=torch.double)
    x, z = (torch.stack([torch.full_like(heights, at), heights], 1) for at in (0.0, distance))
    G, _, _ = curved()
    D = linear(-1.0, 0.0)
    exactly(WGAN().monitor(G, D, batch(x=x, z=z)), distance)
    assert shift_gradient(WGAN().generator_loss(G, D, batch(x=x, z=z)), G) == [1.0, 0.0]


def test_every_discriminator_weight_is_clipped_after_every_step_and_no_other() -> None:
    trainer = trained(WGAN(clip=0.02, lr=1e-3), [0, 1], 2)
    assert trainer.state["D"]["weights"].abs().max() == torch.tensor(0.02)
    assert trainer.state["G"]["weights"].abs().max() > 0.1


def test_the_discriminator_warms_up_as_the_authors_code_does_if_asked() -> None:
    assert trained(WGAN(), [0], 2).counts == {"discriminator": 10, "generator": 2, "both": 0}
    warm = WGAN(warm_up=100)
    counts = [(step, warm.updates(step).count("discriminator")) for step in (0, 24, 25, 499, 500, 501, 1000)]
    assert counts == [(0, 100), (24, 100), (25, 5), (499, 5), (500, 100), (501, 5), (1000, 100)]
    assert warm.updates(0)[-1] == "generator"
    assert MMDGAN(warm_up=100).updates(24) == warm.updates(24)
    assert MMDGAN(warm_up=100).updates(25) == warm.updates(25)


@pytest.mark.parametrize("baseline", [WGAN(), MMDGAN()])
def test_they_are_optimised_by_rmsprop(baseline: Baseline) -> None:
    assert baseline.optimizers(0.0) == (RMSProp(5e-5), RMSProp(5e-5))
    assert replace(baseline, lr=(1e-3, 1e-2)).optimizers(0.9) == (RMSProp(1e-3), RMSProp(1e-2))


# Penalties on gradients.


def penalty_at(baseline: WGANGP | WGANLP | DRAGAN, *w: float) -> float:
    """The penalty of a linear discriminator of gradient w."""
    G, _, b = noisy()
    D = linear(*w)
    return (
        baseline.discriminator_loss(G, D, b) - replace(baseline, penalty=NOTHING).discriminator_loss(G, D, b)
    ).item()


@pytest.mark.parametrize(
    ("baseline", "penalties"),
    [(WGANGP(), [10, 2.5, 0, 160]), (WGANLP(), [0, 0, 0, 160]), (DRAGAN(), [10, 2.5, 0, 160])],
)
def test_the_penalties_of_gradient_norms_of_zero_a_half_one_and_five(
    baseline: WGANGP | WGANLP | DRAGAN, penalties: list[float]
) -> None:
    gradients = [(0.0, 0.0), (0.3, -0.4), (0.6, 0.8), (3.0, -4.0)]
    assert [penalty_at(baseline, *w) for w in gradients] == pytest.approx(penalties, abs=1e-9)


@pytest.mark.parametrize("baseline", [WGANGP(), WGANLP(), DRAGAN()])
def test_gradients_are_those_of_whole_images_and_of_each_example(baseline: WGANGP | WGANLP | DRAGAN) -> None:
    """A unit gradient spread over two channels of two pixels costs nothing, however large the batch."""
    space = Space((2, 2, 1), 0, -1, 1)
    stream = torch.Generator().manual_seed(0)
    x, z = torch.randn(2, 6, 2, 2, 1, generator=stream, dtype=torch.double)
    noise = {name: draw(6, stream).double() for name, draw in baseline.noise(space).items() if name != "z"}
    D, G = linear(0.5, -0.5, 0.5, 0.5), identity()
    b = batch(x=x, z=z, **noise)
    exactly(baseline.discriminator_loss(G, D, b) - replace(baseline, penalty=NOTHING).discriminator_loss(G, D, b), 0.0)


@pytest.mark.parametrize("baseline", [WGANGP(), WGANLP()])
def test_every_example_has_one_mixture_of_its_own(baseline: Baseline) -> None:
    eps = baseline.noise(DIGITS)["eps"](5, torch.Generator().manual_seed(0))
    assert eps.shape == (5, 1, 1, 1)
    assert len(set(eps.flatten().tolist())) == 5
    assert baseline.noise(RING)["eps"](5, torch.Generator()).shape == (5, 1)


def test_the_two_penalties_agree_on_steep_discriminators() -> None:
    G, D, b = noisy()
    shallow = batch(x=b.x + 5, z=b.z + 5, eps=b.eps)  # gradients of the curved discriminator are above one out there
    exactly(WGANGP().discriminator_loss(G, D, shallow), WGANLP().discriminator_loss(G, D, shallow).item())


@pytest.mark.parametrize("baseline", [WGANGP(), WGANLP()])
def test_the_monitor_leaves_the_penalty_out(baseline: Baseline) -> None:
    exactly(baseline.monitor(*noisy()), -1.6875)


def test_dragan_penalises_around_real_examples_only() -> None:
    G, D, b = noisy()
    shifted = batch(x=b.x, z=b.z + 3, delta=b.delta)

    def penalty(b: Batch) -> float:
        return (DRAGAN().discriminator_loss(G, D, b) - DRAGAN(penalty=NOTHING).discriminator_loss(G, D, b)).item()

    assert penalty(shifted) == pytest.approx(penalty(b), abs=1e-9)
    exactly(DRAGAN().generator_loss(G, D, b), softplus(-D(b.z)).mean().item())


@pytest.mark.parametrize("baseline", [WGANGP(), WGANLP(), DRAGAN(), R1(), R2(), R3GAN(), SNGAN()])
@pytest.mark.parametrize("space", [RING, DIGITS, MNIST])
def test_a_discriminator_s_output_does_not_depend_on_the_rest_of_the_batch(baseline: Baseline, space: Space) -> None:
    _, D = baseline.networks(space)
    x = torch.rand(4, *space.shape, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(D(x)[:1], D(x[:1]), atol=1e-6, rtol=0)


# SNGAN.


@pytest.mark.parametrize("space", [RING, DIGITS, MNIST])
def test_every_layer_of_the_discriminator_is_normalised_and_none_of_the_generator(space: Space) -> None:
    G, D = SNGAN().networks(space)
    weighty = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
    wrapped = [layer.layer for layer in D.modules() if isinstance(layer, SpectralNorm)]
    assert wrapped == [layer for layer in D.modules() if isinstance(layer, weighty)]
    assert not [layer for layer in G.modules() if isinstance(layer, SpectralNorm)]


def test_a_normalised_perceptron_is_one_lipschitz_whatever_its_weights() -> None:
    torch.manual_seed(0)
    _, D = SNGAN().networks(RING)
    weights = {name: 3 * weight.detach() for name, weight in D.named_parameters()}
    buffers = dict(D.named_buffers())
    for _ in range(100):
        buffers = refreshed(D, weights, buffers)
    discriminator = Net(D, weights, buffers)
    a, b = torch.randn(2, 500, 2, generator=torch.Generator().manual_seed(0))
    gradients = (discriminator(a) - discriminator(b)).abs() / (a - b).norm(dim=1)
    assert gradients.max() <= 1.001


def test_hinges_leave_two_minus_twice_the_total_variation() -> None:
    exactly(SNGAN().discriminator_loss(*three_points((P - Q).sign())), 1.2)
    G, D, b = three_points(torch.zeros(3))
    exactly(SNGAN().discriminator_loss(G, D, batch(x=b.x, z=b.x)), 2.0)


def test_rates_fall_to_zero_and_the_generator_s_batch_is_twice_as_large() -> None:
    assert SNGAN().optimizers(0.75) == (Adam(5e-5, (0.0, 0.9)), Adam(5e-5, (0.0, 0.9)))
    assert [SNGAN().batch_size(update, 64) for update in ("discriminator", "generator", "both")] == [64, 128, 64]
    assert SNGAN().updates(0) == ("discriminator",) * 5 + ("generator",)


# Maximum mean discrepancy.


def codes(decode: float = 1.0) -> Net:
    return as_net(nn.ModuleDict({"encode": nn.Identity(), "decode": Affine(decode)}))


def test_mmd_gan_matches_codes_and_reconstructs() -> None:
    """Mean fake codes exceed mean real ones by 0.75 and -1, so an eighth of 3 is outside the feasible set."""
    G, D, b = identity(), codes(), batch(x=REAL, z=FAKE)
    root = 0.9359576623**0.5
    exactly(MMDGAN().monitor(G, D, b), 0.9359576623)
    exactly(MMDGAN().discriminator_loss(G, D, b), 16 * 0.375 - root)
    exactly(MMDGAN().generator_loss(G, D, b), root - 16 * 0.375)
    exactly(MMDGAN(feasible=0.0).discriminator_loss(G, D, b), -root)
    # halves are missed by half: (5 + 6.25) / 4 squared numbers on average, a quarter of each
    exactly(MMDGAN(feasible=0.0).discriminator_loss(G, codes(0.5), b), 8 * (5 + 6.25) / 16 - root)


def test_equal_samples_have_no_discrepancy_and_no_infinite_gradient() -> None:
    z = REAL.clone().requires_grad_()
    for baseline in (MMDGAN(), GMMN()):
        loss = baseline.generator_loss(identity(), codes(), batch(x=REAL, z=z))
        assert loss.item() == pytest.approx(0, abs=2e-6)
        assert torch.autograd.grad(loss, z)[0].isfinite().all()


def test_only_the_encoder_is_clipped() -> None:
    trainer = trained(MMDGAN(clip=0.05, lr=1e-3), [0], 1)
    discriminator = trainer.updates.stacked["D"].layout.tensors(trainer.state["D"]["weights"][0])
    largest = {
        part: max(w.abs().max() for n, w in discriminator.items() if n.startswith(part)) for part in ("enc", "dec")
    }
    assert largest["enc"] == torch.tensor(0.05)
    assert largest["dec"] > 0.1
    assert len([name for name in discriminator if name.startswith(("encode.", "decode."))]) == len(discriminator)


def test_mmd_gan_s_discriminator_takes_images_apart_and_puts_them_together() -> None:
    _, D = MMDGAN(codes=7).networks(MNIST)
    assert isinstance(D, nn.ModuleDict)
    assert D["encode"](torch.zeros(3, 1, 28, 28)).shape == (3, 7)
    assert D["decode"](torch.zeros(3, 7)).shape == (3, 1, 28, 28)


@pytest.mark.parametrize(("baseline", "root"), [(GMMN(scales=(1.0,)), 0.7519948168), (GMMN(), 0.9277000085)])
def test_gmmn_is_the_root_of_the_biased_discrepancy(baseline: GMMN, root: float) -> None:
    exactly(baseline.generator_loss(identity(), identity(), batch(x=REAL, z=FAKE)), root)


def test_a_scale_of_gmmn_is_a_squared_length() -> None:
    """Squared distances are 5 and 6.25 within the samples, 1.25, 2, 9.25 and 5 between them."""
    within, between = (torch.tensor(d, dtype=torch.double).div(-6).exp() for d in ([5, 6.25], [1.25, 2, 9.25, 5]))
    root = (1 + within.mean() - 2 * between.mean()).sqrt().item()
    exactly(GMMN(scales=(3.0,)).generator_loss(identity(), codes(), batch(x=REAL, z=FAKE)), root)


def test_gmmn_has_no_discriminator_and_large_batches() -> None:
    trainer = trained(GMMN(enlarged=2), [0], 2)
    assert trainer.counts == {"discriminator": 0, "generator": 2, "both": 0}
    assert GMMN().batch_size("generator", 128) == 512
    assert GMMN().optimizers(0.0)[0] == SGD(0.1, 0.9)
    z = GMMN(latent=10).noise(RING)["z"](100, torch.Generator().manual_seed(0))
    assert z.shape == (100, 10)
    assert -1 <= z.min() < -0.9


@pytest.mark.parametrize(
    ("kind", "settings", "complaint"),
    [
        (WGAN, {"clip": 0.0}, "clip must be positive"),
        (WGAN, {"warm_up": -1}, "warm_up must be 0"),
        (MMDGAN, {"codes": 1}, "codes must be at least 2"),
        (MMDGAN, {"widths": ()}, "widths must be positive"),
        (GMMN, {"d_steps": 1}, "d_steps must be 0"),
        (GMMN, {"order": "simultaneous"}, "order must be"),
        (GMMN, {"scales": (1.0, -1.0)}, "scales must be positive"),
    ],
)
def test_senseless_settings_are_refused(kind: type[Baseline], settings: dict[str, object], complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        kind(**settings)  # type: ignore[arg-type]
