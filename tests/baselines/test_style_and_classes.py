"""StyleGAN2 and BigGAN: worked losses, path lengths and truncation whose values are known."""

from __future__ import annotations

from dataclasses import replace
from math import log, sqrt
from typing import Any

import pytest
import torch
from scipy import stats
from torch import Tensor, nn

from ganbench.baseline import Net, truncated_normal
from ganbench.baselines.biggan import BigGAN, overlap
from ganbench.baselines.stylegan2 import StyleGAN2, path_lengths
from ganbench.dataset import Space
from ganbench.errors import BadInput
from tests.baselines.fixtures import (
    LOGITS_FAKE,
    LOGITS_REAL,
    MNIST,
    RING,
    Linear,
    as_net,
    batch,
    exactly,
    identity,
)

DOUBLE: dict[str, Any] = {"dtype": torch.double}


class Sheared(nn.Module):
    """The synthesis x = (w1 + 2 w2, a w2) as an image of one row of two pixels; noise is added."""

    def __init__(self, a: float) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.tensor(a, **DOUBLE))

    def forward(self, w: Tensor, noise: Tensor) -> Tensor:
        return torch.stack([w[:, 0] + 2 * w[:, 1], self.a * w[:, 1]], 1).view(-1, 1, 1, 2) + noise.view(-1, 1, 1, 2)


class Sheet(nn.Module):
    """A generator whose code is its noise."""

    def __init__(self, a: float) -> None:
        super().__init__()
        self.mapping, self.synthesis = nn.Identity(), Sheared(a)

    def forward(self, z: Tensor, noise: Tensor) -> Tensor:
        image: Tensor = self.synthesis(self.mapping(z), noise)
        return image


def lengths_batch(**more: Tensor) -> dict[str, Tensor]:
    """Two examples in the directions (1, 0) and (1, 2), of images of two pixels."""
    direction = torch.tensor([[1.0, 0.0], [1.0, 2.0]], **DOUBLE).view(2, 1, 1, 2)
    z = torch.tensor([[0.5, -1.0], [2.0, 1.0]], **DOUBLE)
    return {"z": z, "noise": torch.zeros(2, 2, **DOUBLE), "direction": direction} | more


def test_path_lengths_are_norms_of_the_transposed_jacobian_times_a_direction() -> None:
    """J^T y = (y1, 2 y1 + a y2) over the root of two pixels: (1, 2) and (1, 2 + 6) for a = 3."""
    lengths = path_lengths(as_net(Sheet(3.0)), batch(**lengths_batch()))
    wanted = torch.tensor([sqrt(5 / 2), sqrt(65 / 2)], **DOUBLE)
    torch.testing.assert_close(lengths, wanted)


def test_the_generator_pays_for_path_lengths_that_differ_from_their_running_mean() -> None:
    """The mean is a constant: the derivative by a is that of the lengths, (2 + 2 a) 2 / (2 length) for the second."""
    baseline = StyleGAN2(path_length=3.0, path_decay=0.75)
    G = as_net(Sheet(3.0))
    D = as_net(Linear(torch.zeros(2)))
    b = batch(**lengths_batch(path_mean=torch.tensor(2.0, **DOUBLE)))
    first, second = sqrt(5 / 2), sqrt(65 / 2)
    mean = 0.75 * 2 + 0.25 * (first + second) / 2
    loss = baseline.generator_loss(G, D, b)
    exactly(loss, log(2) + 3 * ((first - mean) ** 2 + (second - mean) ** 2) / 2)
    (gradient,) = torch.autograd.grad(loss, G.weights["synthesis.a"])
    exactly(gradient, 3 * 2 * (second - mean) * (2 * (2 + 2 * 3) / (2 * second)) / 2)
    exactly(baseline.next_state(G, D, b)["path_mean"], mean)
    assert baseline.initial_state(G, D)["path_mean"] == 0


def test_without_path_lengths_nothing_is_drawn_or_carried_for_them() -> None:
    plain, G = StyleGAN2(path_length=0), as_net(Sheet(3.0))
    assert set(plain.noise(MNIST)) == set(plain.sampling_noise(MNIST)) == {"z", "noise"}
    assert set(StyleGAN2().noise(MNIST)) - set(StyleGAN2().sampling_noise(MNIST)) == {"direction"}
    assert plain.initial_state(G, identity()) == {}
    exactly(plain.generator_loss(G, as_net(Linear(torch.zeros(2))), batch(**lengths_batch())), log(2))


def test_stylegan2s_discriminator_has_the_logistic_loss_and_r1() -> None:
    """D = w . x with w = (1, 2): |w|^2 = 5, halved and weighed; fakes are (-1.5, -3) and (4, 3)."""
    D = as_net(Linear(torch.tensor([1.0, 2.0])))
    x = torch.tensor([[1.0, 0.0], [0.0, 2.0]], **DOUBLE).view(2, 1, 1, 2)
    loss = StyleGAN2(gamma=0.4).discriminator_loss(as_net(Sheet(3.0)), D, batch(x=x, **lengths_batch()))
    fake = torch.tensor([-1.5 - 6, 4 + 6], **DOUBLE)
    real = torch.tensor([1.0, 4.0], **DOUBLE)
    exactly(loss, float((1 + (-real).exp()).log().mean() + (1 + fake.exp()).log().mean()) + 0.2 * 5)


