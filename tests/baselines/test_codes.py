"""Autoencoders that fit their codes or their variance: AAE, WAE-MMD and sigma-VAE against sums and closed forms."""

from __future__ import annotations

from math import exp, log, pi

import pytest
import torch
from torch import Tensor

from ganbench.baselines.aae import AAE
from ganbench.baselines.sigma_vae import SigmaVAE
from ganbench.baselines.wae_mmd import WAEMMD
from ganbench.errors import BadInput
from ganbench.losses import gaussian_nll
from tests.baselines.fixtures import (
    DIGITS,
    FAKE,
    NOISE,
    REAL,
    Affine,
    Always,
    as_net,
    batch,
    exactly,
    identity,
    linear,
    parts,
)

THREE = torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.5]], dtype=torch.double)
DRAWS = torch.tensor([[0.2, -0.4], [-0.6, 0.8], [1.5, 1.0]], dtype=torch.double)


def test_aae_asks_the_discriminator_of_codes_and_adds_it_to_the_squared_error() -> None:
    """Codes are twice the data, and what is decoded is missed by 1 in each of two numbers. D = v1 + v2."""
    G, D, b = parts(encode=Affine(2.0), decode=Affine(0.5, 1.0)), linear(1.0, 1.0), batch(x=REAL, z=NOISE)
    prior, codes = (-0.2, 0.2), (2.0, 4.0)
    wanted = sum(log(1 + exp(-v)) for v in prior) / 2 + sum(log(1 + exp(v)) for v in codes) / 2
    exactly(AAE().discriminator_loss(G, D, b), wanted)
    fooled = sum(log(1 + exp(-v)) for v in codes) / 2
    exactly(AAE().generator_loss(G, D, b), 2 + fooled)
    exactly(AAE(weight=0.25).generator_loss(G, D, b), 2 + fooled / 4)
    assert torch.equal(AAE().generate(G, b), NOISE / 2 + 1)


def test_aaes_discriminator_is_of_codes_not_of_images() -> None:
    G, D = AAE(latent=5).networks(DIGITS)
    assert D(G["encode"](torch.zeros(3, 1, 8, 8))).shape == (3,)
    assert G["decode"](torch.zeros(3, 5)).shape == (3, 1, 8, 8)


def by_pairs(real: Tensor, fake: Tensor, scales: tuple[float, ...]) -> float:
    """The unbiased squared MMD of C / (C + d^2), C = 2 x 2 numbers x scale, by loops over pairs."""

    def kernel(a: Tensor, b: Tensor) -> float:
        square = float((a - b).square().sum())
        return sum(4 * scale / (4 * scale + square) for scale in scales)

    def within(x: Tensor) -> float:
        return sum(kernel(x[i], x[j]) for i in range(len(x)) for j in range(len(x)) if i != j) / (len(x) * (len(x) - 1))

    between = sum(kernel(a, b) for a in real for b in fake) / (len(real) * len(fake))
    return within(real) + within(fake) - 2 * between


@pytest.mark.parametrize("scales", [(1.0,), (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)])
def test_wae_matches_codes_to_the_prior_by_the_inverse_multiquadratic_kernel(scales: tuple[float, ...]) -> None:
    G, b = parts(encode=Affine(2.0), decode=Affine(0.5, 1.0)), batch(x=THREE, z=DRAWS)
    distance = by_pairs(DRAWS, 2 * THREE, scales)
    exactly(WAEMMD(weight=0.0, scales=scales).generator_loss(G, identity(), b), 2)
    exactly(WAEMMD(scales=scales).generator_loss(G, identity(), b), 2 + 10 * distance)
    assert torch.equal(WAEMMD().generate(G, b), DRAWS / 2 + 1)


def test_waes_scales_are_those_of_its_authors_unless_others_are_given() -> None:
    G, b = parts(encode=Affine(1.0), decode=Affine(1.0)), batch(x=THREE, z=DRAWS)
    seven = by_pairs(DRAWS, THREE, (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0))
    exactly(WAEMMD().generator_loss(G, identity(), b), 10 * seven)


def sigma(mean: Tensor, log_variance: Tensor, x: Tensor, eps: Tensor) -> Tensor:
    """Sigma-VAE's loss where codes are decoded as they are."""
    G = parts(encode=Always(torch.cat([mean, log_variance], 1)), decode=Affine(1.0))
    return SigmaVAE().generator_loss(G, identity(), batch(x=x, eps=eps))


def test_sigma_vae_has_the_bound_of_the_variance_that_makes_it_largest() -> None:
    """Codes of mean 0 and variance 1 cost nothing; they are the noise. Any other variance gives a larger loss."""
    loss = sigma(0 * FAKE, 0 * FAKE, REAL, NOISE)
    error = float((REAL - NOISE).square().mean())
    exactly(loss, log(2 * pi * error) + 1)
    exactly(gaussian_nll(REAL, NOISE, error**0.5).mean(), loss.item())
    for factor in (0.9, 1.1):
        assert gaussian_nll(REAL, NOISE, factor * error**0.5).mean() > loss + 1e-3


def test_sigma_vae_pays_for_codes_that_are_not_the_priors() -> None:
    """Means (.5, -1) and (2, 1) cost half their squares."""
    same = sigma(0 * FAKE, 0 * FAKE, REAL + FAKE, NOISE)
    exactly(sigma(FAKE, 0 * FAKE, REAL + 2 * FAKE, NOISE), same.item() + (1.25 / 2 + 5 / 2) / 2)


def test_sigma_vaes_variance_has_a_floor() -> None:
    exactly(sigma(0 * FAKE, 0 * FAKE, NOISE, NOISE), log(2 * pi) - 12 + 1)


def test_sigma_vae_reports_the_standard_deviation() -> None:
    G = parts(encode=Always(torch.zeros(2, 4, dtype=torch.double)), decode=Affine(1.0))
    value = SigmaVAE().monitor(G, as_net(Affine(1.0)), batch(x=REAL, eps=NOISE))
    exactly(value, float((REAL - NOISE).square().mean()) ** 0.5)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: AAE(weight=-1.0), "weight must be 0 or more, got -1.0"),
        (lambda: WAEMMD(weight=-1.0), "weight must be 0 or more, got -1.0"),
        (lambda: WAEMMD(scales=()), "scales must be positive, one or more, got ()"),
        (lambda: SigmaVAE(d_steps=1), "d_steps must be 0: there is no discriminator, got 1"),
    ],
)
def test_values_out_of_range_are_refused(make: object, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        make()  # type: ignore[operator]
    assert said in str(refused.value)
