"""R1 and R2 around any loss: worked values, and the baselines of those names."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.baselines.wgan import WGAN
from ganbench.regularisers import around
from tests.baselines.fixtures import FAKE, REAL, curved, exactly


@pytest.mark.parametrize(("name", "x"), [("r1", REAL), ("r2", FAKE)])
@pytest.mark.parametrize("base", [NonSaturatingGAN, WGAN])
def test_half_of_gamma_times_the_squared_gradient_is_added(name: str, x: torch.Tensor, base: type) -> None:
    G, D, b = curved()
    plain, cls = base(), around(base, [name])
    points = x.clone().requires_grad_()
    (grad,) = torch.autograd.grad(D(points).sum(), points)
    added = 4.0 / 2 * grad.square().sum(1).mean()
    settings: dict[str, Any] = {f"{name}_gamma": 4.0}
    total = cls(**settings).discriminator_loss(G, D, b)
    exactly(total - plain.discriminator_loss(G, D, b), added.item())
    exactly(cls().generator_loss(G, D, b), plain.generator_loss(G, D, b).item())
