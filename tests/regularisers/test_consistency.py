"""CR and bCR around a loss: worked values of the penalties, for images of two pixels."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.errors import BadInput
from ganbench.regularisers import around
from tests.baselines.fixtures import as_net, batch, exactly, identity

REAL = torch.tensor([[1.0, 2.0], [0.0, 1.0]], dtype=torch.double).view(2, 1, 1, 2)
FAKE = torch.tensor([[3.0, 1.0], [1.0, 1.0]], dtype=torch.double).view(2, 1, 1, 2)
MIRRORED, AS_IT_IS = [0.4, 0.5, 0.5], [0.6, 0.5, 0.5]  # draws; images of two pixels are never moved


class Weighed(nn.Module):
    """The first pixel and ten times the second."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, 0, 0, 0] + 10 * x[:, 0, 0, 1]


def added(name: str, draws: list[list[list[float]]], **settings: Any) -> Tensor:
    """What a regulariser adds to the discriminator's loss; the generator's is as ever."""
    G, D = identity(), as_net(Weighed())
    b = batch(x=REAL, z=FAKE, **{f"{name}_draws": torch.tensor(draws, dtype=torch.double)})
    plain, regularised = NonSaturatingGAN(), around(NonSaturatingGAN, [name])(**settings)
    exactly(regularised.generator_loss(G, D, b), plain.generator_loss(G, D, b).item())
    return regularised.discriminator_loss(G, D, b) - plain.discriminator_loss(G, D, b)


def test_the_answer_about_a_mirrored_image_is_held_near_that_about_the_image() -> None:
    # D says 21 of the first and 12 of its mirror image; the second is not mirrored: (81 + 0) / 2, times 10
    exactly(added("cr", [[MIRRORED], [AS_IT_IS]]), 405.0)


def test_generated_images_have_a_penalty_and_views_of_their_own() -> None:
    # real as above with weight 2; of the first generated one D says 13, and 31 of its mirror image: 324 / 2, times 3
    draws = [[MIRRORED, MIRRORED], [AS_IT_IS, AS_IT_IS]]
    exactly(added("bcr", draws, bcr_real=2.0, bcr_fake=3.0), 2 * 40.5 + 3 * 162.0)
    exactly(added("bcr", [[MIRRORED, AS_IT_IS], [AS_IT_IS, AS_IT_IS]]), 405.0)


@pytest.mark.parametrize("settings", [{"cr_weight": -1.0}, {"bcr_real": -1.0}, {"bcr_fake": -0.5}])
def test_a_weight_below_zero_is_named(settings: dict[str, Any]) -> None:
    (field,) = settings
    with pytest.raises(BadInput, match=field):
        around(NonSaturatingGAN, [field.partition("_")[0]])(**settings)
