from typing import Any

import numpy as np
import pytest
import torch

from ganbench._util.streams import stream
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.data import load
from ganbench.data.sources import Finite, Pixels, Streamed
from ganbench.dataset import Modes
from ganbench.errors import BadInput
from ganbench.training.trainer import Plan, Trainer

FINITE = Finite(torch.arange(24.0).view(6, 1, 2, 2), torch.arange(6) % 3)
STREAMED = Streamed(Modes(torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]]), 0.5))


@pytest.mark.parametrize("source", [FINITE, STREAMED])
@pytest.mark.parametrize("name", ["indices", "distinct"])
def test_the_same_stream_draws_the_same_indices_and_goes_on_with_others(source, name):
    draw = getattr(source, name)
    here, there = stream(3, "x"), stream(3, "x")
    first, again, later = draw(5, here), draw(5, there), draw(5, here)
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], later[key]) for key in first)


@pytest.mark.parametrize("source", [FINITE, STREAMED])
def test_examples_keep_the_leading_axes_of_their_indices(source):
    indices = source.indices(12, stream(0, "axes"))
    x, y = source.examples(indices)
    stacked = {key: value.view(3, 4, *value.shape[1:]) for key, value in indices.items()}
    x3, y3 = source.examples(stacked)
    assert x3.shape == (3, 4, *x.shape[1:])
    assert torch.equal(x3.flatten(0, 1), x)
    assert torch.equal(y3.flatten(), y)
    assert (x.dtype, y.dtype) == (torch.float32, torch.int64)


def test_a_finite_draw_returns_the_examples_that_its_indices_name():
    x, y = FINITE.examples({"index": torch.tensor([4, 0])})
    assert x[:, 0, 0, 0].tolist() == [16.0, 0.0]
    assert y.tolist() == [1, 0]


def test_a_finite_draw_reaches_every_example_and_repeats_some():
    index = FINITE.indices(200, stream(0, "all"))["index"]
    assert index.unique().tolist() == [0, 1, 2, 3, 4, 5]


def test_distinct_examples_are_each_taken_once_in_random_order():
    index = FINITE.distinct(6, stream(0, "order"))["index"]
    assert sorted(index.tolist()) == [0, 1, 2, 3, 4, 5]
    assert index.tolist() != [0, 1, 2, 3, 4, 5]
    assert len(FINITE.distinct(2, stream(0, "order"))["index"]) == 2


def test_more_distinct_examples_than_there_are_is_refused():
    with pytest.raises(BadInput, match="7 distinct examples of a source that has 6"):
        FINITE.distinct(7, stream(0, "many"))


def test_a_streamed_source_gives_as_many_distinct_examples_as_asked():
    x, _ = STREAMED.examples(STREAMED.distinct(5000, stream(0, "fresh")))
    assert len(x.unique(dim=0)) == 5000


def test_a_streamed_example_is_its_centre_plus_scaled_noise():
    indices = {"mode": torch.tensor([2, 1]), "noise": torch.tensor([[2.0, -4.0], [0.0, 1.0]])}
    x, y = STREAMED.examples(indices)
    assert x.tolist() == [[1.0, 8.0], [10.0, 0.5]]
    assert y.tolist() == [2, 1]


@pytest.mark.parametrize("divisor", [8.0, 127.5])
def test_every_level_of_a_pixel_is_the_number_that_division_in_single_precision_gives(divisor):
    levels = torch.arange(256, dtype=torch.uint8).view(4, 1, 8, 8)
    images = Pixels(levels, divisor, torch.zeros(4, dtype=torch.int64))
    expected = torch.from_numpy(levels.numpy().astype("float32") / np.float32(divisor) - np.float32(1))
    drawn, _ = images.examples({"index": torch.tensor([[2, 0], [1, 3]])})
    assert torch.equal(drawn, expected[torch.tensor([[2, 0], [1, 3]])])
    assert torch.equal(images.x, expected)


@pytest.mark.parametrize("name", ["digits", "stacked_digits"])
def test_training_keeps_images_as_bytes(name):
    trainer = Trainer(NonSaturatingGAN(), load(name), [0], Plan(2, batch=8))
    trainer.advance(2)
    source: Any = getattr(trainer.source, "source", trainer.source)
    assert source.levels.dtype == torch.uint8
    assert not any(
        isinstance(value, torch.Tensor) and value.numel() > source.size and value.is_floating_point()
        for value in vars(source).values()
    )


def test_sources_know_their_size():
    assert FINITE.size == 6
    assert STREAMED.size is None


@pytest.mark.parametrize("source", [FINITE, STREAMED])
def test_a_moved_source_gives_its_examples_there(source):
    indices = {key: value.to("meta") for key, value in source.indices(4, stream(0, "move")).items()}
    x, y = source.to(torch.device("meta")).examples(indices)
    assert (x.device.type, y.device.type) == ("meta", "meta")


def test_a_source_without_examples_or_with_labels_missing_is_refused():
    for examples, labels in ((0, 0), (3, 2)):
        with pytest.raises(BadInput, match="as many labels as examples"):
            Finite(torch.zeros(examples, 2), torch.zeros(labels, dtype=torch.int64))
