"""R3GAN's networks have the parameters of the authors' for CIFAR-10, and train as other networks do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ganbench import data
from ganbench.dataset import Architecture, Space
from ganbench.nets import discriminator, generator, r3gan
from ganbench.nets.layers import BatchNorm, SpectralNorm
from ganbench.training import registry
from ganbench.training.stacked_products import Products
from ganbench.training.trainer import Plan, Trainer, unsupported
from tests.training.short_runs import weights
from tests.training.textbook import double_precision, in_double

COLOUR = Space((3, 32, 32), 10, -1, 1)


def count(net: nn.Module) -> int:
    return sum(weight.numel() for weight in net.parameters())


def test_the_pair_for_cifar_has_the_authors_parameters() -> None:
    """Four sizes of 768 channels, two blocks each of 1536 in 96 groups, and a basis of 4 by 4 at one end."""
    space = replace(COLOUR, networks=Architecture("r3gan"))
    block = 768 * 1536 + 1536 * 16 * 9 + 1536 * 768 + 2 * 1536
    assert count(generator(64, space)) == 64 * 768 + 768 * 16 + 8 * block + 768 * 3
    assert count(discriminator(space)) == 3 * 768 + 8 * block + 768 * 16 + 768
    layers = [layer for layer in r3gan.generator(5, space, 64).modules() if isinstance(layer, nn.Conv2d)]
    assert {(layer.groups, layer.in_channels) for layer in layers if layer.groups > 1} == {
        (8, 128)
    }  # 16 channels together, whatever the width


@pytest.mark.parametrize("side", [8, 9, 28, 30, 47, 64, 100, 128])
def test_they_fit_every_side_from_8_to_128(side: int) -> None:
    space = Space((3, side, side), 0, -1, 1)
    x = r3gan.generator(5, space, 8)(torch.randn(2, 5))
    assert x.shape == (2, 3, side, side)
    assert x.abs().max() <= 1
    assert r3gan.discriminator(space, 8)(x).shape == (2,)
    assert r3gan.discriminator(space, 8, out=3)(x).shape == (2, 3)


def test_a_block_is_written_out_and_at_first_does_nothing() -> None:
    block, x = r3gan.Block(16, 8).double(), torch.randn(2, 16, 5, 5, dtype=torch.double)
    assert torch.equal(block(x), x)
    nn.init.normal_(block.last.weight)  # type: ignore[arg-type]
    nn.init.normal_(block.before.bias)
    nn.init.normal_(block.after.bias)
    kernels = block.middle.get_parameter("weight").chunk(2)
    h = F.leaky_relu(block.first(x) + block.before.bias.view(-1, 1, 1), 0.2)
    h = torch.cat([F.conv2d(a, b, padding=1) for a, b in zip(h.chunk(2, 1), kernels, strict=True)], 1)
    h = F.leaky_relu(h + block.after.bias.view(-1, 1, 1), 0.2)
    torch.testing.assert_close(block(x), x + block.last(h))


def test_blocks_start_so_that_their_number_does_not_matter() -> None:
    """Gain sqrt(2 / 1.04) of the activation, times blocks^(-1 / 4), over the root of a unit's inputs."""
    torch.manual_seed(0)
    block = r3gan.Block(64, 8)
    for layer, inputs in ((block.first, 64), (block.middle, 16 * 9)):
        wanted = (2 / 1.04) ** 0.5 * 8**-0.25 / inputs**0.5
        assert float(layer.weight.detach().std()) == pytest.approx(wanted, rel=0.02)  # type: ignore[operator]


def test_there_is_no_normalisation_and_spectral_norm_goes_around_what_is_not_zero() -> None:
    nets = r3gan.generator(5, COLOUR, 16), r3gan.discriminator(COLOUR, 16)
    kinds = (BatchNorm, nn.GroupNorm, nn.LayerNorm)
    assert not any(isinstance(layer, kinds) for net in nets for layer in net.modules())
    wrapped = r3gan.discriminator(COLOUR, 16, wrap=SpectralNorm)
    assert wrapped(torch.randn(2, 3, 32, 32)).isfinite().all()
    layers = [layer for layer in wrapped.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert len(layers) == sum(isinstance(layer, SpectralNorm) for layer in wrapped.modules())


def test_a_baseline_that_tells_normalisations_the_class_refuses_them_in_one_line() -> None:
    digits = data.load("digits")
    baseline = registry.built("projection", {"networks": "r3gan", "width": 8}, digits)
    reason = "networks = 'r3gan' have no normalisation that could be told a class"
    assert unsupported(baseline, digits, 8) == reason


def test_stacked_convolutions_in_groups_are_those_of_each_seed() -> None:
    x, weight = torch.randn(2, 24, 5, 5), torch.randn(12, 4, 3, 3)  # two seeds of three groups
    with Products(2):
        together = F.conv2d(x, weight, padding=1, groups=6)
    with Products(1):
        alone = [F.conv2d(a, b, padding=1, groups=3) for a, b in zip(x.chunk(2, 1), weight.chunk(2), strict=True)]
    assert torch.equal(together, torch.cat(alone, 1))
    torch.testing.assert_close(together, F.conv2d(x, weight, padding=1, groups=6))


SMALL: dict[str, Any] = {"networks": "r3gan", "width": 16}


@pytest.mark.parametrize("name", ["r3gan", pytest.param("sngan", marks=pytest.mark.slow), "vae"])
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
