"""Games with an encoder on the generator's side: who learns from which term, and with which sign."""

from __future__ import annotations

from math import log

import pytest
import torch
from torch import Tensor, nn

from ganbench.baselines.ali import ALI
from ganbench.baselines.bigan import BiGAN
from ganbench.baselines.mdgan import MDGAN
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.baselines.veegan import VEEGAN
from ganbench.data import load
from ganbench.dataset import Space
from ganbench.errors import BadInput
from ganbench.game import Baseline, Batch, Player
from ganbench.train import LOSSES
from tests.baselines.fixtures import (
    CODES,
    CODES_AGAIN,
    EXACT,
    FAKE,
    LOGITS_FAKE,
    LOGITS_REAL,
    REAL,
    Always,
    FirstLogit,
    Logit,
    batch,
    parts,
    player,
)

RING = load("ring8").space
MNIST = Space((1, 28, 28), 10, -1.0, 1.0)
ENCODING: list[Baseline] = [BiGAN(), ALI(), VEEGAN(), MDGAN(), MDGAN(form="manifold_diffusion")]


def exactly(loss: Tensor, value: float) -> None:
    torch.testing.assert_close(loss, torch.tensor(value, dtype=torch.double), **EXACT)


def pairs() -> tuple[Player, Player, Batch]:
    """Fixture L for pairs: the critic's number is the example, r for (x, E(x)) and s for (G(z), z)."""
    G = parts(decode=nn.Identity(), encode=nn.Identity())
    return G, player(FirstLogit()), batch(x=LOGITS_REAL, z=LOGITS_FAKE)


def moved(baseline: Baseline, loss: str) -> dict[str, float]:
    """Size of the gradient of a loss in each part of the generator's side, on the ring."""
    torch.manual_seed(0)
    G, D = (player(net) for net in baseline.networks(RING))
    b = batch(x=torch.randn(6, 2), z=torch.randn(6, 2), eps=torch.randn(6, 2))
    value = getattr(baseline, loss)(G, D, b)
    slopes = torch.autograd.grad(value, list(G.weights.values()), allow_unused=True)
    sizes = {"decode": 0.0, "encode": 0.0}
    for name, slope in zip(G.weights, slopes, strict=True):
        sizes[name.split(".")[0]] += 0.0 if slope is None else float(slope.abs().sum())
    return sizes


@pytest.mark.parametrize("baseline", ENCODING, ids=lambda b: type(b).__name__)
def test_decoder_and_encoder_both_learn_from_the_generators_loss(baseline: Baseline) -> None:
    sizes = moved(baseline, "generator_loss")
    assert sizes["decode"] > 0
    assert sizes["encode"] > 0


def test_bigan_has_its_worked_values() -> None:
    exactly(BiGAN().critic_loss(*pairs()), 2.1434454095)
    exactly(BiGAN().generator_loss(*pairs()), 1.0434454095)


def test_bigan_watches_the_reconstruction_error() -> None:
    G = parts(decode=nn.Identity(), encode=Always(FAKE))
    exactly(BiGAN().monitor(G, player(FirstLogit()), batch(x=REAL, z=FAKE)), (1.25**0.5 + 5**0.5) / 2)


def test_ali_draws_its_codes_by_reparametrisation() -> None:
    law = torch.tensor([[0.5, -1.0, 0.2, -0.3]] * 2, dtype=torch.double)
    eps = torch.tensor([[1.0, 0.0], [0.0, -2.0]], dtype=torch.double)
    codes = ALI().codes(parts(encode=Always(law)), batch(x=REAL, eps=eps))
    sd = torch.tensor([0.1, -0.15], dtype=torch.double).exp()
    expected = torch.tensor([[0.5, -1.0]] * 2, dtype=torch.double) + sd * eps
    torch.testing.assert_close(codes, expected, **EXACT)


def test_ali_has_the_losses_of_bigan_on_drawn_codes() -> None:
    G = parts(decode=nn.Identity(), encode=Always(torch.zeros(2, 2, dtype=torch.double)))
    _, D, b = pairs()
    drawn = batch(x=b.x, z=b.z, eps=torch.ones(2, 1, dtype=torch.double))
    exactly(ALI().critic_loss(G, D, drawn), 2.1434454095)
    exactly(ALI().generator_loss(G, D, drawn), 1.0434454095)


def test_ali_shows_the_critic_the_drawn_code() -> None:
    class Code(nn.Module):
        def forward(self, x: Tensor, z: Tensor) -> Tensor:
            return z.flatten()

    G = parts(decode=nn.Identity(), encode=Always(torch.zeros(2, 2, dtype=torch.double)))
    b = batch(x=LOGITS_REAL, z=LOGITS_FAKE, eps=LOGITS_REAL)
    exactly(ALI().critic_loss(G, player(Code()), b), 2.1434454095)


def test_alis_players_move_at_once() -> None:
    assert ALI().moves(0) == ("both",)
    assert LOSSES["both"] == ("critic", "generator")


