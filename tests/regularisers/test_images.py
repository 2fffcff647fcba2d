"""Transformations of images, against what the same words mean pixel by pixel; DiffAugment around a loss."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from ganbench.baseline import Batch, Net
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.errors import BadInput, UnknownName
from ganbench.regularisers import REGULARISERS, around, images
from ganbench.regularisers.augmentation import CALLS, DiffAugment

X = torch.rand(6, 2, 5, 7, dtype=torch.double, generator=torch.Generator().manual_seed(0)) * 2 - 1
U, V = torch.rand(2, 6, dtype=torch.double, generator=torch.Generator().manual_seed(1))


def whole(u: Tensor, low: int, high: int) -> int:
    return low + int(float(u) * (high - low + 1))


def moved(x: Tensor, down: int, right: int) -> Tensor:
    """The pixel that was ``down`` rows below and ``right`` columns to the right, or zero."""
    out = torch.zeros_like(x)
    for i in range(x.shape[1]):
        for j in range(x.shape[2]):
            if 0 <= i + down < x.shape[1] and 0 <= j + right < x.shape[2]:
                out[:, i, j] = x[:, i + down, j + right]
    return out


def test_translation_moves_pixels_and_lets_zeros_in() -> None:
    expected = [moved(x, whole(u, -2, 2), whole(v, -3, 3)) for x, u, v in zip(X, U, V, strict=True)]
    assert torch.equal(images.translated(X, U, V, ratio=0.4), torch.stack(expected))


def test_every_shift_is_as_likely_and_the_ends_are_reached() -> None:
    shifts = images.whole(torch.arange(0, 1, 0.001), -2, 2)
    assert torch.bincount(shifts + 2).tolist() == [200] * 5
    assert images.whole(torch.tensor([1 - 2**-24]), -2, 2).item() == 2


def test_a_hole_is_where_its_centre_says_and_may_stick_out() -> None:
    for x, u, v, out in zip(X, U, V, images.cut_out(X, U, V), strict=True):
        # half of 5 is 3 (rounded up), half of 7 is 4; an even length has one more place for its centre
        top, left = whole(u, 0, 4) - 1, whole(v, 0, 7) - 2
        expected = x.clone()
        expected[:, max(top, 0) : max(top + 3, 0), max(left, 0) : max(left + 4, 0)] = 0
        assert torch.equal(out, expected)


def test_colours_are_changed_as_their_formulas_say() -> None:
    for i, x in enumerate(X):
        torch.testing.assert_close(images.brighter(X, U)[i], x + (U[i] - 0.5))
        mean = x.mean(0, keepdim=True)
        torch.testing.assert_close(images.saturated(X, U)[i], (x - mean) * 2 * U[i] + mean)
        torch.testing.assert_close(images.contrasted(X, U)[i], (x - x.mean()) * (U[i] + 0.5) + x.mean())


def total(x: Tensor) -> Tensor:
    return x.flatten(1).sum(1)


class Sum(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return total(x)


def test_both_losses_see_augmented_images_with_draws_of_their_own() -> None:
    cls, reg, plain = around(NonSaturatingGAN, ["diffaug"]), DiffAugment(), NonSaturatingGAN()
    G, D = Net.of(torch.nn.Identity()), Net.of(Sum())
    draws = torch.rand(6, CALLS, 7, dtype=torch.double, generator=torch.Generator().manual_seed(2))
    b = Batch({"x": X, "z": X.flip(0), "diffaug_draws": draws})
    real, fake = (reg.augmented(x, draws[:, i], b) for i, x in enumerate((b.x, b.z)))
    seen = Batch({"x": real, "z": fake})
    assert torch.equal(cls().discriminator_loss(G, D, b), plain.discriminator_loss(G, D, seen))
    first = Batch({"z": reg.augmented(b.z, draws[:, 0], b)})
    assert torch.equal(cls().generator_loss(G, D, b), plain.generator_loss(G, D, first))


def test_the_generators_gradient_runs_through_the_augmentation() -> None:
    x = X.clone().requires_grad_()
    out = DiffAugment("translation,cutout").augmented(x, torch.full((6, 7), 0.3, dtype=torch.double), Batch({}))
    (grad,) = torch.autograd.grad(out.sum(), x)
    assert set(grad.unique().tolist()) == {0.0, 1.0}
    assert grad.sum().item() == out.count_nonzero().item()


@pytest.mark.parametrize(
    ("policy", "line"),
    [
        ("colour", "unknown part of diffaug_policy 'colour'; did you mean 'color'?"),
        ("cutout,cutout", "diffaug_policy must be different parts, got 'cutout,cutout'"),
        ("", "unknown part of diffaug_policy ''; expected one of color, cutout, translation"),
    ],
)
def test_a_policy_that_there_is_not_ends_in_one_line(policy: Any, line: str) -> None:
    with pytest.raises((BadInput, UnknownName)) as caught:
        DiffAugment(policy)
    assert str(caught.value) == line


def test_every_regulariser_cites_its_paper_and_says_what_it_claims() -> None:
    for name, cls in REGULARISERS.items():
        assert (cls.name, "arXiv:" in cls.paper, cls.claim[-1:]) == (name, True, ".")
        assert "References" in (cls.__doc__ or "")
