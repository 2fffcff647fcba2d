"""Generators that lower a distance between samples: Cramér GAN, the sliced one, MMD-GAN with a gradient penalty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import hypot

import pytest
import torch
from torch import Tensor

from ganbench.baselines.cramer_gan import CramerGAN
from ganbench.baselines.mmd_gan_gp import MMDGANGP
from ganbench.baselines.swg import SlicedWassersteinGenerator
from ganbench.errors import BadInput
from tests.baselines.fixtures import EPS, FAKE, NOISE, REAL, RING, Affine, First, as_net, batch, exactly, identity

Point = tuple[float, float]

BETWEEN = EPS * REAL + (1 - EPS) * FAKE  # the fixtures' eps is the share of the real example
OTHER = NOISE


def rows(x: Tensor) -> list[Point]:
    return [(float(a), float(b)) for a, b in x]


def steepness(f: Callable[[Point], float], at: Point) -> float:
    """The norm of a function's gradient in the plane, by central differences."""
    h = 1e-5
    x, y = at
    return hypot((f((x + h, y)) - f((x - h, y))) / (2 * h), (f((x, y + h)) - f((x, y - h))) / (2 * h))


def far(a: Point, b: Point) -> float:
    return hypot(a[0] - b[0], a[1] - b[1])


def test_the_cramer_critic_compares_distances_to_a_second_sample_and_to_the_origin() -> None:
    """With the points themselves as features."""
    G, D, b = identity(), as_net(First()), batch(x=REAL, z=FAKE, z_other=OTHER, eps=EPS)
    real, fake, other, middle = (rows(x) for x in (REAL, FAKE, OTHER, BETWEEN))
    surrogate = penalty = energy = 0.0
    for r, f, o, m in zip(real, fake, other, middle, strict=True):

        def contrast(x: Point, o: Point = o) -> float:
            return far(x, o) - hypot(*x)

        surrogate += (contrast(r) - contrast(f)) / 2
        penalty += (steepness(contrast, m) - 1) ** 2 / 2
        energy += (far(r, f) + far(r, o) - far(f, o)) / 2
    exactly(replace(CramerGAN(), penalty=1e-300).discriminator_loss(G, D, b), -surrogate)
    loss = CramerGAN().discriminator_loss(G, D, b)
    assert loss.item() == pytest.approx(-surrogate + 10 * penalty, abs=1e-7)
    exactly(CramerGAN().generator_loss(G, D, b), energy)
    exactly(CramerGAN().monitor(G, D, b), energy)


def test_a_cramer_generator_that_copies_the_data_still_has_gradients_of_finite_size() -> None:
    z = REAL.clone().requires_grad_()
    loss = CramerGAN().generator_loss(identity(), as_net(First()), batch(x=REAL, z=z, z_other=REAL))
    loss.backward()
    assert z.grad is not None
    assert z.grad.isfinite().all()


def test_the_second_samples_are_not_drawn_for_sampling() -> None:
    assert set(CramerGAN().noise(RING)) == {"z", "z_other", "eps"}
    assert set(CramerGAN().sampling_noise(RING)) == {"z"}
    assert set(SlicedWassersteinGenerator().noise(RING)) == {"z", "directions"}
    assert set(SlicedWassersteinGenerator().sampling_noise(RING)) == {"z"}


def sliced(x: Tensor, z: Tensor, directions: Tensor) -> Tensor:
    return SlicedWassersteinGenerator().generator_loss(identity(), identity(), batch(x=x, z=z, directions=directions))


def test_on_a_line_both_batches_are_sorted() -> None:
    """3, 1, 2 against 10, 0, 5: 1 to 0, 2 to 5, 3 to 10, whatever the directions' lengths are."""
    x = torch.tensor([[3.0], [1.0], [2.0]], dtype=torch.double)
    z = torch.tensor([[10.0], [0.0], [5.0]], dtype=torch.double)
    directions = torch.tensor([[[0.3]], [[-7.0]], [[1.0]]], dtype=torch.double)
    exactly(sliced(x, z, directions), (1 + 9 + 49) / 3)