def test_samples_are_kept_within_the_range_of_images() -> None:
    b = batch(z=torch.tensor([[3.0, -3.0]], **DOUBLE), noise=torch.zeros(1, 2, **DOUBLE))
    assert StyleGAN2().generate(as_net(Sheet(1.0)), b).flatten().tolist() == [-1.0, -1.0]


def test_overlap_is_of_different_filters_of_all_layers_but_the_shared_embedding() -> None:
    """Filters (1, 0) and (1, 1): their product, 1, counts twice; a kernel of two filters (1, 2), (0, 3): 6 twice."""
    weights = {
        "first.weight": torch.tensor([[1.0, 0.0], [1.0, 1.0]], **DOUBLE),
        "second.weight": torch.tensor([[[[1.0, 2.0]]], [[[0.0, 3.0]]]], **DOUBLE),
        "second.bias": torch.tensor([5.0, 7.0], **DOUBLE),
        "shared.weight": torch.tensor([[1.0, 0.0], [1.0, 0.0]], **DOUBLE),
    }
    exactly(overlap(Net(nn.Identity(), weights, {})), 2 * 1 + 2 * 36)


class Told(nn.Module):
    """A sample is its noise and its filters overlap by one, whatever its class."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor([[1.0], [1.0]], **DOUBLE))

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        return z


class Off(nn.Module):
    """The logit itself, less its class."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return x[:, 0] - y


def test_biggan_has_the_hinge_loss_on_pairs_with_classes_of_their_own_and_its_regularisation() -> None:
    """Real .5 - 0, -1 - 1; fake .2 - 1, 1.5 - 0."""
    b = batch(x=LOGITS_REAL, z=LOGITS_FAKE, y=torch.tensor([0, 1]), y_fake=torch.tensor([1, 0]))
    G, D = as_net(Told()), as_net(Off())
    exactly(BigGAN().discriminator_loss(G, D, b), (0.5 + 3) / 2 + (0.2 + 2.5) / 2)
    exactly(BigGAN(orthogonal=0.25).generator_loss(G, D, b), -(-0.8 + 1.5) / 2 + 0.25 * 2)


def test_truncated_noise_is_normal_noise_without_what_exceeds_the_limit() -> None:
    z = truncated_normal(10, limit=0.8)(2000, torch.Generator().manual_seed(0)).double().flatten()
    assert z.abs().max() <= 0.8
    assert stats.kstest(z.numpy(), stats.truncnorm(-0.8, 0.8).cdf).pvalue > 0.01
    wide = truncated_normal(10, limit=50.0)(2000, torch.Generator().manual_seed(0)).double().flatten()
    assert stats.kstest(wide.numpy(), stats.norm.cdf).pvalue > 0.01


def test_noise_is_truncated_for_samples_alone() -> None:
    space, stream = replace(MNIST, classes=10), torch.Generator().manual_seed(0)
    short = BigGAN(latent=50, truncation=0.5)
    assert short.noise(space)["z"](500, stream).abs().max() > 2
    assert short.sampling_noise(space)["z"](500, stream).abs().max() <= 0.5
    assert BigGAN(latent=50).sampling_noise(space)["z"](500, stream).abs().max() > 2


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: BigGAN(orthogonal=-1.0), "orthogonal must be 0 or more, got -1.0"),
        (lambda: BigGAN(truncation=-0.5), "truncation must be 0 (no limit) or more, got -0.5"),
        (lambda: StyleGAN2(gamma=-1.0), "gamma must be 0 or more, got -1.0"),
        (lambda: StyleGAN2(path_length=-1.0), "path_length must be 0 or more, got -1.0"),
        (lambda: StyleGAN2(path_decay=1.0), "path_decay must be in [0, 1), got 1.0"),
        (lambda: StyleGAN2(mapping_layers=0), "mapping_layers must be at least 1, got 0"),
    ],
)
def test_values_out_of_range_are_refused(make: object, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        make()  # type: ignore[operator]
    assert said in str(refused.value)


def test_they_say_which_data_they_need() -> None:
    assert StyleGAN2().unsupported(RING, 8) == "it needs square images of 8 to 128 pixels a side"
    assert BigGAN().unsupported(RING, 8) == "it needs square images of 8 to 128 pixels a side"
    assert BigGAN(latent=64).unsupported(replace(MNIST, classes=0), 8) == "it needs labelled data"
    assert BigGAN(latent=64).unsupported(MNIST, 8) is None
    colour = Space((3, 32, 32), 10, -1, 1)
    said = "its noise is cut into 4 parts: latent must be at least 4, got 3"
    assert BigGAN(latent=3).unsupported(colour, 8) == said
