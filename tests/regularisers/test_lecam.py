"""LeCam around a loss: worked values of the term and of its running means."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.errors import BadInput
from ganbench.regularisers import around
from tests.baselines.fixtures import LOGITS_FAKE, LOGITS_REAL, as_net, batch, exactly, identity
from tests.baselines.fixtures import Logit as LogitOf

ANCHORS = {"lecam_real": torch.tensor(0.4, dtype=torch.double), "lecam_fake": torch.tensor(-0.5, dtype=torch.double)}


def test_answers_are_held_near_the_mean_of_the_other_kind() -> None:
    # real 0.5 and -1, fake 0.2 and 1.5: (1 + 0.25) / 2 + (0.04 + 1.21) / 2 = 1.25, times 0.3
    cls, nets, b = around(NonSaturatingGAN, ["lecam"]), (identity(), as_net(LogitOf())), example()
    added = cls().discriminator_loss(*nets, b) - NonSaturatingGAN().discriminator_loss(*nets, b)
    exactly(added, 0.3 * 1.25)
    exactly(cls().generator_loss(*nets, b), NonSaturatingGAN().generator_loss(*nets, b).item())


def test_the_running_means_follow_the_answers() -> None:
    cls: Any = around(NonSaturatingGAN, ["lecam"])
    state = cls(lecam_decay=0.9).next_state(identity(), as_net(LogitOf()), example())
    exactly(state["lecam_real"], 0.9 * 0.4 + 0.1 * -0.25)
    exactly(state["lecam_fake"], 0.9 * -0.5 + 0.1 * 0.85)


@pytest.mark.parametrize("settings", [{"lecam_weight": -1.0}, {"lecam_decay": 1.0}])
def test_a_field_out_of_range_is_named(settings: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=next(iter(settings))):
        around(NonSaturatingGAN, ["lecam"])(**settings)


def example():
    return batch(x=LOGITS_REAL, z=LOGITS_FAKE, **ANCHORS)
