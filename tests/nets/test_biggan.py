"""BigGAN's generator is told a class and a part of the noise by every normalisation of its blocks."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ganbench.dataset import Space
from ganbench.nets import biggan
from ganbench.nets.layers import SpectralNorm, Standardised

COLOUR = Space((3, 32, 32), 10, -1, 1)


def count(net: nn.Module) -> int:
    return sum(weight.numel() for weight in net.parameters())


def test_the_pair_has_the_parameters_of_its_layers() -> None:
    """Of 20 numbers of noise each of four parts has five; blocks have no bias before a normalisation."""
    width, told = 8, 128 + 5
    block = 2 * 9 * width**2 + width**2 + 2 * 2 * told * width
    start, last = 5 * 16 * width + 16 * width, 2 * width + 27 * width + 3
    assert count(biggan.Generator(20, COLOUR, width)) == 10 * 128 + start + 3 * block + last
    down = 2 * (9 * width**2 + width)
    first = 27 * width + width + 9 * width**2 + width + 3 * width + width
    blocks = first + down + width**2 + width + 2 * down
    assert count(biggan.discriminator(COLOUR, width)) == blocks + width + 1 + 10 * width


def test_a_part_of_the_noise_reaches_its_own_block_and_those_after_it() -> None:
    torch.manual_seed(0)
    G, y, seen = biggan.Generator(8, COLOUR, 4), torch.tensor([1, 2]), list[Tensor]()
    for block in G.blocks:
        block.register_forward_hook(lambda _block, _given, made: seen.append(made.detach()))
    z = torch.randn(2, 8)
    for part in range(4):
        other = z.clone()
        other[:, 2 * part : 2 * part + 2] += 1
        seen.clear()
        G(z, y)
        G(other, y)
        same = [torch.equal(a, b) for a, b in zip(seen[:3], seen[3:], strict=True)]
        assert same == [i < part - 1 for i in range(3)], part


def test_noise_that_cannot_be_cut_evenly_is_cut_nearly_so() -> None:
    G = biggan.Generator(9, COLOUR, 4)
    sizes = [block.norms[0].gain.layer.in_features - biggan.SHARED for block in G.blocks]  # type: ignore[union-attr, index]
    assert sizes == [2, 2, 2]
    assert G(torch.randn(2, 9), torch.tensor([0, 1])).shape == (2, 3, 32, 32)


def test_every_block_is_told_the_class_by_one_embedding() -> None:
    torch.manual_seed(0)
    G, z = biggan.Generator(8, COLOUR, 4), torch.randn(4, 8)
    before = G(z, torch.tensor([0, 0, 1, 1])).detach()
    with torch.no_grad():
        G.shared.weight[1] += 1
    after = G(z, torch.tensor([0, 0, 1, 1]))
    assert not torch.allclose(before, after)
    assert [name for name, _ in G.named_modules() if isinstance(_, nn.Embedding)] == ["shared"]


def test_a_told_normalisation_scales_by_one_more_than_it_is_told() -> None:
    norm = biggan.ToldBatchNorm(1, 1, lambda layer: layer).double()
    nn.init.constant_(norm.gain.weight, 2.0)  # type: ignore[arg-type]
    nn.init.constant_(norm.shift.weight, 5.0)  # type: ignore[arg-type]
    x = torch.tensor([1.0, 3.0], dtype=torch.double).view(2, 1, 1, 1)  # normalised: -1 and 1
    told = norm(x, torch.tensor([[0.5], [0.0]], dtype=torch.double)).flatten()
    torch.testing.assert_close(told, torch.tensor([-2 + 2.5, 1.0], dtype=torch.double), atol=1e-4, rtol=0)


def test_a_normalisation_without_gain_uses_the_statistics_in_its_buffers_when_sampling() -> None:
    norm = Standardised(2)
    assert not [*norm.parameters()]
    x = torch.randn(50, 2, 3, 3) * 3 + 1
    norm.gathering = True
    gathered = norm(x)
    norm.gathering = False
    torch.testing.assert_close(norm.eval()(x), gathered)
    torch.testing.assert_close(norm.eval()(x[:1]), gathered[:1])


def test_all_layers_but_the_embedding_have_spectral_norm_and_start_orthogonal() -> None:
    G, D = biggan.Generator(8, COLOUR, 4), biggan.discriminator(COLOUR, 4)
    for net in (G, D):
        covered = {id(p) for layer in net.modules() if isinstance(layer, SpectralNorm) for p in layer.parameters()}
        left = [name for name, p in net.named_parameters() if p.ndim > 1 and id(p) not in covered]
        assert left == (["shared.weight"] if net is G else [])
        for name, weight in net.named_parameters():
            if weight.ndim > 1:
                flat = weight.detach().flatten(1)
                products = flat @ flat.T if len(flat) <= flat.shape[1] else flat.T @ flat
                torch.testing.assert_close(products, torch.eye(len(products)), atol=1e-5, rtol=0, msg=name)


@pytest.mark.parametrize("side", [8, 28, 47, 128])
def test_they_fit_sides_from_8_to_128(side: int) -> None:
    space = Space((3, side, side), 3, -1, 1)
    y = torch.tensor([0, 2])
    x = biggan.Generator(biggan.parts(space), space, 4)(torch.randn(2, biggan.parts(space)), y)
    assert x.shape == (2, 3, side, side)
    assert biggan.discriminator(space, 4)(x, y).shape == (2,)
