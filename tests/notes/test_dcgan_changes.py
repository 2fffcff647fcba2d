"""Each change touches what it names and nothing else; the slow test trains them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ganbench import data
from ganbench.nets import dcgan
from ganbench.notes import dcgan_changes
from ganbench.notes.base import Form
from ganbench.notes.dcgan_changes import CHANGES, USUAL, Changed, maps, mirrored

SPACE = data.load("digits").space


def kinds(change: str) -> tuple[list[str], list[str]]:
    """The layers of both networks, by name, those within others too."""
    pair = Changed(latent=5, width=4, change=change).networks(SPACE)
    return tuple([type(each).__name__ for each in net.modules() if not list(each.children())] for net in pair)  # type: ignore[return-value]


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_makes_networks_of_the_same_ends(change: str) -> None:
    G, D = Changed(latent=5, width=4, change=change).networks(SPACE)
    samples = G(torch.zeros(3, 5))
    assert samples.shape == (3, *SPACE.shape)
    assert D(samples).shape == (3,)


def test_a_change_exchanges_the_layers_that_it_names() -> None:
    G, D = kinds(USUAL)
    assert {"ConvTranspose2d", "ReLU", "Tanh", "BatchNorm"} <= set(G)
    assert {"Conv2d", "LeakyReLU", "BatchNorm"} <= set(D)
    assert {change: kinds(change) == (G, D) for change in CHANGES} == {change: change == USUAL for change in CHANGES}
    assert "ConvTranspose2d" not in kinds("upsampled")[0]
    assert kinds("upsampled")[1] == D
    assert kinds("pooled") == (
        G,
        [each for kind in D for each in ([kind, "MaxPool2d"] if kind == "Conv2d" else [kind])],
    )
    assert kinds("ReLU") == (G, [kind.replace("LeakyReLU", "ReLU") for kind in D])
    assert kinds("no tanh") == ([kind.replace("Tanh", "Identity") for kind in G], D)
    assert kinds("no BatchNorm") == tuple([kind for kind in net if kind != "BatchNorm"] for net in (G, D))
    assert not {"Conv2d", "ConvTranspose2d"} & {*kinds("dense")[0], *kinds("dense")[1]}


def test_feature_maps_are_mirrored_and_another_width_is_not() -> None:
    assert mirrored(SPACE) == 0
    assert maps(dcgan.discriminator(SPACE, 16), torch.zeros(2, 1, 8, 8)) == [(1, 8, 8), (16, 4, 4), (32, 2, 2)]
    assert maps(nn.Sequential(nn.Flatten()), torch.zeros(2, 1, 8, 8)) == [(1, 8, 8)]


@pytest.mark.slow
def test_all_is_measured_seed_by_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dcgan_changes, "SIZES", {"fast": (2, 2)})
    monkeypatch.setattr(dcgan_changes, "CHANGES", (USUAL, "ReLU"))
    numbers = dcgan_changes.measure(Form("fast")).numbers
    assert len(numbers["distance, ReLU"]) == 2
    assert max(numbers[f"units without a gradient, {USUAL}"]) == 0  # LeakyReLU has none
    assert all(0.2 < share < 0.8 for share in numbers["units without a gradient, ReLU"])  # half of the units at first
