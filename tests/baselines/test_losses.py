"""Losses and penalties against independent formulas: PyTorch's own losses, its distributions, autograd and sums."""

from __future__ import annotations

import doctest
from collections.abc import Callable
from itertools import product
from math import exp, log
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import binary_cross_entropy_with_logits, hinge_embedding_loss, mse_loss

import ganbench.nets
from ganbench import losses
from ganbench.nets import attention, autoencoder, conditional, coupling, dcgan, joint, layers, mlp
from tests.baselines.fixtures import EPS, EXACT, FAKE, LOGITS_FAKE, LOGITS_REAL, REAL, Curved, exactly

R, F = LOGITS_REAL.flatten(), LOGITS_FAKE.flatten()
FAR = torch.tensor([40.0, -3.0, 0.1], dtype=torch.double)  # of another length, for losses that allow it


def bce(output: Tensor, label: float) -> float:
    return binary_cross_entropy_with_logits(output, torch.full_like(output, label)).item()


def test_the_logistic_losses_are_binary_cross_entropies() -> None:
    exactly(losses.logistic(R, F), bce(R, 1.0) + bce(F, 0.0))
    exactly(losses.non_saturating(FAR), bce(FAR, 1.0))
    exactly(losses.minimax(FAR), -bce(FAR, 0.0))


def test_the_hinge_loss_is_torch_s_with_labels_of_both_signs() -> None:
    """torch's hinge embedding loss is max(0, 1 - v) for the label -1."""
    expected = hinge_embedding_loss(R, torch.full_like(R, -1)) + hinge_embedding_loss(-F, torch.full_like(F, -1))
    exactly(losses.hinge(R, F), expected.item())


def test_least_squares_are_half_of_mean_squared_errors() -> None:
    halves = mse_loss(R, torch.full_like(R, 2.0)) / 2, mse_loss(F, torch.full_like(F, -0.5)) / 2
    exactly(losses.least_squares(R, F, a=-0.5, b=2.0), sum(half.item() for half in halves))
    exactly(losses.least_squares_generator(F, c=2.0), mse_loss(F, torch.full_like(F, 2.0)).item() / 2)


def test_the_wasserstein_losses_are_differences_of_means() -> None:
    exactly(losses.wasserstein(R, F), F.mean().item() - R.mean().item())
    exactly(losses.negative_mean(FAR), -37.1 / 3)


def test_relativistic_pairs_are_cross_entropies_of_differences() -> None:
    exactly(losses.relativistic(R, F), bce(R - F, 1.0))


@pytest.mark.parametrize(
    ("loss", "of_above", "of_below"),
    [
        (losses.relativistic_average, lambda d: log(1 + exp(-d)), lambda d: log(1 + exp(d))),
        (losses.relativistic_average_hinge, lambda d: max(0.0, 1 - d), lambda d: max(0.0, 1 + d)),
        (losses.relativistic_average_least_squares, lambda d: (d - 1) ** 2, lambda d: (d + 1) ** 2),
    ],
)
def test_relativistic_averages_compare_each_example_with_the_mean_of_the_other_kind(
    loss: Callable[[Tensor, Tensor], Tensor], of_above: Callable[[float], float], of_below: Callable[[float], float]
) -> None:
    above, below = R.tolist(), FAR.tolist()
    high, low = sum(above) / 2, sum(below) / 3
    expected = sum(of_above(v - low) for v in above) / 2 + sum(of_below(v - high) for v in below) / 3
    exactly(loss(R, FAR), expected)


def gradients_one_by_one(points: Tensor) -> Tensor:
    """Gradient of the curved discriminator by differences of its output."""
    step = 1e-6
    columns = []
    for unit in torch.eye(2, dtype=torch.double):
        columns.append((Curved()(points + step * unit) - Curved()(points - step * unit)) / (2 * step))
    return torch.stack(columns, 1)


