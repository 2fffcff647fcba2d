"""Baselines that train an encoder with the generator: which part learns from which term, and with which sign."""

from __future__ import annotations

from math import log

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganbench.baseline import Baseline, Batch, Net
from ganbench.baselines.ali import ALI
from ganbench.baselines.bigan import BiGAN
from ganbench.baselines.mdgan import MDGAN
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.baselines.veegan import VEEGAN
from ganbench.errors import BadInput
from ganbench.training.update import LOSSES
from tests.baselines.fixtures import (
    CODES,
    CODES_AGAIN,
    EXACT,
    FAKE,
    LOGITS_FAKE,
    LOGITS_REAL,
    MNIST,
    REAL,
    RING,
    Affine,
    Always,
    Column,
    Logit,
    Zero,
    as_net,
    batch,
    exactly,
    identity,
    parts,
)

ENCODING: list[Baseline] = [BiGAN(), ALI(), VEEGAN(), MDGAN(), MDGAN(form="manifold_diffusion")]


def pairs() -> tuple[Net, Net, Batch]:
    """Fixture L for pairs: the discriminator's number is the example, r for (x, E(x)) and s for (G(z), z)."""
    G = parts(decode=nn.Identity(), encode=nn.Identity())
    return G, as_net(Logit()), batch(x=LOGITS_REAL, z=LOGITS_FAKE)


def gradient_sizes(baseline: Baseline, loss: str) -> dict[str, float]:
    """Size of the gradient of a loss in the decoder and in the encoder, on the ring."""
    torch.manual_seed(0)
    G, D = (as_net(net) for net in baseline.networks(RING))
    b = batch(x=torch.randn(6, 2), z=torch.randn(6, 2), eps=torch.randn(6, 2))
    value = getattr(baseline, loss)(G, D, b)
    gradients = torch.autograd.grad(value, list(G.weights.values()), allow_unused=True)
    sizes = {"decode": 0.0, "encode": 0.0}
    for name, gradient in zip(G.weights, gradients, strict=True):
        sizes[name.split(".")[0]] += 0.0 if gradient is None else float(gradient.abs().sum())
    return sizes


@pytest.mark.parametrize("baseline", ENCODING, ids=lambda b: type(b).__name__)
def test_decoder_and_encoder_both_learn_from_the_generators_loss(baseline: Baseline) -> None:
    sizes = gradient_sizes(baseline, "generator_loss")
    assert sizes["decode"] > 0
    assert sizes["encode"] > 0


def test_bigan_has_its_worked_values() -> None:
    exactly(BiGAN().discriminator_loss(*pairs()), 2.1434454095)
    exactly(BiGAN().generator_loss(*pairs()), 1.0434454095)


def test_bigan_watches_the_reconstruction_error() -> None:
    G = parts(decode=nn.Identity(), encode=Always(FAKE))
    exactly(BiGAN().monitor(G, as_net(Logit()), batch(x=REAL, z=FAKE)), (1.25**0.5 + 5**0.5) / 2)


def test_ali_draws_its_codes_by_reparametrisation() -> None:
    distribution = torch.tensor([[0.5, -1.0, 0.2, -0.3]] * 2, dtype=torch.double)
    eps = torch.tensor([[1.0, 0.0], [0.0, -2.0]], dtype=torch.double)
    codes = ALI().codes(parts(encode=Always(distribution)), batch(x=REAL, eps=eps))
    sd = torch.tensor([0.1, -0.15], dtype=torch.double).exp()
    expected = torch.tensor([[0.5, -1.0]] * 2, dtype=torch.double) + sd * eps
    torch.testing.assert_close(codes, expected, **EXACT)


def test_ali_has_the_losses_of_bigan_on_drawn_codes() -> None:
    G = parts(decode=nn.Identity(), encode=Always(torch.zeros(2, 2, dtype=torch.double)))
    _, D, b = pairs()
    drawn = batch(x=b.x, z=b.z, eps=torch.ones(2, 1, dtype=torch.double))
    exactly(ALI().discriminator_loss(G, D, drawn), 2.1434454095)
    exactly(ALI().generator_loss(G, D, drawn), 1.0434454095)


def test_ali_shows_the_discriminator_the_drawn_code() -> None:
    class Code(nn.Module):
        def forward(self, x: Tensor, z: Tensor) -> Tensor:
            return z.flatten()

    G = parts(decode=nn.Identity(), encode=Always(torch.zeros(2, 2, dtype=torch.double)))
    b = batch(x=LOGITS_REAL, z=LOGITS_FAKE, eps=LOGITS_REAL)
    exactly(ALI().discriminator_loss(G, as_net(Code()), b), 2.1434454095)


def test_alis_networks_are_updated_at_once() -> None:
    assert ALI().updates(0) == ("both",)
    assert LOSSES["both"] == ("discriminator", "generator")


def test_veegan_has_its_worked_values() -> None:
    real, fake = torch.cat([LOGITS_REAL, LOGITS_REAL], 1), torch.cat([LOGITS_FAKE, LOGITS_FAKE], 1)
    G = parts(decode=Always(fake), encode=Always(CODES_AGAIN))
    b = batch(x=real, z=CODES, eps=CODES)
    exactly(VEEGAN().discriminator_loss(G, as_net(Column()), b), 1.0434454095)
    exactly(VEEGAN().generator_loss(G, as_net(Column()), b), 0.85 + 0.40625)