def test_veegan_has_its_worked_values() -> None:
    class Judge(nn.Module):
        """Fixture L: r for the data's pairs, s for generated ones."""

        def forward(self, x: Tensor, z: Tensor) -> Tensor:
            return x[:, 0]

    real, fake = torch.cat([LOGITS_REAL, LOGITS_REAL], 1), torch.cat([LOGITS_FAKE, LOGITS_FAKE], 1)
    G = parts(decode=Always(fake), encode=Always(CODES_AGAIN))
    b = batch(x=real, z=CODES)
    exactly(VEEGAN().critic_loss(G, player(Judge()), b), 1.0434454095)
    exactly(VEEGAN().generator_loss(G, player(Judge()), b), 0.85 + 0.40625)


def test_veegans_reconstructor_learns_from_the_noise_alone() -> None:
    """Its error is in z: an encoder that is the decoder's inverse leaves nothing, whatever the data."""

    class Double(nn.Module):
        def forward(self, z: Tensor) -> Tensor:
            return 2 * z

    class Half(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x / 2

    class Zero(nn.Module):
        def forward(self, x: Tensor, z: Tensor) -> Tensor:
            return 0 * x[:, 0]

    G = parts(decode=Double(), encode=Half())
    exactly(VEEGAN().generator_loss(G, player(Zero()), batch(x=REAL, z=FAKE)), 0.0)


def test_mdgan_has_its_worked_value() -> None:
    """Reconstruction logits 0.1 and -0.6, mean squared error 1.5625, on fixture L's fakes."""

    class Judge(nn.Module):
        def forward(self, v: Tensor) -> Tensor:
            return v[:, 0]

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
    exactly(MDGAN().generator_loss(G, player(Judge()), b), 1.0486529958)


@pytest.mark.parametrize("form", ["regularised", "manifold_diffusion"])
def test_reconstructions_are_to_look_real(form: str) -> None:
    """One step down on the realism term raises the critic's number on reconstructions."""
    shift = nn.Parameter(torch.zeros(1, dtype=torch.double))

    class Decode(nn.Module):
        def forward(self, v: Tensor) -> Tensor:
            return v + shift

    D = player(Logit()) if form == "regularised" else parts(manifold=Logit(), diffusion=Logit())
    G = parts(decode=Decode(), encode=nn.Identity())
    b = batch(x=LOGITS_REAL, z=LOGITS_FAKE)
    losses = [
        MDGAN(form=form, reconstruction=0, realism=realism).generator_loss(G, D, b)  # type: ignore[arg-type]
        for realism in (0.0, 1.0)
    ]
    (slope,) = torch.autograd.grad(losses[1] - losses[0], shift)
    assert slope < 0


def test_mdgan_without_its_regularisers_is_the_non_saturating_game() -> None:
    G, _, b = pairs()
    game, base, D = MDGAN(reconstruction=0, realism=0), NonSaturatingGAN(), player(Logit())
    exactly(game.generator_loss(G, D, b), float(base.generator_loss(player(nn.Identity()), D, b)))
    exactly(game.critic_loss(G, D, b), float(base.critic_loss(player(nn.Identity()), D, b)))


def test_each_of_mdgans_two_critics_has_its_own_pair_to_tell_apart() -> None:
    class Seen(nn.Module):
        """What a critic is shown, by its number: data 1, reconstructions 2, samples 3."""

        def __init__(self, high: float) -> None:
            super().__init__()
            self.high = high

        def forward(self, v: Tensor) -> Tensor:
            return torch.where(v[:, 0] == self.high, 50.0, -50.0).double()

    one = torch.ones(4, 1, dtype=torch.double)
    G = parts(decode=nn.Identity(), encode=Always(2 * one))
    b = batch(x=one, z=3 * one)
    game = MDGAN(form="manifold_diffusion")
    exactly(game.critic_loss(G, parts(manifold=Seen(1), diffusion=Seen(2)), b), 0.0)
    assert game.critic_loss(G, parts(manifold=Seen(1), diffusion=Seen(1)), b) > 40
    assert game.critic_loss(G, parts(manifold=Seen(2), diffusion=Seen(2)), b) > 40


@pytest.mark.parametrize("baseline", ENCODING, ids=lambda b: type(b).__name__)
def test_at_an_undecided_critic_every_logistic_term_is_log_two(baseline: Baseline) -> None:
    class Zero(nn.Module):
        def forward(self, *v: Tensor) -> Tensor:
            return 0 * v[0][:, 0]

    torch.manual_seed(0)
    G = player(baseline.networks(RING)[0])
    two = isinstance(baseline, MDGAN) and baseline.form == "manifold_diffusion"
    D = parts(manifold=Zero(), diffusion=Zero()) if two else player(Zero())
    b = batch(x=torch.randn(3, 2), z=torch.randn(3, 2), eps=torch.randn(3, 2))
    assert baseline.critic_loss(G, D, b).item() == pytest.approx((4 if two else 2) * log(2))


@pytest.mark.parametrize("baseline", ENCODING, ids=lambda b: type(b).__name__)
def test_it_also_plays_on_images_of_28_pixels(baseline: Baseline) -> None:
    G, D = (player(net) for net in baseline.networks(MNIST))
    b = batch(x=torch.randn(2, 1, 28, 28), z=torch.randn(2, 2), eps=torch.randn(2, 2))
    assert baseline.generate(G, b).shape == (2, 1, 28, 28)
    assert baseline.critic_loss(G, D, b).isfinite()
    assert baseline.generator_loss(G, D, b).isfinite()


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(BadInput, match="form must be one of regularised, manifold_diffusion"):
        MDGAN(form="both")  # type: ignore[arg-type]
