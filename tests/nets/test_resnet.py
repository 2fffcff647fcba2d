"""Residual networks are those of SNGAN's table 4, with a class where one is given, and train as other networks do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ganbench import data
from ganbench.dataset import Architecture, Space
from ganbench.nets import discriminator, generator, resnet
from ganbench.nets.conditional import Conditioned
from ganbench.nets.layers import BatchNorm, MeanPool, SpectralNorm, SumPool
from ganbench.training import registry
from ganbench.training.trainer import Plan, Trainer
from tests.training.short_runs import weights
from tests.training.textbook import double_precision, in_double

COLOUR = Space((3, 32, 32), 10, -1, 1)


def count(net: nn.Module) -> int:
    return sum(weight.numel() for weight in net.parameters())


def test_the_cifar_pair_has_the_parameters_of_its_table() -> None:
    """Ports have 4 276 739 and 1 053 825; the nine convolutions of blocks with BatchNorm lack a bias of 256 here."""
    space = replace(COLOUR, networks=Architecture("resnet"))
    assert count(generator(128, space)) == 4_276_739 - 9 * 256
    assert count(discriminator(space, wrap=SpectralNorm)) == 1_053_825
    assert count(discriminator(space)) == 1_053_825
    assert [type(layer) for layer in resnet.discriminator(space, 4, wrap=SpectralNorm)[:4]] == [resnet.Down] * 4
    assert [type(layer) for layer in resnet.generator(2, space, 4)[2:5]] == [resnet.Up] * 3


@pytest.mark.parametrize("side", [8, 9, 28, 30, 32, 47, 64, 100, 127, 128])
def test_they_fit_every_side_from_8_to_128(side: int) -> None:
    space = Space((3, side, side), 0, -1, 1)
    x = resnet.generator(5, space, 4)(torch.randn(2, 5))
    assert x.shape == (2, 3, side, side)
    assert x.abs().max() <= 1
    assert resnet.discriminator(space, 4)(x).shape == (2,)
    assert resnet.discriminator(space, 4, out=3, wrap=SpectralNorm)(x).shape == (2, 3)


def test_depth_is_how_often_the_image_is_halved() -> None:
    space = replace(COLOUR, networks=Architecture("resnet", 4, 2))
    G, D = generator(5, space), discriminator(space)
    assert count(G) == count(resnet.generator(5, replace(space, networks=Architecture(depth=2)), 4))
    assert sum(isinstance(layer, resnet.Up) for layer in G.modules()) == 2
    assert sum(isinstance(layer, resnet.Down) and layer.halve for layer in D.modules()) == 1


def test_a_generators_block_is_written_out() -> None:
    block, x = resnet.Up(2, 3, 6, norm=True).double(), torch.randn(4, 2, 3, 3, dtype=torch.double)
    first, second = block.norms
    h = block.first(F.interpolate(first(x).relu(), scale_factor=2.0))
    h = block.second(second(h).relu())
    torch.testing.assert_close(block(x), h + block.past(F.interpolate(x, scale_factor=2.0)))


@pytest.mark.parametrize("first", [True, False])
def test_a_discriminators_block_is_written_out(first: bool) -> None:
    block = resnet.Down(2, 3, lambda layer: layer, halve=True, first=first).double()
    x = torch.randn(4, 2, 6, 6, dtype=torch.double)
    h = block.second(block.first(x if first else x.relu()).relu())
    past = block.past(x)  # a mean and a pixelwise convolution may change places
    torch.testing.assert_close(block(x), F.avg_pool2d(h + past, 2))
    plain = resnet.Down(3, 3, lambda layer: layer, halve=False)
    assert isinstance(plain.past, nn.Identity)


def test_with_spectral_norm_places_are_summed_and_without_it_averaged() -> None:
    with_norm, without = resnet.discriminator(COLOUR, 4, wrap=SpectralNorm), resnet.discriminator(COLOUR, 4)
    assert any(isinstance(layer, SumPool) for layer in with_norm)
    assert any(isinstance(layer, MeanPool) for layer in without)
    layers = [layer for layer in with_norm.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert len(layers) == sum(isinstance(layer, SpectralNorm) for layer in with_norm.modules())
    assert not any(isinstance(layer, BatchNorm) for net in (with_norm, without) for layer in net.modules())


def test_a_conditional_generator_is_told_the_class_by_every_normalisation() -> None:
    G = Conditioned(resnet.generator(5, COLOUR, 4), 10)
    z, y = torch.randn(4, 5), torch.tensor([0, 1, 0, 1])
    torch.testing.assert_close(G(z, y), G(z, 1 - y))  # at first all classes are alike
    gains = [weight for name, weight in G.named_parameters() if "gain" in name]
    assert len(gains) == 2 * 3 + 1
    for each in gains:
        before = G(z, y).detach()
        with torch.no_grad():
            each[1] += 1
        assert not torch.allclose(G(z, y), before)


SMALL: dict[str, Any] = {"networks": "resnet", "width": 6}


@pytest.mark.parametrize("name", ["ns_gan", "sngan", "projection", "wgan_gp", "r3gan", "mad_gan", "vae"])
def test_a_seed_is_the_same_alone_in_a_group_and_in_a_loop(name: str) -> None:
    digits = data.load("digits")
    baseline = registry.configure(name, SMALL, digits)
    three, one = (Trainer(baseline, digits, seeds, Plan(2, 8, backend="eager")) for seeds in ([3, 7, 1], [7]))
    for trainer in (three, one):
        trainer.advance(2)
    assert torch.equal(weights(three, 1), weights(one, 0))
    with double_precision():
        source = in_double(digits)
        loop, eager = (Trainer(baseline, source, [5], Plan(2, 8, backend=backend)) for backend in ("loop", "eager"))
        for trainer in (loop, eager):
            trainer.advance(2)
        torch.testing.assert_close(weights(loop, 0), weights(eager, 0), atol=1e-9, rtol=0)
