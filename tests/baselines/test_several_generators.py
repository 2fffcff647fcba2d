"""Several generators, several samples: the two ways of showing a critic that variety is missing."""

from __future__ import annotations

from math import log

import pytest
import torch
from torch import Tensor, nn

from ganbench.baselines.gan import GAN
from ganbench.baselines.mad_gan import MADGAN, Crowd
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.baselines.pacgan import PacGAN
from ganbench.data import load
from ganbench.errors import BadInput
from tests.baselines.fixtures import (
    CLASSES_FAKE,
    CLASSES_REAL,
    EXACT,
    FAKE,
    REAL,
    Always,
    Curved,
    batch,
    logits,
    player,
)
from tests.games import play, weights


def exactly(loss: Tensor, value: float) -> None:
    torch.testing.assert_close(loss, torch.tensor(value, dtype=torch.double), **EXACT)


def test_mad_gan_has_its_worked_values() -> None:
    """Fixture K: two generators of one sample each, the real class last."""
    G = player(Crowd([Always(CLASSES_FAKE[:1]), Always(CLASSES_FAKE[1:])]))
    b = batch(x=CLASSES_REAL, z=torch.zeros(1, 2))
    D = player(nn.Identity())
    exactly(MADGAN(generators=2).critic_loss(G, D, b), 4.1175473622)
    exactly(MADGAN(generators=2).generator_loss(G, D, b), 1.9605665239)
    exactly(MADGAN(generators=2, saturating=True).generator_loss(G, D, b), -0.9892418528)


def test_mad_gan_with_one_generator_is_the_original_game() -> None:
    """With logits (0, d) the difference d is the original critic's number."""

    class Two(nn.Module):
        def forward(self, v: Tensor) -> Tensor:
            return torch.cat([torch.zeros_like(v), v], 1)

    crowd = player(Crowd([nn.Identity()]))
    G, D, b = logits()
    game = MADGAN(generators=1)
    exactly(game.critic_loss(crowd, player(Two()), b), float(GAN().critic_loss(G, D, b)))
    exactly(game.generator_loss(crowd, player(Two()), b), float(NonSaturatingGAN().generator_loss(G, D, b)))
    printed = MADGAN(generators=1, saturating=True).generator_loss(crowd, player(Two()), b)
    exactly(printed, float(GAN().generator_loss(G, D, b)))


@pytest.mark.parametrize(("generators", "value"), [(1, 2 * log(2)), (3, 2.2493405785)])
def test_mad_gans_value_where_each_generator_covers_its_own_part_of_the_data(generators: int, value: float) -> None:
    """On part i the real share is 1 / (k + 1) and generator i's k / (k + 1): (k + 1) log(k + 1) - k log k."""
    verdicts = torch.full((generators, generators + 1), -1000.0, dtype=torch.double)
    verdicts[range(generators), range(generators)] = log(generators)
    verdicts[:, -1] = 0.0

    class Best(nn.Module):
        def forward(self, part: Tensor) -> Tensor:
            return verdicts[part[:, 0]]

    parts = torch.arange(generators)[:, None]
    G = player(Crowd([Always(part[None]) for part in parts]))
    loss = MADGAN(generators=generators).critic_loss(G, player(Best()), batch(x=parts, z=parts[:1]))
    exactly(loss, value)


def test_a_sample_comes_from_the_generator_that_was_drawn() -> None:
    shades = [Always(torch.full((6, 1, 2, 2), float(i))) for i in range(3)]
    which = torch.tensor([2, 0, 1, 1, 0, 2])
    x = MADGAN(generators=3).generate(player(Crowd(list(shades))), batch(z=torch.zeros(6, 2), which=which))
    assert x.shape == (6, 1, 2, 2)
    assert torch.equal(x[:, 0, 0, 0], which.float())


def test_mad_gan_draws_all_generators_equally() -> None:
    draw = MADGAN(generators=3).noise(load("ring8").space)["which"]
    counts = torch.bincount(draw(3000, torch.Generator().manual_seed(0)), minlength=3)
    assert counts.shape == (3,)
    assert (counts - 1000).abs().max() < 4 * (3000 * 2 / 9) ** 0.5


def test_mad_gans_generators_start_differently() -> None:
    torch.manual_seed(0)
    G, _ = MADGAN(generators=2).networks(load("ring8").space)
    first, second = G(torch.randn(4, 2)).unbind(0)
    assert not torch.allclose(first, second)


class Pair(nn.Module):
    """D(a, b) = D(a) + 2 D(b) - a . b / 2 on fixture C."""

    def forward(self, v: Tensor) -> Tensor:
        a, b = v.chunk(2, dim=1)
        return Curved()(a) + 2 * Curved()(b) - (a * b).sum(1) / 2


def test_pacgan_has_its_worked_values() -> None:
    G, D, b = player(nn.Identity()), player(Pair()), batch(x=REAL, z=FAKE)
    exactly(PacGAN(pack=2).critic_loss(G, D, b), 7.1971795779)
    exactly(PacGAN(pack=2).generator_loss(G, D, b), 0.0131467516)


def test_a_pack_of_one_is_the_non_saturating_game_bit_for_bit() -> None:
    packed, plain = (play(game, [0], way="eager") for game in (PacGAN(pack=1), NonSaturatingGAN()))
    assert torch.equal(weights(packed, 0), weights(plain, 0))


def test_packs_hold_different_samples_and_every_sample_once() -> None:
    x = torch.arange(6.0)[:, None].repeat(1, 2)
    assert PacGAN(pack=3).packs(x)[:, ::2].tolist() == [[0, 1, 2], [3, 4, 5]]
    images = torch.arange(4.0)[:, None, None, None].expand(4, 1, 8, 8)
    packed = PacGAN(pack=2).packs(images)
    assert packed.shape == (2, 2, 8, 8)
    assert packed[:, :, 0, 0].tolist() == [[0, 1], [2, 3]]


def test_only_the_critics_first_layer_grows_with_the_pack() -> None:
    space = load("digits").space
    (G1, D1), (G2, D2) = PacGAN(pack=1).networks(space), PacGAN(pack=3).networks(space)
    assert [p.shape for p in G1.parameters()] == [p.shape for p in G2.parameters()]
    first, *rest = [p.shape for p in D2.parameters()]
    assert first == (128, 3 * 64)
    assert rest == [p.shape for p in D1.parameters()][1:]


def test_a_batch_that_does_not_divide_into_packs_is_refused() -> None:
    space = load("ring8").space
    assert "multiple of pack = 3" in str(PacGAN(pack=3).refuses(space, 32))
    assert PacGAN(pack=4).refuses(space, 32) is None
    with pytest.raises(BadInput, match="pack"):
        PacGAN(pack=0)
