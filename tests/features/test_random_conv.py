import hashlib
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
import torch

from ganbench._util.streams import stream
from ganbench.data import load as load_data
from ganbench.data.sources import Finite
from ganbench.errors import BadInput
from ganbench.features import load, random_conv
from ganbench.features.image_network import ImageNetwork
from ganbench.features.random_conv import CHANNELS, SHA256, RandomConv, digest_of, filters
from ganbench.metrics.frechet import fid
from tests.narrow import narrow


def pictures(n=4, channels=3, side=64):
    shape = (n, channels, side, side)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=stream(0, "pictures", channels, side))


def test_the_filters_are_the_same_numbers_everywhere():
    assert digest_of(RandomConv()) == SHA256 == load("random_conv").identity["weights_sha256"]
    drawn = hashlib.shake_256(b"ganbench random_conv layer 2").digest(12)
    expected = [(byte - 127.5) / ((256**2 - 1) / 12) ** 0.5 * (2 / 6) ** 0.5 for byte in drawn]
    assert filters(2, (2, 6)).flatten().tolist() == pytest.approx(expected, rel=1e-7)


def test_filters_that_came_out_otherwise_are_refused(monkeypatch):
    monkeypatch.setattr(random_conv, "SHA256", "0" * 64)
    with pytest.raises(BadInput, match=f"expected filters of SHA-256 {'0' * 64}, made {SHA256}"):
        random_conv.random_conv()


def test_filters_keep_the_size_of_what_passes_through():
    for layer, (inputs, outputs) in enumerate(pairwise(CHANNELS)):
        values = filters(layer, (outputs, inputs, 3, 3)).double()
        terms, variance = values.numel(), 2 / (9 * inputs)
        assert abs(values.mean()) < 5 * (variance / terms) ** 0.5
        assert abs(values.var() / variance - 1) < 5 * (0.8 / terms) ** 0.5  # var of the square of a uniform: 4/5


def test_the_features_are_the_mean_answers_of_each_layer():
    x = pictures(2)
    signal = x.double().numpy() / 127.5 - 1
    expected = []
    for weight in RandomConv().buffers():
        padded = np.pad(signal, ((0, 0), (0, 0), (1, 1), (1, 1)))
        side = signal.shape[-1] // 2
        taps = [(a, b, weight[:, :, a, b].double().numpy()) for a in range(3) for b in range(3)]
        windows = [(padded[:, :, a : a + 2 * side : 2, b : b + 2 * side : 2], tap) for a, b, tap in taps]
        signal = sum(np.einsum("ncij,oc->noij", window, tap) for window, tap in windows)
        signal = np.where(signal > 0, signal, 0.2 * signal)
        expected.append(signal.mean((2, 3)))
    values = load("random_conv")(x).values
    assert values.shape == (2, 320)
    torch.testing.assert_close(values.double(), torch.from_numpy(np.concatenate(expected, 1)), atol=1e-5, rtol=1e-5)


def test_grey_pictures_are_taken_as_rgb_and_floats_as_what_would_be_written():
    network, grey = load("random_conv"), pictures(channels=1, side=28)
    expected = network(grey).values
    assert torch.equal(network(grey.repeat(1, 3, 1, 1)).values, expected)
    assert torch.equal(network(grey.float() / 127.5 - 1).values, expected)


@pytest.mark.parametrize("side", [1, 8, 64, 100])
def test_pictures_of_any_size_can_be_taken(side):
    assert load("random_conv")(pictures(2, 3, side)).values.isfinite().all()


def test_the_more_a_picture_is_spoilt_the_farther_it_lies():
    held_out, network = narrow(load_data("digits").held_out, Finite).x, load("random_conv")
    reference, others = network(held_out[::2]).values, held_out[1::2]
    noise = torch.randn(others.shape, generator=stream(0, "spoilt"))
    distances = [fid(reference, network(others + amount * noise).values) for amount in (0, 0.2, 0.4, 0.8)]
    assert distances == sorted(distances)
    assert distances[-1] > 10 * distances[0]


def test_the_number_of_threads_changes_no_bit():
    network, x, before = load("random_conv"), pictures(150, 3, 16), torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = network(x).values
        torch.set_num_threads(3)
        assert torch.equal(network(x).values, alone)
        with ThreadPoolExecutor(1) as later:  # a thread started afterwards may use as many as before
            assert later.submit(torch.get_num_threads).result() == torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_pictures_of_several_sizes_share_batches_and_nothing_else():
    network = narrow(load("random_conv"), ImageNetwork)
    sizes = [(3, 16), (1, 28), (3, 64), (1, 7)] * 20
    mixed = [pictures(1, channels, side)[0] for channels, side in sizes]
    together = network.mixed(mixed).values
    assert torch.equal(together, torch.cat([network(picture[None]).values for picture in mixed[:4]] * 20))
    with pytest.raises(BadInput, match="expected one or more pictures, got none"):
        network.mixed([])
    with pytest.raises(BadInput, match="expected images"):
        network.mixed([pictures(1)[0], pictures(1)[0, 0]])
