"""Several generators, several samples: the two ways in which a discriminator can detect missing variety."""

from __future__ import annotations

from math import log

import pytest
import torch
from torch import Tensor, nn

from ganbench.baseline import Update
from ganbench.baselines.gan import GAN
from ganbench.baselines.mad_gan import MADGAN, Generators
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.baselines.pacgan import PacGAN
from ganbench.dataset import Space
from ganbench.errors import BadInput
from tests.baselines.fixtures import (
    CLASSES_FAKE,
    CLASSES_REAL,
    DIGITS,
    FAKE,
    MNIST,
    REAL,
    RING,
    Always,
    Curved,
    as_net,
    batch,
    exactly,
    identity,
    logits,
)
from tests.training.short_runs import trained, weights


def test_mad_gan_has_its_worked_values() -> None:
    """Fixture K: two generators of one sample each, the real class last."""
    G = as_net(Generators([Always(CLASSES_FAKE[:1]), Always(CLASSES_FAKE[1:])]))
    b = batch(x=CLASSES_REAL, z=torch.zeros(1, 2))
    D = identity()
    exactly(MADGAN(generators=2).discriminator_loss(G, D, b), 4.1175473622)
    exactly(MADGAN(generators=2).generator_loss(G, D, b), 1.9605665239)
    exactly(MADGAN(generators=2, saturating=True).generator_loss(G, D, b), -0.9892418528)


def test_mad_gan_with_one_generator_is_the_original_gan() -> None:
    """With logits (0, d) the difference d is the original discriminator's number."""

    class Two(nn.Module):
        def forward(self, v: Tensor) -> Tensor:
            return torch.cat([torch.zeros_like(v), v], 1)

    ours = as_net(Generators([nn.Identity()]))
    G, D, b = logits()
    baseline = MADGAN(generators=1)
    exactly(baseline.discriminator_loss(ours, as_net(Two()), b), float(GAN().discriminator_loss(G, D, b)))
    exactly(baseline.generator_loss(ours, as_net(Two()), b), float(NonSaturatingGAN().generator_loss(G, D, b)))
    printed = MADGAN(generators=1, saturating=True).generator_loss(ours, as_net(Two()), b)
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
    G = as_net(Generators([Always(part[None]) for part in parts]))
    loss = MADGAN(generators=generators).discriminator_loss(G, as_net(Best()), batch(x=parts, z=parts[:1]))
    exactly(loss, value)


def test_a_sample_comes_from_the_generator_that_was_drawn() -> None:
    shades = [Always(torch.full((6, 1, 2, 2), float(i))) for i in range(3)]
    which = torch.tensor([2, 0, 1, 1, 0, 2])
    x = MADGAN(generators=3).generate(as_net(Generators(list(shades))), batch(z=torch.zeros(6, 2), which=which))
    assert x.shape == (6, 1, 2, 2)
    assert torch.equal(x[:, 0, 0, 0], which.float())


def test_mad_gan_draws_all_generators_equally() -> None:
    draw = MADGAN(generators=3).noise(RING)["which"]
    counts = torch.bincount(draw(3000, torch.Generator().manual_seed(0)), minlength=3)
    assert counts.shape == (3,)
    assert (counts - 1000).abs().max() < 4 * (3000 * 2 / 9) ** 0.5


@pytest.mark.parametrize("shared", [True, False])
def test_mad_gans_generators_start_differently(shared: bool) -> None:
    torch.manual_seed(0)
    G, _ = MADGAN(generators=2, shared=shared).networks(RING)
    first, second = G(torch.randn(4, 2)).unbind(0)
    assert not torch.allclose(first, second)


@pytest.mark.parametrize("space", [RING, DIGITS, MNIST], ids=["points", "perceptrons", "convolutions"])
def test_mad_gans_generators_share_all_layers_but_the_last(space: Space) -> None:
    (one, _), (three, _), (apart, _) = (
        MADGAN(generators=n, shared=shared).networks(space) for n, shared in ((1, True), (3, True), (3, False))
    )
    alone, weights = ([weight.numel() for weight in net.parameters()] for net in (one, three))
    last = sum(weight.numel() for weight in one.get_submodule("nets.0").parameters())
    assert len(list(one.get_submodule("nets.0").parameters())) == 2  # a layer's weight and bias
    assert sum(weights) == sum(alone) + 2 * last
    assert sum(weight.numel() for weight in apart.parameters()) == 3 * sum(alone)
    assert three(torch.randn(4, 2)).shape == (3, 4, *space.shape)


class Pair(nn.Module):
    """D(a, b) = D(a) + 2 D(b) - a . b / 2 on fixture C."""

    def forward(self, v: Tensor) -> Tensor:
        a, b = v.chunk(2, dim=1)
        return Curved()(a) + 2 * Curved()(b) - (a * b).sum(1) / 2


def test_pacgan_has_its_worked_values() -> None:
    G, D, b = identity(), as_net(Pair()), batch(x=REAL, z=FAKE)
    exactly(PacGAN(pack=2).discriminator_loss(G, D, b), 7.1971795779)
    exactly(PacGAN(pack=2).generator_loss(G, D, b), 0.0131467516)


def test_a_pack_of_one_is_the_non_saturating_gan_bit_for_bit() -> None:
    packed, plain = (trained(baseline, [0], backend="eager") for baseline in (PacGAN(pack=1), NonSaturatingGAN()))
    assert torch.equal(weights(packed, 0), weights(plain, 0))


def test_packs_hold_different_samples_and_every_sample_once() -> None:
    x = torch.arange(6.0)[:, None].repeat(1, 2)
    assert PacGAN(pack=3).packs(x)[:, ::2].tolist() == [[0, 1, 2], [3, 4, 5]]
    images = torch.arange(4.0)[:, None, None, None].expand(4, 1, 8, 8)
    packed = PacGAN(pack=2).packs(images)
    assert packed.shape == (2, 2, 8, 8)
    assert packed[:, :, 0, 0].tolist() == [[0, 1], [2, 3]]


def test_only_the_discriminators_first_layer_grows_with_the_pack() -> None:
    space = DIGITS
    (G1, D1), (G2, D2) = PacGAN(pack=1).networks(space), PacGAN(pack=3).networks(space)
    assert [p.shape for p in G1.parameters()] == [p.shape for p in G2.parameters()]
    first, *rest = [p.shape for p in D2.parameters()]
    assert first == (128, 3 * 64)
    assert rest == [p.shape for p in D1.parameters()][1:]


@pytest.mark.parametrize("update", ["discriminator", "generator"])
def test_the_discriminator_decides_on_as_many_packs_as_others_on_samples(update: Update) -> None:
    for pack in (1, 2, 3):
        examples = torch.zeros(PacGAN(pack=pack).batch_size(update, 32), 2)
        assert len(PacGAN(pack=pack).packs(examples)) == 32


def test_any_batch_makes_whole_packs() -> None:
    assert all(PacGAN(pack=3).unsupported(RING, batch) is None for batch in (1, 2, 32))
    assert trained(PacGAN(pack=3), [0], backend="eager").done == 3
    with pytest.raises(BadInput, match="pack"):
        PacGAN(pack=0)
