from math import sqrt

import pytest
import torch

from ganbench._util.streams import stream
from ganbench.data.mixtures import grid, ring
from ganbench.data.sources import Finite
from ganbench.dataset import Modes
from ganbench.errors import BadInput
from tests.narrow import narrow

N = 40_000


def test_the_ring_has_eight_different_centres_at_equal_angles():
    centres = narrow(ring().modes, Modes).centres.double()
    assert len(centres.mul(1000).round().unique(dim=0)) == 8
    torch.testing.assert_close(centres.norm(dim=1), torch.ones(8, dtype=torch.float64), atol=1e-7, rtol=0)
    distances = (centres - centres.roll(-1, 0)).norm(dim=1)
    torch.testing.assert_close(distances, torch.full((8,), sqrt(2 - sqrt(2)), dtype=torch.float64), atol=1e-6, rtol=0)
    torch.testing.assert_close(centres[0], torch.tensor([1.0, 0.0], dtype=torch.float64))


def test_the_grid_stands_on_even_numbers_around_the_origin():
    expected = [[float(a), float(b)] for a in (-4, -2, 0, 2, 4) for b in (-4, -2, 0, 2, 4)]
    assert narrow(grid().modes, Modes).centres.tolist() == expected


def test_an_even_grid_is_centred_too():
    centres = narrow(grid(side=2, spacing=3.0).modes, Modes).centres
    assert centres.tolist() == [[-1.5, -1.5], [-1.5, 1.5], [1.5, -1.5], [1.5, 1.5]]


@pytest.mark.parametrize("dataset", [ring(), grid(), ring(modes=10, radius=3.0, sd=0.05)], ids=lambda d: d.name)
def test_examples_scatter_around_their_labels_centre_with_the_declared_deviation(dataset):
    x, y = dataset.train.examples(dataset.train.indices(N, stream(0, "scatter")))
    modes, count = dataset.modes, dataset.space.classes
    scaled = (x - modes.centres[y]).double() / modes.sd
    assert scaled.mean(0).abs().max() < 5 / sqrt(N)
    assert (scaled.square().mean(0) - 1).abs().max() < 5 * sqrt(2 / N)
    assert abs(scaled.prod(1).mean()) < 5 / sqrt(N)
    share = torch.bincount(y, minlength=count) / N
    assert (share - 1 / count).abs().max() < 5 * sqrt(1 / count / N)
    assert len(modes.centres) == count == len(share)


@pytest.mark.parametrize("dataset", [ring(), grid()], ids=lambda d: d.name)
def test_the_space_holds_the_data_without_room_to_spare(dataset):
    x, _ = dataset.train.examples(dataset.train.indices(N, stream(0, "space")))
    extent, sd = float(dataset.modes.centres.abs().max()), dataset.modes.sd
    assert dataset.space.low < x.min()
    assert x.max() < dataset.space.high < extent + 6.001 * sd
    assert dataset.space.low == -dataset.space.high
    assert dataset.space.shape == (2,)
    assert not dataset.space.is_image


def test_a_finite_training_set_is_drawn_once_while_the_reference_stays_streamed():
    first, again = ring(size=50), ring(size=50)
    assert isinstance(first.train, Finite)
    assert first.train.size == 50
    assert torch.equal(first.train.x, narrow(again.train, Finite).x)
    assert first.held_out.size is None
    assert first.control.size is None
    assert "50" in first.split


def test_the_shapes_carry_their_numbers():
    dataset = ring(modes=3, radius=2.0, sd=0.1)
    assert dataset.name == "ring(modes=3,radius=2.0,sd=0.1,size=None)"
    modes = narrow(dataset.modes, Modes)
    assert modes.sd == 0.1
    torch.testing.assert_close(modes.centres.norm(dim=1), torch.full((3,), 2.0))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"modes": 0}, "modes"),
        ({"modes": True}, "modes"),
        ({"modes": 2.0}, "modes"),
        ({"radius": -1.0}, "radius"),
        ({"sd": 0.0}, "sd"),
        ({"sd": float("nan")}, "sd"),
        ({"sd": float("inf")}, "sd"),
        ({"sd": None}, "sd"),
        ({"size": 0}, "size"),
        ({"size": 1.5}, "size"),
    ],
)
def test_numbers_that_describe_no_ring_are_refused_by_name(wrong, field):
    with pytest.raises(BadInput, match=f"^{field}: expected"):
        ring(**wrong)


def test_numbers_that_describe_no_grid_are_refused_by_name():
    for wrong, field in (({"side": 0}, "side"), ({"spacing": 0.0}, "spacing"), ({"sd": -1.0}, "sd")):
        with pytest.raises(BadInput, match=f"^{field}: expected"):
            grid(**wrong)
