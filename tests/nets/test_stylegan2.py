"""StyleGAN2's layers are those of its paper, computed another way, and its pair fits every size."""

from __future__ import annotations

from math import sqrt

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ganbench.dataset import Space
from ganbench.nets import stylegan2
from ganbench.nets.resampling import enlarged

COLOUR = Space((3, 32, 32), 10, -1, 1)
TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.double)
KERNEL = (TAPS[:, None] * TAPS / 64)[None, None]


def count(net: nn.Module) -> int:
    return sum(weight.numel() for weight in net.parameters())


@pytest.mark.parametrize("demodulate", [True, False])
def test_a_modulated_convolution_has_weights_of_its_own_for_every_example(demodulate: bool) -> None:
    """Equations 1 and 3: w' = s w, and w'' = w' over the root of the sum of its squares for each output channel."""
    layer = stylegan2.Modulated(4, 3, 3, 5, demodulate=demodulate).double()
    x, w = torch.randn(2, 4, 6, 6, dtype=torch.double), torch.randn(2, 5, dtype=torch.double)
    style = F.linear(w, layer.style.weight / sqrt(5), torch.ones(4, dtype=torch.double))
    for i in range(2):
        own = layer.weight / sqrt(4 * 9) * style[i][None, :, None, None]
        if demodulate:
            own = own / (own.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        torch.testing.assert_close(layer(x, w)[i], F.conv2d(x[i], own, padding=1))


def test_a_layer_that_enlarges_is_the_authors_transposed_convolution_and_filter() -> None:
    """Inside: at the border zeros lie before the convolution here and after it there."""
    torch.manual_seed(0)
    x, weight = torch.randn(2, 3, 8, 8, dtype=torch.double), torch.randn(4, 3, 3, 3, dtype=torch.double)
    ours = F.conv2d(enlarged(x, 16), weight, padding=1)
    theirs = F.conv_transpose2d(x, weight.flip(2, 3).transpose(0, 1), stride=2).flatten(0, 1)[:, None]
    theirs = F.conv2d(theirs, 4 * KERNEL, padding=1)[:, 0].unflatten(0, (2, 4))
    torch.testing.assert_close(ours[..., 2:-2, 2:-2], theirs[..., 2:-2, 2:-2])


def test_a_convolution_that_halves_filters_first() -> None:
    layer, x = stylegan2.Convolution(1, 2, 3, halve=True).double(), torch.randn(2, 1, 8, 8, dtype=torch.double)
    expected = F.conv2d(F.conv2d(x, KERNEL, padding=2), layer.weight / 3, stride=2)
    torch.testing.assert_close(layer(x), expected)
    assert layer(x).shape == (2, 2, 4, 4)


def test_the_mapping_starts_as_any_layer_and_learns_a_hundred_times_as_slowly() -> None:
    torch.manual_seed(0)
    layer = stylegan2.Dense(400, 300, rate=0.01)
    assert float(layer.weight.detach().std()) == pytest.approx(100, rel=0.01)
    assert float(layer(torch.randn(50, 400)).detach().std()) == pytest.approx(1, rel=0.02)
    mapping, z = stylegan2.Mapping(4, 1).double(), torch.tensor([[3.0, 4.0, 0.0, 0.0]], dtype=torch.double)
    dense = mapping.get_parameter("layers.0.weight") * 0.01 / 2
    torch.testing.assert_close(mapping(z), sqrt(2) * F.leaky_relu(F.linear(z / 2.5, dense), 0.2))
    torch.testing.assert_close(mapping(7 * z), mapping(z))  # z has norm one


def test_noise_has_no_strength_at_first_and_then_one_for_each_layer() -> None:
    torch.manual_seed(0)
    G = stylegan2.Generator(5, COLOUR, 4, 2)
    z, noise = torch.randn(2, 5), torch.randn(2, stylegan2.noise_size(COLOUR))
    assert torch.equal(G(z, noise), G(z, -noise))
    strengths = [name for name, _ in G.named_parameters() if name.endswith("strength")]
    assert len(strengths) == 1 + 2 * 3
    for name in strengths:
        before = G(z, noise)
        with torch.no_grad():
            G.get_parameter(name).fill_(0.5)
        assert not torch.allclose(G(z, noise), before)


def test_the_image_is_the_sum_of_what_each_size_adds() -> None:
    """Biases 1, 2, 4, 8 of the colours, weights of zero: in the middle, where enlarging changes nothing, 15."""
    G = stylegan2.Generator(5, COLOUR, 4, 1)
    with torch.no_grad():
        for layer in G.synthesis.colour:
            layer.get_parameter("weight").zero_()
        G.synthesis.bias.copy_(torch.tensor([1.0, 2, 4, 8])[:, None].expand(4, 3))
    image = G(torch.randn(1, 5), torch.randn(1, 2704))
    assert image[0, :, 16, 16].tolist() == [15.0] * 3


def test_the_discriminator_sees_how_much_a_batch_varies() -> None:
    x = torch.stack([torch.zeros(2, 3, 3), 2 * torch.ones(2, 3, 3)])
    plane = stylegan2.Deviation()(x)[:, 2]
    torch.testing.assert_close(plane, torch.ones(2, 3, 3), atol=1e-6, rtol=0)  # of 0 and 2
    assert float(stylegan2.Deviation()(x[:1]).detach()[0, 2].max()) == pytest.approx(1e-4)


def test_the_pair_has_the_parameters_of_its_layers() -> None:
    width, codes = 8, 5
    style, layer = codes * width + width, 9 * width**2 + 1 + width
    G = stylegan2.Generator(codes, COLOUR, width, 2)
    synthesis = width * 16 + 7 * (style + layer) + 4 * (style + 3 * width + 3)
    assert count(G) == 2 * (codes**2 + codes) + synthesis
    down = 2 * (9 * width**2 + width) + width**2
    end = 9 * (width + 1) * width + width + 16 * width**2 + width + width + 1
    assert count(stylegan2.discriminator(COLOUR, width)) == 3 * width + width + 3 * down + end


@pytest.mark.parametrize("side", [8, 9, 28, 30, 47, 64, 100, 128])
def test_they_fit_every_side_from_8_to_128(side: int) -> None:
    space = Space((1, side, side), 0, -1, 1)
    x = stylegan2.Generator(5, space, 4, 1)(torch.randn(2, 5), torch.randn(2, stylegan2.noise_size(space)))
    assert x.shape == (2, 1, side, side)
    assert stylegan2.discriminator(space, 4)(x).shape == (2,)
