import torch
from sklearn.datasets import load_digits

from ganbench.data import load
from ganbench.data.sources import Finite
from tests.narrow import narrow


def rows(source):
    return {image.numpy().tobytes() for image in source.x}


def test_no_digit_is_in_two_parts_and_none_is_lost():
    dataset = load("digits")
    parts = [dataset.train, dataset.held_out, dataset.control]
    seen = [rows(part) for part in parts]
    assert [part.size for part in parts] == [899, 449, 449]
    assert sum(len(part) for part in seen) == len(set.union(*seen)) == 1797


def test_digits_are_the_files_own_in_its_order_with_their_labels():
    dataset, bunch = load("digits"), load_digits()
    train, held_out, control = (narrow(part, Finite) for part in (dataset.train, dataset.held_out, dataset.control))
    assert torch.equal(held_out.x[5, 0], torch.from_numpy(bunch.images[22]).float() / 8 - 1)
    assert held_out.y.tolist() == bunch.target[2::4].tolist()
    assert control.y.tolist() == bunch.target[3::4].tolist()
    assert train.y[:4].tolist() == bunch.target[[0, 1, 4, 5]].tolist()


def test_digits_fill_their_space():
    dataset = load("digits")
    train = narrow(dataset.train, Finite)
    x, y = train.x, train.y
    assert x.shape[1:] == dataset.space.shape == (1, 8, 8)
    assert (x.min(), x.max()) == (dataset.space.low, dataset.space.high) == (-1, 1)
    assert y.unique().tolist() == list(range(dataset.space.classes))
    assert dataset.modes is None