def test_veegans_codes_of_real_examples_are_drawn_around_the_reconstructor_s() -> None:
    """The discriminator returns the code's first number; no draw enters the generator's loss."""

    class Told(nn.Module):
        def forward(self, x: Tensor, z: Tensor) -> Tensor:
            return z[:, 0]

    G = parts(decode=nn.Identity(), encode=Affine(0.0, 2.0))
    b = batch(x=REAL, z=0 * CODES, eps=torch.tensor([[1.0, 0.0], [-3.0, 0.0]], dtype=torch.double))
    expected = log(2) + (softplus(torch.tensor(2.5)) + softplus(torch.tensor(0.5))).item() / 2
    assert VEEGAN(sd=0.5).discriminator_loss(G, as_net(Told()), b).item() == pytest.approx(expected)
    assert VEEGAN(sd=0.0).generator_loss(G, as_net(Told()), b) == VEEGAN().generator_loss(G, as_net(Told()), b)
    assert [VEEGAN().latent_for(usual) for usual in (2, 64)] == [16, 64]


def test_veegans_reconstructor_learns_from_the_noise_alone() -> None:
    """Its error is in z: an encoder that is the decoder's inverse leaves nothing, whatever the data."""

    G = parts(decode=Affine(2.0), encode=Affine(0.5))
    exactly(VEEGAN().generator_loss(G, as_net(Zero()), batch(x=REAL, z=FAKE)), 0.0)


def test_mdgan_has_its_worked_value() -> None:
    """Reconstruction logits 0.1 and -0.6, mean squared error 1.5625, on fixture L's fakes."""

    again = torch.tensor([[0.1, 0.0], [-0.6, 0.0]], dtype=torch.double)
    error = torch.tensor([[1.25, 1.25], [1.25, 1.25]], dtype=torch.double)
    x = again + error

    class Decode(nn.Module):
        def forward(self, v: Tensor) -> Tensor:
            return again if v.shape[1] == 1 else v

    G = parts(decode=Decode(), encode=Always(torch.zeros(2, 1, dtype=torch.double)))
    fake = torch.cat([LOGITS_FAKE, LOGITS_FAKE], 1)
    b = batch(x=x, z=fake)
    assert float((x - again).square().mean()) == pytest.approx(1.5625)
    exactly(MDGAN().generator_loss(G, as_net(Column()), b), 1.0486529958)


@pytest.mark.parametrize("form", ["regularised", "manifold_diffusion"])
def test_reconstructions_are_to_look_real(form: str) -> None:
    """One step down on the realism term raises the discriminator's number on reconstructions."""
    shift = nn.Parameter(torch.zeros(1, dtype=torch.double))

    class Decode(nn.Module):
        def forward(self, v: Tensor) -> Tensor:
            return v + shift

    D = as_net(Logit()) if form == "regularised" else parts(manifold=Logit(), diffusion=Logit())
    G = parts(decode=Decode(), encode=nn.Identity())
    b = batch(x=LOGITS_REAL, z=LOGITS_FAKE)
    losses = [MDGAN(form=form, reconstruction=0, realism=realism).generator_loss(G, D, b) for realism in (0.0, 1.0)]
    (gradient,) = torch.autograd.grad(losses[1] - losses[0], shift)
    assert gradient < 0


def test_mdgan_without_its_regularisers_is_the_non_saturating_gan() -> None:
    G, _, b = pairs()
    baseline, base, D = MDGAN(reconstruction=0, realism=0), NonSaturatingGAN(), as_net(Logit())
    exactly(baseline.generator_loss(G, D, b), float(base.generator_loss(identity(), D, b)))
    exactly(baseline.discriminator_loss(G, D, b), float(base.discriminator_loss(identity(), D, b)))


def test_each_of_mdgans_two_discriminators_has_its_own_pair_to_tell_apart() -> None:
    class Detector(nn.Module):
        """High for one kind of input: 1 is data, 2 reconstructions, 3 samples."""

        def __init__(self, high: float) -> None:
            super().__init__()
            self.high = high

        def forward(self, v: Tensor) -> Tensor:
            return torch.where(v[:, 0] == self.high, 50.0, -50.0).double()

    one = torch.ones(4, 1, dtype=torch.double)
    G = parts(decode=nn.Identity(), encode=Always(2 * one))
    b = batch(x=one, z=3 * one)
    baseline = MDGAN(form="manifold_diffusion")
    exactly(baseline.discriminator_loss(G, parts(manifold=Detector(1), diffusion=Detector(2)), b), 0.0)
    assert baseline.discriminator_loss(G, parts(manifold=Detector(1), diffusion=Detector(1)), b) > 40
    assert baseline.discriminator_loss(G, parts(manifold=Detector(2), diffusion=Detector(2)), b) > 40


@pytest.mark.parametrize("baseline", ENCODING, ids=lambda b: type(b).__name__)
def test_at_an_undecided_discriminator_every_logistic_term_is_log_two(baseline: Baseline) -> None:
    torch.manual_seed(0)
    G = as_net(baseline.networks(RING)[0])
    two = isinstance(baseline, MDGAN) and baseline.form == "manifold_diffusion"
    D = parts(manifold=Zero(), diffusion=Zero()) if two else as_net(Zero())
    b = batch(x=torch.randn(3, 2), z=torch.randn(3, 2), eps=torch.randn(3, 2))
    assert baseline.discriminator_loss(G, D, b).item() == pytest.approx((4 if two else 2) * log(2))


@pytest.mark.parametrize("baseline", ENCODING, ids=lambda b: type(b).__name__)
def test_it_also_supports_images_of_28_pixels(baseline: Baseline) -> None:
    G, D = (as_net(net) for net in baseline.networks(MNIST))
    b = batch(x=torch.randn(2, 1, 28, 28), z=torch.randn(2, 2), eps=torch.randn(2, 2))
    assert baseline.generate(G, b).shape == (2, 1, 28, 28)
    assert baseline.discriminator_loss(G, D, b).isfinite()
    assert baseline.generator_loss(G, D, b).isfinite()


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(BadInput, match="form must be one of regularised, manifold_diffusion"):
        MDGAN(form="both")
