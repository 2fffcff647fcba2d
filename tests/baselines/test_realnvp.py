"""RealNVP: its likelihood against the change of variables by automatic differentiation, and its two directions."""

from __future__ import annotations

from dataclasses import replace
from math import log, pi

import pytest
import torch
from torch import Tensor, nn
from torch.func import jacrev

from ganbench.baseline import Net
from ganbench.baselines.realnvp import RealNVP
from ganbench.dataset import Space
from ganbench.errors import BadInput
from ganbench.nets.coupling import Coupling, checkerboard
from tests.baselines.fixtures import DIGITS, REAL, RING, as_net, batch, exactly, identity

SMALL = RealNVP(couplings=4, width=8, levels=4)
PICTURES = Space((1, 2, 2), 0, -1.0, 1.0)


def trained(space: Space) -> Net:
    """A flow that does something: its last layers are no longer zero."""
    torch.manual_seed(0)
    module, _ = SMALL.networks(space)
    for weight in module.parameters():
        weight.data += 0.2 * torch.randn_like(weight)
    return as_net(module.double())


def nll(G: Net, x: Tensor, **more: Tensor) -> Tensor:
    return SMALL.generator_loss(G, identity(), batch(x=x, **more))


def test_an_untrained_flow_is_the_identity() -> None:
    module, _ = SMALL.networks(RING)
    G = as_net(module.double())
    exactly(nll(G, REAL), log(2 * pi) + (1 + 4) / 4)
    assert torch.equal(SMALL.generate(G, batch(z=REAL)), REAL)


def test_the_likelihood_is_that_of_the_noise_by_the_change_of_variables() -> None:
    """Minus log p(x) = minus log N(z) plus the log of the generator's Jacobian determinant."""
    G = trained(RING)
    for z in torch.randn(5, 2, dtype=torch.double, generator=torch.Generator().manual_seed(1)):
        x = SMALL.generate(G, batch(z=z[None]))
        jacobian = jacrev(lambda one: SMALL.generate(G, batch(z=one[None]))[0])(z)
        exactly(nll(G, x), log(2 * pi) + z.square().sum().item() / 2 + jacobian.det().abs().log().item())


def test_the_density_adds_up_to_one() -> None:
    """On a grid around the origin: the loss of each of its points is minus the logarithm of its density."""
    G = trained(RING)
    steps = torch.linspace(-15, 15, 61, dtype=torch.double)
    density = torch.stack([(-nll(G, point[None])).exp() for point in torch.cartesian_prod(steps, steps)])
    assert density.sum().item() * 0.5**2 == pytest.approx(1, abs=0.01)


def logits(x: Tensor) -> Tensor:
    """The numbers without bounds that images' numbers from 0 to 1 are turned into."""
    return torch.logit(0.05 + 0.9 * x)


def test_images_are_spread_within_their_level_and_unbounded() -> None:
    """Levels 0, 1, 3 and 2 of four, each a quarter wide; the untrained flow keeps their logits."""
    x = torch.tensor([[[[-1.0, -1 / 3], [1.0, 1 / 3]]]], dtype=torch.double)
    u = torch.tensor([[[[0.0, 0.5], [0.99, 0.25]]]], dtype=torch.double)
    numbers = torch.tensor([0.0, 1.5 / 4, 3.99 / 4, 2.25 / 4], dtype=torch.double)
    z = logits(numbers)
    slopes = torch.func.vmap(torch.func.grad(logits))(numbers)
    module, _ = SMALL.networks(PICTURES)
    loss = nll(as_net(module.double()), x, u=u)
    exactly(loss, float((z.square() + log(2 * pi)).sum() / 2 - slopes.log().sum()))
    bits = SMALL.monitor(as_net(module.double()), identity(), batch(x=x, u=u))
    exactly(bits, loss.item() / (4 * log(2)) + 2)


def test_an_images_codes_give_the_image_back() -> None:
    """Within its level: spread by a half, each number is the middle of its level."""
    G = trained(PICTURES)
    x = torch.tensor([[[[-1.0, -1 / 3], [1.0, 1 / 3]]]], dtype=torch.double)
    z, _ = SMALL.unbounded(batch(x=x, u=torch.full_like(x, 0.5)))
    z = z.flatten(1)
    for i in range(4):
        scale, shift = getattr(G, str(i))(z).chunk(2, dim=1)
        z = z * scale.exp() + shift
    again = SMALL.generate(G, batch(z=z.view(1, 1, 2, 2)))
    torch.testing.assert_close(again, torch.tensor([[[[-0.75, -0.25], [0.75, 0.25]]]], dtype=torch.double))


def test_samples_stay_in_range_and_the_spread_is_drawn_for_training_alone() -> None:
    wild = torch.full((1, 1, 2, 2), 30.0, dtype=torch.double)
    module, _ = SMALL.networks(PICTURES)
    assert SMALL.generate(as_net(module.double()), batch(z=wild)).flatten().tolist() == [1.0] * 4
    assert set(SMALL.noise(DIGITS)) == {"z", "u"}
    assert set(SMALL.sampling_noise(DIGITS)) == set(SMALL.noise(RING)) == {"z"}


def test_couplings_leave_what_is_under_their_mask_and_do_not_depend_on_the_rest() -> None:
    torch.manual_seed(0)
    layer = Coupling(torch.tensor([1.0, 0.0, 1.0]), 8)
    nn.init.normal_(layer.body[-1].weight)  # type: ignore[arg-type]
    a, b = torch.tensor([[1.0, 5.0, 2.0]]), torch.tensor([[1.0, -9.0, 2.0]])
    assert torch.equal(layer(a), layer(b))
    assert not torch.equal(layer(a), layer(a + torch.tensor([1.0, 0.0, 0.0])))
    scale, shift = layer(a).chunk(2, dim=1)
    assert scale[0, [0, 2]].tolist() == shift[0, [0, 2]].tolist() == [0.0, 0.0]
    assert scale[0, 1] != 0


def test_neighbours_of_every_direction_differ_under_the_mask() -> None:
    mask = checkerboard(Space((3, 4, 5), 0, -1.0, 1.0)).view(3, 4, 5)
    for axis in range(3):
        assert bool((mask.diff(dim=axis).abs() == 1).all())


def test_masks_take_turns() -> None:
    module, _ = RealNVP(couplings=3).networks(RING)
    assert [layer.mask.tolist() for layer in module] == [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"couplings": 1}, "couplings must be at least 2: one leaves half of the numbers as they are, got 1"),
        ({"width": 0}, "width must be at least 1, got 0"),
        ({"levels": 1}, "levels must be at least 2, got 1"),
        ({"edge": 0.5}, "edge must be between 0 and 0.5, got 0.5"),
    ],
)
def test_values_out_of_range_are_refused(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(BadInput) as refused:
        RealNVP(**wrong)
    assert said in str(refused.value)


def test_images_of_another_range_are_refused() -> None:
    assert RealNVP().unsupported(replace(DIGITS, low=0.0), 8) == "it needs images in [-1, 1]"
    assert RealNVP().unsupported(RING, 8) is None
