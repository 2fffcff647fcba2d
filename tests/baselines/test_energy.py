"""Discriminators that are autoencoders: the score is a reconstruction error, and what is real has little of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.linalg import vector_norm

from ganbench.baseline import Batch, Net
from ganbench.baselines.began import BEGAN
from ganbench.baselines.ebgan import EBGAN, likeness
from ganbench.dataset import Space
from ganbench.errors import BadInput
from ganbench.nets.layers import BatchNorm
from tests.baselines.fixtures import (
    DIGITS,
    EXACT,
    FAKE,
    MNIST,
    REAL,
    RING,
    Affine,
    Always,
    Halved,
    Shift,
    as_net,
    batch,
    exactly,
    parts,
    shift_gradient,
)
from tests.training.short_runs import trained

MEAN_SQUARE, NORM = 0.625, 1.25**0.5  # energies of fixture C's real points around their mean, (0.5, 1)


def halving(k: float = 0.1) -> tuple[Net, Net, Batch]:
    """Fixture A on C."""
    D = parts(encode=nn.Identity(), decode=Halved())
    return as_net(Shift()), D, batch(x=REAL, z=FAKE, k=torch.tensor(k, dtype=torch.double))


def test_ebgan_has_its_worked_values() -> None:
    G, D, b = halving()
    exactly(EBGAN(margin=1 / MEAN_SQUARE).discriminator_loss(G, D, b), 0.909375)
    exactly(EBGAN(pulling=0).generator_loss(G, D, b), 0.338125)
    exactly(EBGAN(energy="norm", margin=1 / NORM).discriminator_loss(G, D, b), 0.8572487262)


def test_ebgans_margin_counts_in_energies_of_the_data_around_their_mean() -> None:
    """Fakes of no energy cost the margin: that of a decoder that answers with the mean, times ``margin``."""
    perfect = parts(encode=nn.Identity(), decode=nn.Identity())
    G, _, b = halving()
    for scale in (1.0, 10.0):
        scaled = batch(x=scale * REAL + 3, z=FAKE)
        exactly(EBGAN(margin=2.0).discriminator_loss(G, perfect, scaled), 2 * scale**2 * MEAN_SQUARE)
        exactly(EBGAN(margin=2.0, energy="norm").discriminator_loss(G, perfect, scaled), 2 * scale * NORM)
    constant = parts(encode=nn.Identity(), decode=Always(REAL.mean(0)))
    exactly(EBGAN().energies(constant, b.x).mean(), EBGAN().spread(b.x).item())


def test_ebgans_hinge_is_one_per_sample() -> None:
    loss = EBGAN(margin=0.3 / MEAN_SQUARE).discriminator_loss(*halving())
    exactly(loss, 0.301875)  # on the batch's mean it would be 0.2475


def test_a_batch_twice_over_leaves_the_losses_alone() -> None:
    G, D, b = halving()
    twice = batch(x=b.x.repeat(2, 1), z=b.z.repeat(2, 1), k=b.k)
    for baseline in (EBGAN(pulling=0), EBGAN(energy="norm", pulling=0), BEGAN()):
        for loss in (baseline.discriminator_loss, baseline.generator_loss):
            torch.testing.assert_close(loss(G, D, twice), loss(G, D, b), **EXACT)


def test_ebgans_generator_gets_a_gradient_through_the_target_of_the_reconstruction_too() -> None:
    G, D, b = halving()
    gradient = shift_gradient(EBGAN(pulling=0).generator_loss(G, D, b), G)
    assert gradient == pytest.approx([0.2625, -0.05], abs=1e-9)  # with a constant target both signs flip


def test_the_energy_of_a_perfect_reconstruction_has_a_finite_gradient() -> None:
    D = parts(encode=nn.Identity(), decode=nn.Identity())
    G, _, b = halving()
    assert shift_gradient(EBGAN(energy="norm", pulling=0).generator_loss(G, D, b), G) == [0.0, 0.0]


def test_the_likeness_of_codes_is_the_mean_squared_cosine_between_different_samples() -> None:
    codes = torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]], dtype=torch.double)
    exactly(likeness(codes), 0.3733333333)
    scales = torch.tensor([[2.0], [0.1], [30.0]], dtype=torch.double)
    torch.testing.assert_close(likeness(codes * scales), likeness(codes), **EXACT)


def test_likeness_is_one_for_collinear_codes_even_opposite_ones_and_zero_for_orthogonal_ones() -> None:
    exactly(likeness(torch.tensor([[1.0, 0.0], [-1.0, 0.0]], dtype=torch.double)), 1.0)
    exactly(likeness(torch.eye(3, dtype=torch.double)), 0.0)


def test_ebgan_pulls_the_codes_of_fakes_apart_and_not_their_pixels() -> None:
    G, _, b = halving()
    same = parts(encode=Affine(0.0, 1.0), decode=nn.Identity())  # one code for all: likeness 1 whatever the pixels
    with_term = EBGAN(pulling=0.5).generator_loss(G, same, b)
    torch.testing.assert_close(with_term - EBGAN(pulling=0).generator_loss(G, same, b), torch.tensor(0.5).double())


def test_ebgans_discriminator_at_its_optimum_is_worth_the_margin() -> None:
    """With p = q and a constant energy c in [0, m] the loss is c + (m - c) = m (theorem 2)."""
    for energy in (0.0, 0.25, 1.0):
        D = parts(encode=nn.Identity(), decode=Affine(1.0, energy**0.5))
        _, _, b = halving()
        loss = EBGAN(margin=1 / MEAN_SQUARE).discriminator_loss(as_net(Shift()), D, batch(x=b.x, z=b.x))
        exactly(loss, 1.0)


def test_ebgan_needs_two_samples_to_compare() -> None:
    assert EBGAN().unsupported(DIGITS, 1)
    assert EBGAN().unsupported(DIGITS, 2) is None


@pytest.mark.parametrize("kind", [EBGAN, BEGAN])
def test_a_code_as_wide_as_an_example_is_refused(kind: type[EBGAN | BEGAN]) -> None:
    """Such an autoencoder copies real and fake alike, so that its error says nothing."""
    assert kind(latent=2).unsupported(RING, 32) == (
        "an autoencoder with codes of 2 numbers copies any example of 2, real or not"
    )
    assert kind(latent=1).unsupported(RING, 32) is None
    assert kind(latent=64).unsupported(DIGITS, 32)
    assert kind(latent=63).unsupported(DIGITS, 32) is None
    with pytest.raises(BadInput, match="does not support ring8: an autoencoder with codes of 2 numbers"):
        trained(kind(), [0])


def test_begans_generator_has_the_shape_of_the_decoder_and_both_are_without_normalisation() -> None:
    for space in (DIGITS, MNIST):
        G, D = BEGAN(latent=8).networks(space)
        shapes = [[weight.shape for weight in net.parameters()] for net in (G, D.get_submodule("decode"))]
        assert shapes[0] == shapes[1]
        kinds = {type(layer) for net in (G, D) for layer in net.modules()}
        assert not kinds & {BatchNorm, nn.Tanh, nn.ReLU}
        assert nn.ELU in kinds
        assert G(100 * torch.randn(4, 8)).abs().max() > 1


def test_begans_samples_of_images_lie_in_their_range_and_points_are_left_alone() -> None:
    far = torch.full((1, 1, 2, 2), -3.0)
    assert BEGAN().generate(as_net(Always(far)), batch(z=torch.zeros(1, 2))).tolist() == [[[[-1, -1], [-1, -1]]]]
    assert BEGAN().generate(as_net(Always(far[0, 0])), batch(z=torch.zeros(2, 2))).tolist() == [[-3, -3], [-3, -3]]


def test_begans_rates_fall_over_the_run() -> None:
    G, D = BEGAN(lr=(1e-2, 1e-3), last_lr=0.04).optimizers(0.5)
    assert [rule.schedule()["lr"] for rule in (G, D)] == pytest.approx([2e-3, 2e-4])
    assert [rule.schedule()["lr"] for rule in BEGAN(lr=1e-3).optimizers(0.0)] == [1e-3, 1e-3]


def test_began_has_its_worked_values() -> None:
    G, D, b = halving()
    baseline = BEGAN(gamma=0.5)
    exactly(baseline.discriminator_loss(G, D, b), 0.32375)
    exactly(baseline.generator_loss(G, D, b), 0.5125)
    exactly(baseline.monitor(G, D, b), 0.7)
    exactly(baseline.next_state(G, D, b)["k"], 0.099675)


def test_without_balance_begans_discriminator_is_a_plain_autoencoder() -> None:
    exactly(BEGAN().discriminator_loss(*halving(k=0.0)), 0.375)


@pytest.mark.parametrize(("k", "gain", "expected"), [(0.0, 1.0, 0.0), (0.9, -1.0, 1.0)])
def test_the_balance_stays_between_zero_and_one(k: float, gain: float, expected: float) -> None:
    G, D, b = halving(k)
    baseline = replace(BEGAN(), gain=abs(gain))
    if gain < 0:  # fakes far better than reals: the balance rises
        b = batch(x=10 * REAL, z=FAKE, k=b.k)
    exactly(baseline.next_state(G, D, b)["k"], expected)


def test_the_balance_is_carried_from_step_to_step() -> None:
    trainer = trained(BEGAN(gain=0.5, latent=8), [0, 1], steps=3, dataset="digits")
    k = trainer.state["carried"]["k"]
    assert k.shape == (2,)
    assert (k > 0).all()
    assert k[0] != k[1]


def test_begans_balance_rises_while_reals_are_worse_reconstructed_than_gamma_allows() -> None:
    G, D, b = halving(k=0.5)
    worse, better = batch(x=4 * REAL, z=FAKE, k=b.k), batch(x=0 * REAL + 0.2, z=FAKE, k=b.k)
    assert BEGAN().next_state(G, D, worse)["k"] > 0.5 > BEGAN().next_state(G, D, better)["k"]


@pytest.mark.parametrize("baseline", [BEGAN(latent=8), EBGAN(latent=8)], ids=["began", "ebgan"])
@pytest.mark.parametrize("space", [DIGITS, MNIST], ids=["perceptrons", "convolutions"])
def test_an_examples_energy_does_not_depend_on_the_rest_of_its_batch(baseline: BEGAN | EBGAN, space: Space) -> None:
    torch.manual_seed(0)
    D = as_net(baseline.networks(space)[1])
    x = torch.randn(4, *space.shape)
    again = D.decode(D.encode(x))
    assert again.shape == x.shape
    torch.testing.assert_close(D.decode(D.encode(x[:1])), again[:1])
    assert (vector_norm((again - x).flatten(1), dim=1) > 0).all()


def test_senseless_settings_are_refused_by_name() -> None:
    with pytest.raises(BadInput, match="gamma"):
        BEGAN(gamma=0)
    with pytest.raises(BadInput, match="margin"):
        EBGAN(margin=0)
    with pytest.raises(BadInput, match="energy must be one of mean_square, norm"):
        EBGAN(energy="l1")