def test_penalties_are_functions_of_each_example_s_gradient_norm() -> None:
    points = losses.between(REAL, FAKE, EPS)
    torch.testing.assert_close(points, torch.stack([0.25 * REAL[0] + 0.75 * FAKE[0], 0.75 * REAL[1] + 0.25 * FAKE[1]]))
    gradients = gradients_one_by_one(points)
    norms = gradients.norm(dim=1)
    close: dict[str, Any] = {"rtol": 0.0, "atol": 1e-7}
    torch.testing.assert_close(losses.gradient(Curved(), points), gradients, **close)
    torch.testing.assert_close(losses.gradient_penalty(Curved(), points, 0.5), (norms - 0.5) ** 2, **close)
    torch.testing.assert_close(
        losses.lipschitz_penalty(Curved(), points, 0.8), (norms - 0.8).clamp(min=0) ** 2, **close
    )
    torch.testing.assert_close(losses.zero_centred_penalty(Curved(), points), norms**2, **close)
    assert norms[0] < 1.2 < norms[1]


def test_a_penalty_can_be_differentiated_again() -> None:
    w = torch.tensor([3.0, 4.0], dtype=torch.double, requires_grad=True)
    penalty = losses.gradient_penalty(lambda x: x @ w, REAL).mean()
    (gradient,) = torch.autograd.grad(penalty, w)
    torch.testing.assert_close(gradient, 2 * (5 - 1) * w.detach() / 5, **EXACT)


def test_gaussian_terms_are_those_of_torch_s_distributions() -> None:
    mean, log_variance = REAL, FAKE / 3
    posterior = Normal(mean, (log_variance / 2).exp())
    prior = Normal(torch.zeros_like(mean), 1.0)
    expected = kl_divergence(posterior, prior).sum(1)
    torch.testing.assert_close(losses.gaussian_divergence(mean, log_variance), expected, **EXACT)
    images = REAL.view(2, 1, 2, 1)
    likelihood = Normal(FAKE.view(2, 1, 2, 1), 0.3).log_prob(images).flatten(1).sum(1)
    torch.testing.assert_close(losses.gaussian_nll(images, FAKE.view(2, 1, 2, 1), 0.3), -likelihood, **EXACT)
    drawn = losses.reparametrised(mean, log_variance, EPS)
    torch.testing.assert_close(drawn, posterior.mean + posterior.stddev * EPS, **EXACT)


def test_the_squared_mmd_is_the_sum_over_all_pairs() -> None:
    scales = [0.5, 2.0]

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return losses.mean_gaussian_kernel(torch.cdist(a, b).square(), scales)

    def by_hand(a: Tensor, b: Tensor) -> float:
        squares = [float(((p - q) ** 2).sum()) for p, q in product(a, b)]
        return sum(exp(-square / (2 * scale)) for square in squares for scale in scales) / len(squares)

    expected = by_hand(REAL, REAL) + by_hand(FAKE, FAKE) - 2 * by_hand(REAL, FAKE)
    exactly(losses.squared_mmd(kernel, REAL, FAKE), expected)


def test_the_unbiased_mmd_leaves_out_an_example_with_itself() -> None:
    """Its mean over all pairs drawn from two populations of three is that of the populations."""

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return losses.rational_quadratic(torch.cdist(a, b).square(), 0.7)

    real, fake = torch.cat([REAL, FAKE[:1]]), torch.cat([FAKE, REAL[1:] + 1])
    pairs = [[0, 1], [0, 2], [1, 2]]
    drawn = [losses.unbiased_squared_mmd(kernel, real[i], fake[j]).item() for i, j in product(pairs, pairs)]
    whole = losses.unbiased_squared_mmd(kernel, real, fake)
    exactly(whole, sum(drawn) / 9)
    biased = losses.squared_mmd(lambda a, b: kernel(a, b).mean(), real, fake).item()
    own = [float(kernel(x, x).mean()) for x in (real, fake)]
    exactly(whole, biased + sum((mean - 1) / 2 for mean in own))  # (9 mean - 3) / 6 in place of the mean


def test_the_rational_quadratic_kernel_is_the_gaussian_one_for_large_alphas_and_multiquadratic_for_one() -> None:
    squares = torch.tensor([0.0, 0.3, 5.0], dtype=torch.double)
    torch.testing.assert_close(losses.rational_quadratic(squares, 1e7), (-squares / 2).exp(), rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(losses.rational_quadratic(2 * squares / 3, 1.0), 3 / (3 + squares), **EXACT)


MODULES = [losses, ganbench.nets, attention, autoencoder, conditional, coupling, dcgan, joint, layers, mlp]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_the_examples_of_the_documentation_hold(module: object) -> None:
    done = doctest.testmod(module)  # type: ignore[arg-type]
    assert done.attempted
    assert not done.failed
