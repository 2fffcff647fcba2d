"""What is written under the numbers of another tool, and in what they depart from that tool's."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from typing import Any

import pytest
import torch

from ganbench.errors import BadInput
from ganbench.features.feature_set import Facts, FeatureSet
from ganbench.io.source import Source
from ganbench.scoring.api import Options
from ganbench.scoring.by_protocol import (
    ProtocolTask,
    by_name,
    cut,
    encoder,
    network_of,
    notes,
    plan,
    sentence,
    statistics_for,
    together,
)
from ganbench.scoring.inputs import FileInputs
from ganbench.scoring.pairing import Pair
from ganbench.scoring.protocols import PROTOCOLS, Protocol, numbers_of, protocol_of, refuse_contradiction
from ganbench.scoring.report import Report, Row
from ganbench.scoring.warnings import Warned


def inputs(name: str, n: int, kind: Any = "images", role: str = "fake", **changes: Any) -> FileInputs:
    facts = Facts(torch.zeros(n, 2), torch.arange(float(n)), torch.ones(n, 2))
    known = FeatureSet(torch.arange(float(n))[:, None], None, None, (), tuple(map(str, range(n))), facts, 3, {"PNG": n})
    return FileInputs(Source(name, kind, str), replace(known, **changes), role)


def report(*sizes: int, reference: FileInputs | None = None, **features: str) -> Report:
    rows = [Row(f"s{i}", False, inputs(f"s{i}", n), (), ()) for i, n in enumerate(sizes)]
    rows.append(Row("control", True, inputs("control", 7), (), ()))
    identity = {"name": "inception", "weights_sha256": "0123456789abcdef"} | features
    return Report(reference or inputs("ref", 1200), identity, tuple(rows), ())


def said(protocol: Protocol, main: Report, *others: Report) -> str:
    return sentence(protocol, protocol.numbers, main, [main, *others])


def test_the_sentence_names_numbers_sizes_reference_tool_and_networks() -> None:
    assert said(protocol_of("pytorch-fid"), report(1500)) == (
        "FID of 1 500 samples against 1 200 images of ref, following pytorch-fid (Seitzer, 2020): 8-bit RGB, PyTorch's "
        "bilinear resize to 299 without antialiasing, 2x - 1; FID with covariances divided by n - 1; networks by "
        f"SHA-256: inception 0123456789ab; ganbench {version('ganbench')}, protocol pytorch-fid version 1."
    )


def test_several_sizes_and_networks_are_all_named() -> None:
    main, other = report(9, 12000, 9), report(9, weights="own", name="dinov2")
    text = said(protocol_of("edm2"), main, other, main)
    assert text.startswith(
        "FID, FD-DINOv2 of 9 or 12 000 samples against 1 200 images of ref, following the evaluation"
    )
    assert "; networks by SHA-256: inception 0123456789ab, dinov2 0123456789ab (not the published file); " in text
    silent = replace(main, features={"name": "own"})
    assert "networks by SHA-256: own unknown;" in said(protocol_of("edm2"), silent)


def test_numbers_of_millions_are_grouped_and_names_are_left_as_they_are() -> None:
    big = inputs("a,b", 3)
    big.n = 1_281_167
    assert "against 1 281 167 images of a,b, following" in said(protocol_of("adm"), report(9, reference=big))


def test_statistics_are_named_as_such() -> None:
    moments = inputs("ref.npz", 4, kind="moments")
    assert "of 9 samples against the statistics in ref.npz, following" in said(
        protocol_of("edm"), report(9, reference=moments)
    )
    beside = said(protocol_of("adm"), report(9), report(9, reference=moments))
    assert "against 1 200 images of ref and the statistics beside them, following" in beside


def test_notes_say_what_departs_from_the_tool() -> None:
    adm, torch_fidelity = protocol_of("adm"), protocol_of("torch-fidelity")
    assert notes(adm, report(50_000), ["left out: KID"]) == ["left out: KID"]
    assert notes(adm, report(9, 50_000, 11), []) == [
        "adm takes 50000 samples; numbers of 9 or 11 do not compare with published ones"
    ]
    assert notes(torch_fidelity, report(9), []) == [
        "torch-fidelity also prints its precision and recall (of VGG16) and PPL, which are not computed"
    ]


def test_pictures_that_the_tool_would_read_otherwise_are_counted() -> None:
    done = {
        "had transparent pixels, put on white": 2,
        "scaled from [0, 4095]": 3,
        "were turned by EXIF": 4,
        "palette": 5,
    }
    reference = inputs("ref", 9, conversions=done)
    end = "; pytorch-fid itself would read them otherwise"
    assert notes(protocol_of("pytorch-fid"), report(9, reference=reference), []) == [
        f"2 images of ref have transparency, which this package puts on white{end}",
        f"3 images of ref have more than 8 bits, which this package scales{end}",
        f"4 images of ref have an orientation in EXIF, which this package applies{end}",
    ]


def test_warnings_of_several_parts_are_said_once_by_code() -> None:
    one, two, three = (Warned(code, "t", "a", text) for code, text in (("W2", "x"), ("W1", "y"), ("W2", "z")))
    parts = [replace(report(9), warnings=(one, two)), replace(report(9), warnings=(three, one))]
    assert together(parts) == (two, one, three)


def test_rows_are_ordered_by_their_names_as_text() -> None:
    names = ("0.png", "10.png", "9.png")
    ordered = by_name(inputs("a", 3, names=("9.png", "0.png", "10.png")))
    assert ordered.feature_set.names == names
    assert ordered.feature_set.values.flatten().tolist() == [1.0, 2.0, 0.0]
    array = inputs("a", 3, names=("9", "0", "10"), stored={"array": 3})
    assert by_name(array) is array
    moments = inputs("a", 3, kind="moments")
    assert by_name(moments) is moments


def test_both_sides_are_cut_to_the_same_number() -> None:
    pair = Pair(inputs("r", 30, role="real"), inputs("f", 20), None, {}, ())
    assert cut(pair, 0) is pair
    some = cut(pair, 10)
    assert (len(some.real.feature_set), len(some.fake.feature_set)) == (10, 10)
    values = some.real.feature_set.values.flatten().tolist()
    assert values == sorted(set(values))
    fewer = cut(pair, 25)
    assert (len(fewer.real.feature_set), fewer.fake is pair.fake) == (20, True)


@pytest.mark.parametrize(
    ("features", "network"),
    [
        ("inception_clean", "inception"),
        ("inception", "inception"),
        ("dinov2_edm2", "dinov2"),
        ("clip_cmmd", "clip_cmmd"),
    ],
)
def test_extractors_of_one_network_share_its_weights(features: str, network: str) -> None:
    assert network_of(features) == network


def test_one_file_of_weights_is_not_enough_for_two_networks() -> None:
    numbers = protocol_of("edm2").numbers
    tasks = [ProtocolTask(each.features, "", (each,)) for each in numbers]
    message = "^--weights w.pth: this protocol has several networks; name one for each: inception=FILE, dinov2=FILE$"
    with pytest.raises(BadInput, match=message):
        encoder("inception", tasks, Options(weights="w.pth"))


def stats(*names: str, kind: Any = "images") -> Source:
    nothing: Any = (None, None)
    return Source("ref", kind, str, statistics={name: lambda: nothing for name in names})


def tasks_of(name: str, real: Source, asked: str = "") -> tuple[list[tuple[str, str, list[str]]], list[str]]:
    protocol = protocol_of(name)
    tasks, left_out = plan(protocol, numbers_of(protocol, asked), real, is_named=bool(asked))
    return [(task.features, task.mean, [each.name for each in task.numbers]) for task in tasks], left_out


def test_statistics_in_the_reference_s_file_win_over_its_images() -> None:
    assert tasks_of("adm", stats("mu", "mu_s")) == (
        [
            ("inception", "mu", ["IS", "FID"]),
            ("inception_spatial", "mu_s", ["sFID"]),
            ("inception", "", ["P", "R"]),
        ],
        [],
    )
    assert tasks_of("adm", stats()) == (
        [("inception", "", ["IS", "FID", "P", "R"]), ("inception_spatial", "", ["sFID"])],
        [],
    )


def test_what_a_reference_of_statistics_lacks_is_left_out_or_refused() -> None:
    moments = stats("mu", kind="moments")
    tasks, left_out = tasks_of("clean-fid", moments)
    assert tasks == [("inception_clean", "mu", ["FID"])]
    lack = "needs the reference's images, and it holds a mean and a covariance alone"
    assert left_out == [f"left out: KID of clean-fid {lack}"]
    with pytest.raises(BadInput, match=f"^ref: KID of protocol clean-fid {lack}$"):
        tasks_of("clean-fid", moments, "KID")
    with pytest.raises(BadInput, match=f"^ref: P of protocol adm {lack}$"):
        tasks_of("adm", stats("mu", "mu_s", kind="moments"))
    with pytest.raises(BadInput, match=r"^ref: sFID of protocol adm needs statistics mu_s; its file has mu$"):
        tasks_of("adm", stats("mu"), "sFID")
    with pytest.raises(
        BadInput, match=r"^ref: nothing of protocol edm2 can be computed; left out: FID of edm2 needs stat"
    ):
        tasks_of("edm2", stats("other", kind="moments"))


def test_statistics_are_looked_for_in_the_order_of_their_names() -> None:
    protocol = protocol_of("edm")
    (number,) = protocol.numbers
    assert statistics_for(number, protocol, stats("mean", "fid.mu", "mu")) == "fid.mu"
    assert statistics_for(number, protocol, stats("mean", "mu")) == "mu"
    assert statistics_for(number, protocol, stats("x")) == ""


def test_numbers_are_asked_for_by_name_and_features_must_be_the_protocol_s() -> None:
    protocol = protocol_of("adm")
    assert [each.name for each in numbers_of(protocol, " FID , P,")] == ["FID", "P"]
    assert [each.name for each in numbers_of(protocol, ["R"])] == ["R"]
    assert len(numbers_of(protocol, None)) == 5
    refuse_contradiction(protocol, protocol.numbers, None)
    refuse_contradiction(protocol, protocol.numbers, "inception_spatial")
    message = (
        "^protocol adm takes features inception and inception_spatial, got --features pixels; leave one of the two"
    )
    with pytest.raises(BadInput, match=message):
        refuse_contradiction(protocol, protocol.numbers, "pixels")


PUBLISHED: dict[str, tuple[int, dict[str, tuple[str, str, dict[str, Any]]]]] = {  # n, and the numbers by name
    "pytorch-fid": (0, {"FID": ("inception_pytorch_fid", "fid", {})}),
    "clean-fid": (
        0,
        {
            "FID": ("inception_clean", "fid", {}),
            "KID": ("inception_clean", "kid_subsets", {"subsets": 100, "most": 1000, "seed": 0}),
        },
    ),
    "torch-fidelity": (
        0,
        {
            "IS": ("inception", "inception_score", {"splits": 10, "seed": 2020}),
            "FID": ("inception", "fid", {}),
            "KID": ("inception", "kid_subsets", {"subsets": 100, "size": 1000, "seed": 2020}),
        },
    ),
    "adm": (
        50_000,
        {
            "IS": ("inception", "inception_score_splits", {"part": 5000}),
            "FID": ("inception", "fid", {}),
            "sFID": ("inception_spatial", "fid", {}),
            "P": ("inception", "precision", {"k": 3}),
            "R": ("inception", "recall", {"k": 3}),
        },
    ),
    "edm": (50_000, {"FID": ("inception", "fid", {})}),
    "edm2": (50_000, {"FID": ("inception", "fid", {}), "FD-DINOv2": ("dinov2_edm2", "fid", {})}),
    "stylegan3": (
        50_000,
        {
            "FID": ("inception", "fid", {"of_statistics": False}),
            "KID": ("inception", "kid_subsets", {"subsets": 100, "most": 1000, "seed": 0}),
            "IS": ("inception", "inception_score_splits", {}),
        },
    ),
    "dgm-eval": (
        50_000,
        {
            "FD-DINOv2": ("dinov2", "fid", {}),
            "P": ("dinov2", "precision", {"k": 5}),
            "R": ("dinov2", "recall", {"k": 5}),
            "D": ("dinov2", "density", {"k": 5}),
            "C": ("dinov2", "coverage", {"k": 5}),
        },
    ),
    "cmmd": (0, {"CMMD": ("clip_cmmd", "cmmd", {})}),
    "clip-fid": (0, {"CLIP-FID": ("clip", "fid", {})}),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_protocol_has_the_numbers_and_options_that_its_tool_has(name: str) -> None:
    """As the tools' own documentation and code state them."""
    protocol, (n, numbers) = protocol_of(name), PUBLISHED[name]
    assert (protocol.n, protocol.version, [each.name for each in protocol.numbers]) == (n, 1, list(numbers))
    for each in protocol.numbers:
        features, metric, options = numbers[each.name]
        spec = each.estimate(False).spec
        assert (each.features, spec.name) == (features, metric)
        assert {key: spec.options[key] for key in options} == options
        assert each.at_most == (10_000 if name == "dgm-eval" and metric != "fid" else 0)


def test_which_numbers_a_tool_leaves_out_and_which_tool_sorts_by_name() -> None:
    optional = {(name, each.name) for name, protocol in PROTOCOLS.items() for each in protocol.numbers if each.optional}
    kids = {(name, "KID") for name in ("clean-fid", "clean-fid-legacy-pytorch", "clean-fid-legacy-tensorflow")}
    assert optional == {*kids, ("stylegan3", "KID"), ("edm2", "FID"), ("edm2", "FD-DINOv2")}
    assert [name for name, protocol in PROTOCOLS.items() if protocol.by_name] == ["torch-fidelity"]
    population = protocol_of("stylegan3").numbers[0].estimate(True).spec.options
    assert population["of_statistics"] is True
