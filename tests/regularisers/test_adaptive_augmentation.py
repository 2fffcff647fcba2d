"""ADA: changes against what numpy and linear algebra make of them, and the steering of their probability."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.errors import BadInput, UnknownName
from ganbench.regularisers import around, images
from ganbench.regularisers.adaptive_augmentation import ADA, blitted, coloured
from ganbench.regularisers.augmentation import CALLS
from tests.baselines.fixtures import as_net, batch, exactly, identity

X = torch.rand(4, 3, 5, 5, dtype=torch.double, generator=torch.Generator().manual_seed(0)) * 2 - 1
GREY = X[:, :1]
ONE, NONE = torch.tensor(1.0), torch.tensor(0.0)


def draws(gates: dict[int, float], values: dict[int, float], width: int) -> Tensor:
    """Draws that let through the gates that are named, for every image the same."""
    row = torch.full((width,), 0.99, dtype=torch.double)
    for place, value in (gates | values).items():
        row[place] = value
    return row.expand(len(X), width)


def test_nothing_is_changed_with_probability_zero_and_everything_may_be_with_one() -> None:
    u = torch.rand(4, 17, dtype=torch.double, generator=torch.Generator().manual_seed(1))
    for x in (X, GREY):
        assert torch.equal(blitted(x, u[:, :7], NONE), x)
        torch.testing.assert_close(coloured(x, u[:, 7:], NONE), x)
        assert not torch.equal(blitted(x, u[:, :7], ONE), x)
        assert (coloured(x, u[:, 7:], ONE) != x).any()


def test_each_image_is_changed_or_not_by_its_own_draw() -> None:
    u = draws({}, {3: 0.0}, 7).clone()
    u[:, 0] = torch.tensor([0.1, 0.6, 0.2, 0.9])
    out = blitted(X, u, torch.tensor(0.5))
    expected = [x.flip(-1) if place in (0, 2) else x for place, x in enumerate(X)]
    assert torch.equal(out, torch.stack(expected))


def test_turns_and_shifts_are_those_of_numpy() -> None:
    for quarters in range(4):
        out = blitted(X, draws({1: 0.0}, {4: quarters / 4}, 7), ONE * 0.5)
        assert np.array_equal(out.numpy(), np.rot90(X.numpy(), quarters, (2, 3)))
    wide = torch.rand(2, 1, 16, 24, dtype=torch.double, generator=torch.Generator().manual_seed(2))
    # an eighth of 16 and of 24 are 2 and 3; 0 stands for one end and 0.5 for none
    out = blitted(wide, draws({2: 0.0}, {5: 0.0, 6: 1 - 1e-9}, 7)[:2], ONE * 0.5)
    padded = np.pad(wide.numpy(), ((0, 0), (0, 0), (2, 2), (3, 3)), mode="reflect")
    assert np.array_equal(out.numpy(), padded[:, :, :16, 6:])


def test_colours_are_turned_by_the_rotation_around_grey() -> None:
    angle = torch.tensor([0.3, -2.0, pi, 0.0], dtype=torch.double)
    axis = torch.ones(3, dtype=torch.double) / 3**0.5
    cross = torch.tensor([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]], dtype=torch.double)
    turns = torch.linalg.matrix_exp(angle[:, None, None] * cross)
    torch.testing.assert_close(images.hued(X, angle), torch.einsum("nij,njhw->nihw", turns, X))


def test_brightness_contrast_luma_and_saturation_follow_their_formulas() -> None:
    upper = 0.8413447460685429  # of the normal distribution at 1
    half = ONE * 0.5
    torch.testing.assert_close(coloured(X, draws({0: 0.0}, {5: upper}, 10), half), X + 0.2)
    torch.testing.assert_close(coloured(X, draws({1: 0.0}, {6: upper}, 10), half), X * 2**0.5)
    mean = X.mean(1, keepdim=True)
    torch.testing.assert_close(coloured(X, draws({2: 0.0}, {7: 0.4}, 10), half), X - 2 * mean)
    torch.testing.assert_close(coloured(X, draws({4: 0.0}, {9: 1 - upper}, 10), half), mean + (X - mean) / 2)
    torch.testing.assert_close(coloured(GREY, draws({2: 0.0, 3: 0.0, 4: 0.0}, {7: 0.4}, 10), half), -GREY)


class Total(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1).sum(1)


@pytest.mark.parametrize(("signs", "p"), [((1, 1), 0.4), ((1, -1), 0.2)])
def test_the_probability_follows_the_signs_of_two_batches(signs: tuple[int, int], p: float) -> None:
    # two batches of two images and 40 images from 0 to 1: a tenth up where all are thought real, down where half are
    settings: dict[str, Any] = {"ada_kimg": 0.04, "ada_interval": 2}
    cls: Any = around(NonSaturatingGAN, ["ada"])
    state: dict[str, Any] = {"ada_p": 0.3, "ada_signs": 0.0, "ada_seen": 0.0}
    x = torch.tensor(signs, dtype=torch.double).view(2, 1, 1, 1)
    still = torch.full((2, CALLS, 17), 0.9, dtype=torch.double)
    for step in range(2):
        held = {name: torch.tensor(float(value), dtype=torch.double) for name, value in state.items()}
        b = batch(x=x, z=x, ada_draws=still, **held)
        state = cls(**settings).next_state(identity(), as_net(Total()), b)
        if step == 0:
            exactly(state["ada_p"], 0.3)
            exactly(state["ada_signs"], sum(signs) / 2)
    exactly(state["ada_p"], p)
    exactly(state["ada_signs"], 0.0)
    exactly(state["ada_seen"], 0.0)


def test_the_probability_never_falls_below_zero() -> None:
    cls: Any = around(NonSaturatingGAN, ["ada"])
    nothing = torch.tensor(0.0, dtype=torch.double)
    x, still = -torch.ones(2, 1, 1, 1, dtype=torch.double), torch.full((2, CALLS, 17), 0.9, dtype=torch.double)
    b = batch(x=x, z=x, ada_draws=still, ada_p=nothing, ada_signs=nothing, ada_seen=nothing)
    exactly(cls(ada_interval=1).next_state(identity(), as_net(Total()), b)["ada_p"], 0.0)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"policy": "blit,geom"}, "unknown part of ada_policy 'geom'"),
        ({"policy": "blit,blit"}, "ada_policy must be different parts"),
        ({"target": 2.0}, "ada_target must be in"),
        ({"kimg": 0.0}, "ada_kimg must be positive"),
        ({"interval": 0}, "ada_interval must be at least 1"),
        ({"start": 1.5}, "ada_start must be in"),
    ],
)
def test_a_field_out_of_range_ends_in_one_line(settings: dict[str, Any], line: str) -> None:
    with pytest.raises((BadInput, UnknownName), match=line):
        ADA(**settings)