def test_every_direction_counts_alike() -> None:
    """Along x: 0, 1 against .5, 2; along y: 0, 2 against -1, 1; along (3, 4) / 5: .6, 1.6 against -.5, 2."""
    directions = torch.tensor([[[2.0, 0.0], [0.0, 0.1], [3.0, 4.0]]], dtype=torch.double)
    along_x, along_y, across = (0.25 + 1) / 2, (1 + 1) / 2, (1.1**2 + 0.4**2) / 2
    exactly(sliced(REAL, FAKE, directions), (along_x + along_y + across) / 3)


def test_a_shift_costs_its_square_shared_among_the_dimensions() -> None:
    stream = torch.Generator().manual_seed(0)
    x = torch.randn(50, 3, generator=stream, dtype=torch.double)
    directions = SlicedWassersteinGenerator(projections=400).noise(replace(RING, shape=(3,)))["directions"](50, stream)
    assert directions.shape == (50, 400, 3)
    shift = torch.tensor([2.0, -1.0, 0.5], dtype=torch.double)
    assert sliced(x, x + shift, directions.double()).item() == pytest.approx(5.25 / 3, rel=0.02)


def mixture(square: float) -> float:
    """The sum of five rational quadratic kernels at a squared distance."""
    return float(sum((1 + square / (2 * alpha)) ** -alpha for alpha in (0.2, 0.5, 1.0, 2.0, 5.0)))


def kernel(a: Point, b: Point) -> float:
    """That sum of codes that are half the points."""
    return mixture((far(a, b) / 2) ** 2)


def test_mmd_gan_with_a_penalty_has_the_unbiased_mmd_and_the_slope_of_its_witness() -> None:
    G, D, b = identity(), as_net(Affine(0.5)), batch(x=REAL, z=FAKE, eps=EPS)
    real, fake = rows(REAL), rows(FAKE)
    squared = kernel(*real) + kernel(*fake) - 2 * sum(kernel(r, f) for r in real for f in fake) / 4

    def witness(x: Point) -> float:
        return sum(kernel(x, r) for r in real) / 2 - sum(kernel(x, f) for f in fake) / 2

    penalty = sum((steepness(witness, m) - 1) ** 2 for m in rows(BETWEEN)) / 2
    exactly(MMDGANGP().generator_loss(G, D, b), squared)
    exactly(MMDGANGP().monitor(G, D, b), squared)
    exactly(replace(MMDGANGP(), penalty=1e-300).discriminator_loss(G, D, b), -squared)
    loss = replace(MMDGANGP(), penalty=3.0).discriminator_loss(G, D, b)
    assert loss.item() == pytest.approx(-squared + 3 * penalty, abs=1e-7)


def test_its_kernels_are_those_of_its_alphas() -> None:
    """A squared distance of 2, of one alpha: (1 + 2 / 4) ^ -2."""
    a, b = torch.zeros(1, 2, dtype=torch.double), torch.ones(1, 2, dtype=torch.double)
    exactly(MMDGANGP(alphas=(2.0,)).kernel(a, b).sum(), 1.5**-2)
    exactly(MMDGANGP().kernel(a, b).sum(), mixture(2.0))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: CramerGAN(codes=1), "codes must be at least 2, got 1"),
        (lambda: CramerGAN(penalty=0.0), "penalty must be positive, got 0.0"),
        (lambda: MMDGANGP(codes=1), "codes must be at least 2, got 1"),
        (lambda: MMDGANGP(alphas=(0.0,)), "alphas must be positive, one or more, got (0.0,)"),
        (lambda: SlicedWassersteinGenerator(projections=0), "projections must be at least 1, got 0"),
        (lambda: SlicedWassersteinGenerator(d_steps=1), "d_steps must be 0: there is no discriminator, got 1"),
    ],
)
def test_values_out_of_range_are_refused(make: object, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        make()  # type: ignore[operator]
    assert said in str(refused.value)
