"""Networks have the published sizes, and layers are pure functions of weights, buffers and input."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from ganbench.dataset import Architecture, Space, Tensors
from ganbench.errors import BadInput
from ganbench.nets import dcgan, discriminator, generator, maxout, mlp, unfit
from ganbench.nets.autoencoder import elu_decoder, elu_encoder
from ganbench.nets.layers import BatchNorm, SpectralNorm, refreshed
from tests.narrow import narrow

IMAGE = {28: Space((1, 28, 28), 10, -1, 1), 32: Space((3, 32, 32), 10, -1, 1), 64: Space((3, 64, 64), 0, -1, 1)}
PLANE = Space((2,), 8, -2, 2)


def count(net: nn.Module) -> int:
    return sum(weight.numel() for weight in net.parameters())


@pytest.mark.parametrize(
    ("side", "width", "parameters"),
    [
        (28, 32, (347_073, 36_577, 36_513)),
        (32, 32, (370_627, 167_841, 167_649)),
        (64, 32, (1_100_227, 694_689, 694_241)),
        (28, 64, (759_681, 138_689, 138_561)),
        (32, 64, (1_068_931, 663_361, 662_977)),
        (64, 64, (3_576_707, 2_765_633, 2_764_737)),
    ],
)
def test_convolutional_networks_have_the_parameters_of_their_layer_table(
    side: int, width: int, parameters: tuple[int, int, int]
) -> None:
    space = IMAGE[side]
    nets = (
        dcgan.generator(100, space, width),
        dcgan.discriminator(space, width),
        dcgan.discriminator(space, width, norm=False),
    )
    assert tuple(map(count, nets)) == parameters


def test_maxout_networks_have_the_parameters_of_pacgan_s_code() -> None:
    """2 -> 4 x 400 -> 2 with BatchNorm, no bias but the last; three layers of 200 units of five pieces -> 1."""
    G, D = maxout.generator(2, PLANE), maxout.discriminator(PLANE)
    assert (count(G), count(D)) == (484_802, 405_201)
    dense = [layer for net in (G, D) for layer in net.modules() if isinstance(layer, nn.Linear)]
    assert float(dense[1].weight.detach().std()) == pytest.approx(0.02, rel=0.02)
    assert all(layer.bias is None or not layer.bias.any() for layer in dense)


def test_a_maxout_unit_is_the_largest_of_its_pieces() -> None:
    """Units max(x, -x, 0) = |x| and max(1, 2x, -3): at -2 they are 2 and 1, at 3 they are 3 and 6."""
    linear = nn.Linear(1, 6)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[1.0], [-1.0], [0.0], [0.0], [2.0], [0.0]]))
        linear.bias.copy_(torch.tensor([0.0, 0.0, 0.0, 1.0, 0.0, -3.0]))
    assert maxout.Maxout(linear, 3)(torch.tensor([[-2.0], [3.0]])).tolist() == [[2.0, 1.0], [3.0, 6.0]]


@pytest.mark.parametrize(
    ("space", "networks", "parameters"),
    [
        (PLANE, Architecture(width=400), (162_402, 162_001)),
        (PLANE, Architecture(width=10, depth=1), (5 * 11 - 3, 4 * 10 + 1)),
        (PLANE, Architecture("maxout"), (484_802, 405_201)),
        (PLANE, Architecture("maxout", width=2, depth=1), (2 * 2 + 4 + 6, 2 * 5 + 5 + 2)),
        (IMAGE[28], Architecture("mlp"), (118_032, 117_121)),
        (IMAGE[32], Architecture(width=64), (1_068_931 - 98 * 4096, 662_977)),
        (IMAGE[32], Architecture(width=4, depth=2), (1024 + 16 + 512 + 8 + 195, 196 + 520 + 513)),
    ],
)
def test_the_shared_pair_has_the_kind_width_and_depth_that_are_asked_for(
    space: Space, networks: Architecture, parameters: tuple[int, int]
) -> None:
    asked = replace(space, networks=networks)
    G, D = generator(2, asked), discriminator(asked)
    assert D(G(torch.randn(3, 2))).shape == (3,)
    assert (count(G), count(D)) == parameters


@pytest.mark.parametrize(
    ("space", "networks", "said"),
    [
        (PLANE, Architecture("dcgan"), "networks = 'dcgan' needs square images of 8 to 128 pixels a side"),
        (Space((1, 24, 28), 0, -1, 1), Architecture("dcgan"), "networks = 'dcgan' needs square images"),
        (IMAGE[28], Architecture(depth=4), "convolutional networks need at least 32 pixels a side at depth 4"),
        (IMAGE[28], Architecture(depth=3), ""),
        (IMAGE[28], Architecture("mlp", depth=9), ""),
    ],
)
def test_networks_that_do_not_fit_are_named_before_they_are_made(
    space: Space, networks: Architecture, said: str
) -> None:
    reason = unfit(replace(space, networks=networks))
    assert reason.startswith(said) if said else not reason


@pytest.mark.parametrize("space", [PLANE, Space((1, 8, 8), 10, -1, 1), *IMAGE.values()])
def test_the_shared_pair_fits_every_space(space: Space) -> None:
    G, D = generator(5, space), discriminator(space)
    x = G(torch.randn(3, 5))
    assert x.shape == (3, *space.shape)
    assert D(x).shape == (3,)
    assert not space.is_image or x.abs().max() <= 1


def test_the_shared_discriminator_does_not_mix_the_samples_of_a_batch() -> None:
    x = torch.randn(4, 1, 28, 28)
    D = discriminator(IMAGE[28])
    torch.testing.assert_close(D(x)[:1], D(x[:1]))


@pytest.mark.parametrize("side", [8, 9, 13, 17, 24, 30, 47, 100, 127, 128])
def test_convolutional_networks_fit_every_side_from_8_to_128(side: int) -> None:
    space = Space((3, side, side), 0, -1, 1)
    assert dcgan.generator(5, space, 4)(torch.randn(2, 5)).shape == (2, 3, side, side)
    assert dcgan.discriminator(space, 4)(torch.zeros(2, 3, side, side)).shape == (2,)
    code = elu_encoder(space, 6, width=2)(torch.zeros(2, 3, side, side))
    assert elu_decoder(6, space, width=2)(code).shape == (2, 3, side, side)


@pytest.mark.parametrize("shape", [(2,), (1, 7, 7), (1, 24, 28), (3, 129, 129)])
def test_convolutions_refuse_points_and_other_images(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInput, match="need square images of 8 to 128 pixels a side; these examples are"):
        dcgan.generator(2, Space(shape, 0, -1, 1))


def test_a_discriminator_with_several_outputs_keeps_them_apart() -> None:
    assert mlp.discriminator(PLANE, out=3)(torch.zeros(5, 2)).shape == (5, 3)


def test_dcgan_s_start_is_small_and_centred() -> None:
    net = narrow(dcgan.normal_start(dcgan.generator(100, IMAGE[28], 64)), nn.Sequential)
    dense, norm = net[0], net[2]
    assert isinstance(dense, nn.Linear)
    assert isinstance(norm, BatchNorm)
    assert abs(float(dense.weight.detach().std()) - 0.02) < 5e-4
    assert abs(float(norm.weight.detach().mean()) - 1) < 0.01
    assert float(norm.bias.detach().abs().max()) == 0


def test_power_iteration_converges_to_the_largest_singular_value() -> None:
    layer = nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[3.0, 0.0], [4.0, 5.0]]))
    net = SpectralNorm(layer)
    weights, buffers = {"layer.weight": layer.weight}, {"u": torch.tensor([1.0, 0.0]), "v": torch.zeros(2)}
    norms = []
    for _ in range(3):
        buffers = net.refresh(weights, buffers)
        norms.append(float(buffers["u"] @ layer.weight.detach() @ buffers["v"]))
    assert norms == pytest.approx([5, 6.6717460325, 6.7077495703], abs=1e-6)


def test_a_normalised_layer_ignores_the_scale_of_its_weight_and_is_1_lipschitz() -> None:
    torch.manual_seed(0)
    net = SpectralNorm(nn.Linear(6, 4, bias=False))
    x = torch.randn(8, 6)
    for _ in range(100):
        net.load_state_dict(dict(net.state_dict()) | net.refresh(dict(net.state_dict()), dict(net.named_buffers())))
    before = net(x)
    with torch.no_grad():
        net.layer.weight.mul_(3)
    torch.testing.assert_close(net(x), before)
    assert float(torch.linalg.matrix_norm(net(torch.eye(6)).detach().T, 2)) == pytest.approx(1, abs=1e-4)


def test_a_forward_pass_leaves_the_buffers_of_a_normalised_layer_alone() -> None:
    net = SpectralNorm(nn.Linear(3, 3))
    before = net.u.clone()
    net(torch.randn(2, 3))
    net(torch.randn(2, 3))
    assert torch.equal(net.u, before)


def test_only_refreshed_layers_change_their_buffers() -> None:
    net = nn.Sequential(SpectralNorm(nn.Linear(3, 3)), BatchNorm(3))
    weights: Tensors = dict(net.named_parameters())
    buffers = dict(net.named_buffers())
    fresh = refreshed(net, weights, buffers)
    assert fresh.keys() == buffers.keys()
    assert not torch.equal(fresh["0.u"], buffers["0.u"])
    assert fresh["1.mean"] is buffers["1.mean"]


@pytest.mark.parametrize("shape", [(64, 5), (16, 5, 4, 4)])
def test_batch_norm_is_torch_s_in_training_and_fixed_in_evaluation(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    ours, x = BatchNorm(5), 3 * torch.randn(shape) + 2
    theirs = (nn.BatchNorm1d if len(shape) == 2 else nn.BatchNorm2d)(5)
    torch.testing.assert_close(ours(x), theirs(x))
    ours.gathering = True
    ours(x)
    ours.gathering = False
    torch.testing.assert_close(ours.eval()(x), theirs(x), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours(x[:1]), theirs(x)[:1], atol=1e-5, rtol=1e-5)
