"""Stacks of three digits: which, of what class, and never across splits."""

from __future__ import annotations

import pytest
import torch

from ganbench._util.streams import stream
from ganbench.data import load
from ganbench.data.sources import Finite, Stacked
from ganbench.errors import BadInput, Missing
from ganbench.features import load as load_features
from ganbench.training import registry
from ganbench.training.sampler import Sampler
from ganbench.training.trainer import Plan, Trainer


def small(size: int) -> Stacked:
    """Images that are their own number, of classes 0, 1, 2, 0, ..."""
    return Stacked(Finite(torch.arange(size).float().view(-1, 1, 1, 1), torch.arange(size) % 3), 3)


def test_a_stack_is_three_examples_of_the_same_split_and_its_label_reads_their_classes() -> None:
    single, stacked = load("digits"), load("stacked_digits")
    assert stacked.space.shape == (3, 8, 8)
    assert (stacked.space.classes, stacked.space.low, stacked.space.high) == (1000, -1.0, 1.0)
    for name in ("train", "held_out", "control"):
        alone, source = getattr(single, name), getattr(stacked, name)
        indices = source.indices(5, stream(0, "batch"))
        x, y = source.examples(indices)
        for i, triple in enumerate(indices["index"].tolist()):
            assert torch.equal(x[i], torch.cat([alone.x[j] for j in triple]))
            assert y[i] == int("".join(str(alone.y[j].item()) for j in triple))


def test_stacks_are_drawn_uniformly_over_all_modes() -> None:
    source = small(3)
    _, y = source.examples(source.indices(27_000, stream(0, "batch")))
    counts = torch.bincount(y, minlength=27)
    assert (counts / 1000 - 1).abs().max() < 0.12  # 4 sd of a fair draw


@pytest.mark.parametrize(("size", "n"), [(2, 8), (5, 10), (5, 125), (449, 3000)])
def test_distinct_stacks_are_distinct_and_repeatable(size: int, n: int) -> None:
    index = small(size).distinct(n, stream(0, "reference"))["index"]
    assert index.shape == (n, 3)
    assert len(index.unique(dim=0)) == n
    assert index.min() >= 0
    assert index.max() == size - 1
    assert torch.equal(index, small(size).distinct(n, stream(0, "reference"))["index"])


def test_more_stacks_than_there_are_are_refused() -> None:
    with pytest.raises(BadInput, match="asked for 9 distinct examples of a source that has 8"):
        small(2).distinct(9, stream(0, "reference"))


def test_a_batch_may_have_any_axes() -> None:
    source = small(4)
    index = torch.tensor([[[0, 1, 2], [3, 3, 3]]])
    x, y = source.examples({"index": index})
    assert x.shape == (1, 2, 3, 1, 1)
    assert x.flatten().tolist() == [0, 1, 2, 3, 3, 3]
    assert y.tolist() == [[0 * 9 + 1 * 3 + 2, 0]]


def test_stacked_mnist_is_missing_where_mnist_is(tmp_path: pytest.TempPathFactory) -> None:
    with pytest.raises(Missing, match="MNIST is not in"):
        load("stacked_mnist", tmp_path, download=False)  # type: ignore[arg-type]


def test_its_features_see_each_channel_alone_and_its_posteriors_every_stack() -> None:
    data = load("stacked_digits")
    extractor, alone = load_features(data.features), load_features("digits")
    assert extractor.accepts(data.space)
    assert not extractor.accepts(load("digits").space)
    x, y = data.train.examples(data.train.distinct(20, stream(0, "x")))
    seen = extractor(x)
    assert torch.equal(seen.values, torch.cat([alone(x[:, i : i + 1]).values for i in range(3)], 1))
    assert seen.posteriors is not None
    torch.testing.assert_close(seen.posteriors.sum(1), torch.ones(20).double())
    assert (seen.posteriors.argmax(1) == y).double().mean() >= 0.9


def test_a_game_plays_on_stacks() -> None:
    data = load("stacked_digits")
    trainer = Trainer(registry.configure("ns_gan", {}, data), data, [0, 1], Plan(2, batch=8))
    trainer.advance(2)
    x, _ = Sampler(trainer).draw(4)
    assert x.shape == (2, 4, 3, 8, 8)
    assert x.isfinite().all()
