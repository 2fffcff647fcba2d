"""Top-k around a loss: the gradient is that of the mean over the best samples, the value that of all."""

from __future__ import annotations

from math import exp
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganbench.baseline import Batch, Net
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.baselines.ragan import RelativisticAverageGAN
from ganbench.errors import BadInput
from ganbench.regularisers import around
from tests.baselines.fixtures import LOGITS_FAKE, LOGITS_REAL, Logit

LOGITS = torch.tensor([0.2, 1.5, -0.7, 0.9, 0.1], dtype=torch.double)


def steered(base: type, fake: Tensor, progress: float, **settings: Any) -> tuple[Tensor, Tensor]:
    """The generator's loss and its gradient with respect to its samples."""
    z = fake[:, None].clone().requires_grad_()
    G, D = Net.of(nn.Identity()), Net.of(Logit())
    b = Batch({"x": LOGITS_REAL.repeat(3, 1)[: len(z)], "z": z, "progress": torch.tensor(progress)})
    loss = around(base, ["topk"])(**settings).generator_loss(G, D, b)
    return loss, torch.autograd.grad(loss, z)[0].flatten()


def test_the_best_of_two_alone_has_a_gradient() -> None:
    loss, grad = steered(NonSaturatingGAN, LOGITS_FAKE.flatten(), 0.99, topk_gamma=0.5, topk_least=0.5)
    torch.testing.assert_close(grad, torch.tensor([0.0, -1 / (1 + exp(1.5))], dtype=torch.double))
    torch.testing.assert_close(loss, softplus(-LOGITS_FAKE).mean())


@pytest.mark.parametrize(
    ("progress", "settings", "k"),
    [
        (0.0, {}, 5),
        (0.1, {}, 4),  # 0.99^10 of 5 is 4.5
        (0.9, {}, 3),  # three quarters of 5 are 3.75
        (0.02, {"topk_gamma": 0.5, "topk_least": 0.1}, 1),  # 0.25 of 5
        (0.9, {"topk_gamma": 0.5, "topk_least": 0.1}, 1),  # never none
    ],
)
def test_the_gradient_is_that_of_the_mean_over_the_best(progress: float, settings: dict[str, float], k: int) -> None:
    _, grad = steered(NonSaturatingGAN, LOGITS, progress, **settings)
    z = LOGITS.clone().requires_grad_()
    (expected,) = torch.autograd.grad(softplus(-z.topk(k).values).mean(), z)
    torch.testing.assert_close(grad, expected, rtol=0, atol=1e-7)  # the progress is a float32


def test_a_loss_that_compares_with_real_examples_is_steered_too() -> None:
    z = LOGITS[:4].clone().requires_grad_()
    (plain,) = torch.autograd.grad(unsteered_loss(RelativisticAverageGAN, z), z)
    _, grad = steered(RelativisticAverageGAN, LOGITS[:4], 0.0)
    torch.testing.assert_close(grad, plain)
    _, grad = steered(RelativisticAverageGAN, LOGITS[:4], 0.9, topk_least=0.5, topk_gamma=0.5)
    torch.testing.assert_close(grad, plain * torch.tensor([0.0, 2.0, 0.0, 2.0]))


def unsteered_loss(base: Any, z: Tensor) -> Tensor:
    b = Batch({"x": LOGITS_REAL.repeat(3, 1)[: len(z)], "z": z[:, None], "progress": torch.tensor(0.0)})
    loss: Tensor = base().generator_loss(Net.of(nn.Identity()), Net.of(Logit()), b)
    return loss


@pytest.mark.parametrize("settings", [{"topk_gamma": 0.0}, {"topk_least": 1.5}])
def test_a_field_out_of_range_is_named(settings: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=next(iter(settings))):
        around(NonSaturatingGAN, ["topk"])(**settings)
