"""A configuration: what a protocol stands for field by field, and its words."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from ganbench.errors import BadInput, UnknownName
from ganbench.features import load
from ganbench.features.image_network import ImageNetwork, View
from ganbench.scoring.configuration import (
    Configuration,
    configuration_of,
    headline,
    of_features,
    path_between,
    shown_by,
    worded,
)

BY_NAME = {
    "clean-fid": Configuration(resize="clean", scale="128", network="inception"),
    "pytorch-fid": Configuration(resize="bilinear", scale="127.5", network="inception"),
    "clean-fid-legacy-tensorflow": Configuration(resize="tf1", scale="128", network="inception"),
    "torch-fidelity": Configuration(resize="tf1", scale="128", network="inception"),
    "edm2": Configuration(resize="tf1", scale="128", network="inception"),
    "stylegan3": Configuration(resize="tf1", scale="128", network="inception", ddof=0),
    "dgm-eval": Configuration(resize="pil", network="dinov2"),
    "cmmd": Configuration(resize="pil", network="clip_cmmd", estimate="cmmd"),
    "clip-fid": Configuration(resize="pil", network="clip"),
}


@pytest.mark.parametrize("name", BY_NAME)
def test_a_protocol_stands_for_its_network_resize_scale_and_estimate(name: str) -> None:
    assert configuration_of(name) == BY_NAME[name]


def test_a_protocol_is_compared_by_its_frechet_distance() -> None:
    names = {name: headline(name).name for name in ("torch-fidelity", "adm", "edm2", "dgm-eval", "cmmd", "clip-fid")}
    assert names == {
        "torch-fidelity": "FID",
        "adm": "FID",
        "edm2": "FID",
        "dgm-eval": "FD-DINOv2",
        "cmmd": "CMMD",
        "clip-fid": "CLIP-FID",
    }


def test_an_extractor_that_is_not_listed_is_shown_by_the_clean_resize() -> None:
    assert of_features("timm:some") == Configuration(resize="clean", scale="", network="timm:some")
    assert of_features("random_conv") == Configuration(resize="clean", scale="127.5", network="random_conv")


def test_blanks_between_fields_do_not_matter_and_another_network_stands_in() -> None:
    assert configuration_of(" clean-fid( jpeg = 90 , n=10, ) ") == Configuration("", False, 90, 10, scale="128")
    assert configuration_of("adm", "random_conv").network == "random_conv"
    assert configuration_of("adm(network=x)", "random_conv").network == "x"


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("jpeg", ("0", "100"), ("101", "-1", "x", "")),
        ("n", ("0", "1000000000"), ("1000000001", "1.5")),
        ("grey", ("0", "1"), ("2",)),
        ("rounded", ("0", "1"), ("2",)),
        ("ddof", ("0", "1"), ("2",)),
    ],
)
def test_numbers_of_fields_have_their_ends(field: str, good: tuple[str, ...], bad: tuple[str, ...]) -> None:
    for value in good:
        assert getattr(configuration_of(f"adm({field}={value})"), field) == int(value)
    for value in bad:
        with pytest.raises(BadInput, match=rf"^{field}: expected a whole number from 0 to \d+, got {value!r}$"):
            configuration_of(f"adm({field}={value})")


def test_names_of_fields_are_those_that_there_are() -> None:
    assert configuration_of("adm(scale=127.5)").scale == "127.5"
    for text, said in (
        ("scale=1", "unknown scale"),
        ("estimate=kid", "unknown estimate"),
        ("resize=x", "unknown resize"),
    ):
        with pytest.raises(UnknownName, match=said):
            configuration_of(f"adm({text})")
    with pytest.raises(
        BadInput, match=r"expected a protocol such as clean-fid, or clean-fid\(resize=box,n=1000\), got ''"
    ):
        configuration_of("")


def test_a_path_changes_one_field_after_the_other_in_their_order() -> None:
    start, end = Configuration(), Configuration("ref", True, 90, 5, "box", True, "128", "dinov2", "cmmd", 0)
    steps = path_between(start, end)
    fields = ["reference", "grey", "jpeg", "n", "resize", "rounded", "scale", "network", "estimate", "ddof"]
    assert [name for name, _ in steps] == fields
    assert steps[2][1] == Configuration("ref", True, 90)
    assert steps[-1][1] == end


def test_a_network_is_shown_pictures_by_a_configuration() -> None:
    network: Any = load("random_conv")
    given = shown_by(Configuration(resize="box", rounded=True, scale="127.5"), network)
    assert isinstance(given, ImageNetwork)
    assert given.view == View("box", network.view.side, (127.5,), (127.5,), network.view.fit, True)
    own = shown_by(Configuration(resize="box"), network)
    assert isinstance(own, ImageNetwork)
    assert (own.view.mean, own.view.sd) == (network.view.mean, network.view.sd)
    x = torch.arange(2 * 3 * 16 * 16, dtype=torch.uint8).reshape(2, 3, 16, 16)
    assert not torch.equal(given(x).values, network(x).values)
    with pytest.raises(BadInput, match=r"^features pixels do their own resize, which cannot be changed; random_"):
        shown_by(Configuration(), load("pixels"))


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("reference", "", "as given"),
        ("reference", "other", "other"),
        ("grey", True, "yes"),
        ("rounded", False, "no"),
        ("jpeg", 0, "none"),
        ("jpeg", 75, "75"),
        ("n", 0, "all"),
        ("scale", "", "the network's own"),
        ("scale", "128", "128"),
        ("ddof", 0, "0"),
        ("resize", "tf1", "TensorFlow 1's bilinear"),
        ("resize", "bilinear", "PyTorch's bilinear"),
        ("resize", "clean", "Pillow's bicubic in floats"),
        ("resize", "box", "box"),
        ("network", "clean", "clean"),
    ],
)
def test_values_of_fields_in_words(name: str, value: Any, text: str) -> None:
    assert worded(name, value) == text
