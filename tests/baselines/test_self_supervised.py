"""SSGAN and ReACGAN: worked values of the losses beside the adversarial one."""

from __future__ import annotations

from dataclasses import replace
from math import exp, log

import pytest
import torch
from torch import Tensor, nn

from ganbench.baselines.reacgan import ReACGAN, data_to_data_cross_entropy
from ganbench.baselines.ssgan import SSGAN, turned
from ganbench.dataset import Space
from ganbench.errors import BadInput
from tests.baselines.fixtures import DIGITS, RING, First, as_net, batch, exactly, identity, parts

CORNERS = ((0, 0), (1, 0), (1, 1), (0, 1))  # where quarter turns against the clock bring the upper left pixel
UNIT = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]], dtype=torch.double)
CLASSES = torch.tensor([0, 1, 0])


class Compass(nn.Module):
    """Answers to images of 2 by 2 pixels: their mean, and as logits of the turns the corners in their order."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([x.flatten(1).mean(1), *(x[:, 0, row, column] for row, column in CORNERS)], 1)


def lit(*values: float) -> Tensor:
    """Images of 2 by 2 pixels that are 0 but for the upper left."""
    x = torch.zeros(len(values), 1, 2, 2, dtype=torch.double)
    x[:, 0, 0, 0] = torch.tensor(values, dtype=torch.double)
    return x


def test_a_quarter_of_a_batch_is_shown_in_four_orientations_and_has_its_turns_named() -> None:
    """The first image of four is lit by v: its turn has the logit v, the others 0."""
    real, fake = lit(0.8, 9, 9, 9), lit(-2.0, 1, 2, 3)
    G, D, b = identity(), as_net(Compass()), batch(x=real, z=fake)
    hinges = (0.8 + 0 + 0 + 0) / 4 + (0.5 + 1.25 + 1.5 + 1.75) / 4  # 1 - .2; then 1 + each fake's quarter
    exactly(SSGAN(d_weight=0.0).discriminator_loss(G, D, b), hinges)
    exactly(SSGAN(d_weight=3.0).discriminator_loss(G, D, b), hinges + 3 * (log(exp(0.8) + 3) - 0.8))
    exactly(SSGAN(g_weight=0.0).generator_loss(G, D, b), -(-0.5 + 0.25 + 0.5 + 0.75) / 4)
    exactly(SSGAN(g_weight=0.2).generator_loss(G, D, b), -0.25 + 0.2 * (log(exp(-2) + 3) + 2))


def test_turns_are_against_the_clock_and_keep_their_images() -> None:
    x = torch.arange(8.0).view(2, 1, 2, 2)
    images, turns = turned(x)
    assert turns.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert images[2].tolist() == [[[1.0, 3.0], [0.0, 2.0]]]
    for turn in range(4):
        assert torch.equal(images[2 * turn : 2 * turn + 2].rot90(-turn, (2, 3)), x)


def test_a_batch_of_fewer_than_four_images_still_has_one_turned() -> None:
    exactly(SSGAN(g_weight=1.0).generator_loss(identity(), as_net(Compass()), batch(z=lit(1.0))), -0.25 + log(
        exp(1) + 3
    ) - 1)  # fmt: skip


def test_turning_needs_square_images() -> None:
    said = "it needs square images, which a quarter turn leaves as large as they are"
    assert SSGAN().unsupported(RING, 8) == SSGAN().unsupported(Space((1, 8, 6), 0, -1.0, 1.0), 8) == said
    assert SSGAN().unsupported(DIGITS, 8) is None


def test_the_class_is_judged_against_examples_of_other_classes() -> None:
    """Margin .9, so that similarities to others count from .1; temperature .5. Examples 0 and 2 are of one class."""
    loss = data_to_data_cross_entropy(UNIT, UNIT[[0, 1, 0]], CLASSES, 0.9, 0.5)
    first = log(1 + 1)
    second = log(1 + 1 + exp(1.4))
    third = log(exp(-0.6) + exp(1.4)) + 0.6
    exactly(loss, (first + second + third) / 3)


def test_a_batch_of_one_class_has_nothing_to_tell_apart() -> None:
    exactly(data_to_data_cross_entropy(UNIT, UNIT[[1, 1, 1]], torch.ones(3).long(), 0.98, 0.5), 0)


def test_reacgan_adds_it_for_real_and_for_fake_examples_whatever_their_embeddings_lengths() -> None:
    proxies = nn.Linear(2, 2, bias=False, dtype=torch.double)
    proxies.weight.data = torch.tensor([[5.0, 0.0], [0.0, 0.1]], dtype=torch.double)  # (1, 0) and (0, 1) when scaled
    D = parts(judge=First(), proxies=proxies)
    logits = torch.tensor([[0.5], [-2.0], [1.0]], dtype=torch.double)
    real, fake = torch.cat([logits, 3 * UNIT], 1), torch.cat([-logits, UNIT / 7], 1)
    b = batch(x=real, z=fake, y=CLASSES, y_fake=CLASSES)
    baseline = ReACGAN(weight=0.5, margin=0.9, embedding=2)
    classes = (log(2) + log(2 + exp(1.4)) + log(exp(-0.6) + exp(1.4)) + 0.6) / 3
    G = as_net(First())
    exactly(baseline.discriminator_loss(G, D, b), (0.5 + 3 + 0) / 3 + (0.5 + 3 + 0) / 3 + classes / 2)
    exactly(baseline.generator_loss(G, D, b), -(-0.5 + 2 - 1) / 3 + classes / 2)


def test_reacgan_asks_for_fakes_of_drawn_classes_and_has_a_vector_for_each() -> None:
    baseline = ReACGAN(embedding=6)
    G, D = baseline.networks(RING)
    y = baseline.noise(RING)["y_fake"](400, torch.Generator().manual_seed(0))
    assert set(y.tolist()) == set(range(8))
    assert G(torch.zeros(5, 2), y[:5]).shape == (5, 2)
    assert D["judge"](torch.zeros(5, 2)).shape == (5, 7)
    assert D["proxies"].weight.shape == (6, 8)
    assert baseline.unsupported(replace(RING, classes=0), 8) == "it needs labelled data"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"weight": -1.0}, "weight must be 0 or more, got -1.0"),
        ({"margin": 0.0}, "margin must be in (0, 1], got 0.0"),
        ({"temperature": 0.0}, "temperature must be positive, got 0.0"),
        ({"embedding": 1}, "embedding must be at least 2, got 1"),
    ],
)
def test_values_out_of_range_are_refused(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(BadInput) as refused:
        ReACGAN(**wrong)
    assert said in str(refused.value)


def test_weights_of_the_turns_are_not_negative() -> None:
    with pytest.raises(BadInput, match="g_weight must be 0 or more, got -1"):
        SSGAN(g_weight=-1.0)
