import pytest
import torch
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.data import load as load_data
from ganbench.dataset import Space
from ganbench.errors import BadInput, UnknownName
from ganbench.features import EXTRACTORS, load
from ganbench.features.base import BATCH, in_batches
from tests.metrics.test_torch_settings import SETTINGS
from tests.narrow import narrow

SHAPES = {
    "identity": (2,),
    "pixels": (3, 4, 4),
    "digits": (1, 8, 8),
    "mnist": (1, 28, 28),
    "stacked_digits": (3, 8, 8),
    "stacked_mnist": (3, 28, 28),
    "cifar10": (3, 32, 32),
    "random_conv": (3, 16, 16),
}
OFFLINE = [entry.name for entry in EXTRACTORS.values() if not entry.published]
every = pytest.mark.parametrize("name", OFFLINE)


def images(name, n):
    return torch.rand(n, *SHAPES[name], generator=stream(0, "images", name)) * 2 - 1


def test_every_extractor_is_tried_here():
    assert list(SHAPES) == OFFLINE
    assert list(EXTRACTORS) == [entry.name for entry in EXTRACTORS.values()]


@every
def test_an_extractor_says_who_it_is_and_gives_one_row_per_example(name):
    extractor = load(name)
    extracted = extractor(images(name, 5))
    assert extractor.name == extractor.identity["name"] == name
    assert extracted.values.shape[0] == 5
    assert extracted.values.ndim == 2
    assert extracted.values.dtype == torch.float32


@every
def test_an_example_has_the_same_bits_in_any_company(name):
    extractor, x = load(name), images(name, BATCH + 30)
    whole = extractor(x)
    for last, size in ((3, 1), (35, 7), (60, BATCH)):
        parts = [extractor(batch) for batch in x[-last:].split(size)]
        assert torch.equal(torch.cat([part.values for part in parts]), whole.values[-last:])
        if whole.posteriors is not None:
            posteriors = torch.cat([narrow(part.posteriors, Tensor) for part in parts])
            assert torch.equal(posteriors, whole.posteriors[-last:])


@every
@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_torchs_settings_around_a_call_change_no_feature(name, setting):
    x = images(name, 5)
    before = load(name)(x)
    with setting():
        extracted = load(name)(x)
    assert torch.equal(extracted.values, before.values)
    assert extracted.values.dtype == torch.float32
    if before.posteriors is not None:
        assert torch.equal(narrow(extracted.posteriors, Tensor), before.posteriors)


@every
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite_are_refused_with_their_place(name, value):
    x = images(name, 4)
    x[2].view(-1)[1] = value
    with pytest.raises(BadInput, match=rf"features {name}: 1 of 4 examples are not finite \(first: 2\)"):
        load(name)(x)


@every
def test_no_examples_are_refused(name):
    with pytest.raises(BadInput, match=f"features {name}: expected"):
        load(name)(images(name, 0))


@pytest.mark.parametrize("name", ["digits", "mnist"])
def test_a_classifier_refuses_images_of_another_size(name):
    with pytest.raises(BadInput, match="expected examples of shape"):
        load(name)(torch.zeros(2, 1, 9, 9))


@pytest.mark.parametrize(
    ("data", "accepted"),
    [("ring8", {"identity"}), ("grid25", {"identity"}), ("digits", {"pixels", "digits", "cifar10", "random_conv"})],
)
def test_each_data_set_is_accepted_by_the_extractors_made_for_it(data, accepted):
    dataset = load_data(data)
    assert {name for name in OFFLINE if load(name).accepts(dataset.space)} == accepted
    assert dataset.features in accepted


def test_a_classifier_wants_images_scaled_as_it_was_trained():
    assert load("mnist").accepts(Space((1, 28, 28), 10, -1.0, 1.0))
    assert not load("mnist").accepts(Space((1, 28, 28), 10, 0.0, 1.0))
    assert not load("mnist").accepts(Space((3, 28, 28), 10, -1.0, 1.0))


def test_flattening_changes_no_value():
    x = images("pixels", 3)
    extracted = load("pixels")(x)
    assert torch.equal(extracted.values, x.reshape(3, 48))
    assert extracted.posteriors is None


def test_batches_are_all_of_one_size_and_padding_leaves_no_trace():
    seen = []

    def double(batch):
        seen.append(len(batch))
        return 2 * batch

    x = torch.arange(21.0).view(7, 3)
    assert torch.equal(in_batches(double, x, size=3), 2 * x)
    assert seen == [3, 3, 3]


def test_an_unknown_extractor_is_answered_with_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'pixels'"):
        load("pixel")
