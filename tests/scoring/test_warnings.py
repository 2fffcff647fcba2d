"""Every warning is provoked by what it warns of, and a clean comparison is silent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from ganbench._util.streams import stream
from ganbench.features.feature_set import Facts, FeatureSet
from ganbench.io.grey_levels import CLIPPED
from ganbench.io.source import LeftOut, Source
from ganbench.metrics import fid, inception_score, inception_score_splits, precision
from ganbench.metrics.feature_vectors import Features
from ganbench.scoring.api import Options, score
from ganbench.scoring.inputs import FileInputs
from ganbench.scoring.warnings import TITLES, Comparison, least_distance, warnings_of
from tests.scoring.sets import folder_of, image, photos

N = 2100  # as many as every metric taken here needs
METRICS = (fid, precision)


def feature_set(name: str, n: int = N, **changes: Any) -> FeatureSet:
    draws = stream(0, "fairness", name)
    facts = Facts(
        torch.randint(1 << 60, (n, 2), generator=draws),
        torch.full((n,), 40.0),
        torch.full((n, 2), 32, dtype=torch.int32),
    )
    known = FeatureSet(
        torch.randn(n, 5, generator=draws), None, None, (), tuple(map(str, range(n))), facts, 3, {"PNG": n}
    )
    facts_changes = {key: changes.pop(key) for key in ("digest", "spread", "size") if key in changes}
    return replace(known, facts=replace(facts, **facts_changes), **changes)


def comparison(
    fake: FeatureSet | None = None, real: FeatureSet | None = None, name: str = "a", **changes: Any
) -> Comparison:
    fake, real = fake or feature_set("fake"), real or feature_set("real")
    reference = changes.pop("reference", "digits:held_out")
    known = changes.pop("known", True)
    sets = (
        FileInputs(Source(name, "images", str), fake, "fake"),
        FileInputs(Source(reference, "images" if known else "moments", str), real, "real"),
    )
    return Comparison(*sets, **{"metrics": METRICS, "identity": {"name": "some"}, **changes})


def codes(*comparisons: Comparison) -> list[str]:
    return [each.code for each in warnings_of(comparisons)]


def test_a_clean_comparison_is_silent() -> None:
    sizes = {"PNG": N - 5, "JPEG": 5}
    assert codes(comparison()) == []
    assert codes(comparison(), comparison(feature_set("fake", stored=sizes), name="b")) == []


def edited(name: str, field: str, rows: slice, value: Any, **changes: Any) -> FeatureSet:
    """A set with some rows of a fact changed."""
    known = feature_set(name)
    tensor = getattr(known.facts, field).clone()
    tensor[rows] = value
    return replace(feature_set(name, **changes), facts=replace(known.facts, **{field: tensor}))


def near(share: float) -> FeatureSet:
    real, fake = feature_set("real").values, feature_set("fake").values.clone()
    count = int(share * N)
    fake[:count] = real[:count] + 1e-3
    return feature_set("fake", values=fake)


MANY = 5000
BESIDE = {"W108": {"W102"}}  # the score in splits asks for 50 000 samples, which would take long
SHUFFLED = torch.randint(10, (MANY,), generator=stream(0, "labels"))
WIDE = comparison(
    feature_set("fake", values=torch.randn(N, N, generator=stream(0, "fake"))),
    feature_set("real", values=torch.randn(N, N, generator=stream(0, "real"))),
)


def by_class(labels: torch.Tensor) -> Comparison:
    """Samples of certain classes, in this order."""
    sure = torch.eye(10, dtype=torch.float64)[labels]
    return comparison(
        feature_set("fake", MANY, posteriors=sure), feature_set("real", MANY), metrics=(inception_score_splits,)
    )


NOTHING = Facts(torch.zeros(0, 2, dtype=torch.int64), torch.zeros(0), torch.zeros(0, 2, dtype=torch.int32))
MOMENTS = feature_set("real", 6, names=(), channels=0, stored={"moments": 1})  # as many rows as carry a covariance of 5
MOMENTS = replace(MOMENTS, facts=NOTHING)
LEAST = least_distance(Features(feature_set("real").values), N, N)  # of the Frechet distance of honest samples


PROVOKED: dict[str, list[Comparison]] = {
    "W101": [comparison(), comparison(feature_set("fake", N + 1), name="b")],
    "W102": [comparison(feature_set("fake", N - 100))],
    "W103": [comparison(real=feature_set("real", 3 * N))],
    "W104": [comparison(reference="mnist:train")],
    "W105": [comparison(edited("fake", "digest", slice(0, 2), 7))],
    "W106": [comparison(edited("fake", "digest", slice(0, 1), feature_set("real").facts.digest[9]))],
    "W107": [comparison(near(0.1))],
    "W108": [by_class(SHUFFLED.sort().values)],
    "W109": [comparison(edited("fake", "spread", slice(0, 1), 0.5))],
    "W110": [comparison(feature_set("fake", stored={"JPEG": N}))],
    "W111": [comparison(feature_set("fake", size=torch.full((N, 2), 28, dtype=torch.int32)))],
    "W112": [comparison(feature_set("fake", conversions={CLIPPED: 3}))],
    "W113": [replace(WIDE, metrics=(fid,))],
    "W114": [comparison(other_identities=({"name": "some", "preprocessing": "tf1"},))],
    "W115": [comparison(feature_set("fake", left_out=(LeftOut("x.txt", "no image by its suffix"),)))],
    "W116": [comparison(real=MOMENTS, known=False)],
    "W117": [comparison(doubts=("values from 0.3 to 1 are read as [0, 1], which they do not fill",))],
    "W118": [comparison(), comparison(real=feature_set("real", channels=1), name="b")],
    "W119": [comparison(values={"fid": 0.99 * LEAST})],
}

SILENT: dict[str, list[Comparison]] = {
    "W101": [comparison(), comparison(name="b")],
    "W102": [comparison(feature_set("fake", 2048))],
    "W103": [comparison(real=feature_set("real", 2 * N))],
    "W104": [comparison(reference="training_of_others/mnist:test")],
    "W105": [comparison(edited("fake", "digest", slice(0, 2), torch.tensor([[1, 2], [1, 3]])))],
    "W106": [comparison(edited("fake", "digest", slice(0, 1), feature_set("real").facts.digest[9].flip(0)))],
    "W107": [comparison(near(0.01))],
    "W108": [by_class(SHUFFLED), replace(PROVOKED["W108"][0], metrics=(inception_score,))],
    "W109": [comparison(edited("fake", "spread", slice(0, 1), 1.5))],
    "W110": [comparison(feature_set("fake", stored={"JPEG": N}), feature_set("real", stored={"JPEG": N}))],
    "W111": [comparison(edited("fake", "size", slice(0, 1), 28))],
    "W112": [comparison(feature_set("fake", conversions={"were palette, converted to RGB": 3}))],
    "W113": [replace(WIDE, metrics=(precision,))],
    "W114": [comparison(other_identities=())],
    "W115": [comparison(feature_set("fake", left_out=()))],
    "W116": [comparison()],
    "W117": [comparison(doubts=())],
    "W118": [comparison(), comparison(feature_set("fake", scaled=("[0, 1]",)), name="b")],
    "W119": [comparison(values={"fid": 1.01 * LEAST})],
}


@pytest.mark.parametrize("code", TITLES)
def test_each_code_warns_of_what_it_says(code: str) -> None:
    warned = [each for each in warnings_of(PROVOKED[code]) if each.code not in BESIDE.get(code, ())]
    assert [each.code for each in warned] == [code]
    assert warned[0].title == TITLES[code]
    assert "\n" not in str(warned[0])


@pytest.mark.parametrize("code", TITLES)
def test_each_code_is_silent_just_short_of_it(code: str) -> None:
    assert set(codes(*SILENT[code])) <= BESIDE.get(code, set())


def test_what_is_to_be_said_of_several_rows_is_said_once() -> None:
    (warned,) = warnings_of([comparison(near(0.1), name="a"), comparison(near(0.1), name="b")])
    assert warned.about == "a, b"


@pytest.mark.parametrize("code", ["W104", "W114", "W116"])
def test_what_is_wrong_with_the_reference_is_said_of_it(code: str) -> None:
    (warned,) = [each for each in warnings_of(PROVOKED[code]) if each.code == code]
    assert warned.about == PROVOKED[code][0].real.name


def test_an_honest_sampler_is_no_copier_however_few_features() -> None:
    values = {name: torch.randn(N, 1, generator=stream(0, name)) for name in ("fake", "real")}
    assert (
        codes(comparison(feature_set("fake", values=values["fake"]), feature_set("real", values=values["real"]))) == []
    )


def of(role: str, features: FeatureSet) -> Comparison:
    """A comparison in which only the set of that role is as given."""
    if role == "train":
        return comparison(train=FileInputs(Source("train", "images", str), features, "train"))
    return comparison(features) if role == "fake" else comparison(real=features)


OF_SETS = {
    "W105": edited("of a set", "digest", slice(0, 2), 7),
    "W109": edited("of a set", "spread", slice(0, 1), 0.5),
    "W112": feature_set("of a set", conversions={CLIPPED: 3}),
    "W115": feature_set("of a set", left_out=(LeftOut("x.png", "damaged", broken=True),)),
}


@pytest.mark.parametrize("code", OF_SETS)
@pytest.mark.parametrize(("role", "name"), [("fake", "a"), ("real", "digits:held_out"), ("train", "train")])
def test_what_is_wrong_with_a_set_is_said_of_samples_reference_and_training_examples_alike(
    code: str, role: str, name: str
) -> None:
    (warned,) = warnings_of([of(role, OF_SETS[code])])
    assert (warned.code, warned.about) == (code, name)


@pytest.mark.parametrize("suffix", ["png", "webp", "tif", "jpg"])
def test_loss_is_judged_by_the_content_of_files_and_not_by_their_names(suffix: str, tmp_path: Path) -> None:
    lossless: dict[str, Any] = {"webp": {"lossless": True}, "tif": {"compression": "tiff_lzw"}, "png": {}}
    lossy: dict[str, Any] = {"tif": {"compression": "jpeg"}, "jpg": {"format": "MPO"}, "webp": {"quality": 50}}
    reference = folder_of(photos(5, 9), tmp_path / "reference")
    for name, settings, expected in (("a", lossless, False), ("b", lossy, True)):
        if suffix not in settings:
            continue
        (tmp_path / name).mkdir()
        for i, each in enumerate(photos(5, 1)):
            image(each).save(tmp_path / name / f"{i}.{suffix}", **settings[suffix])
        report = score(tmp_path / name, reference, metrics=["fid"])
        assert ("W110" in [each.code for each in report.warnings]) == expected


def test_a_broken_file_of_the_reference_is_skipped_and_said_as_one_of_the_samples_is(tmp_path: Path) -> None:
    for name, seed in (("samples", 1), ("reference", 2), ("train", 3)):
        (folder_of(photos(9, seed), tmp_path / name) / "x.png").write_text("no picture")
    report = score(
        tmp_path / "samples",
        tmp_path / "reference",
        metrics=["fid", "copies"],
        options=Options(skip_broken=True, train=tmp_path / "train"),
    )
    (warned,) = [each for each in report.warnings if each.code == "W115"]
    assert warned.about == ", ".join(str(tmp_path / name) for name in ("samples", "reference", "train"))


def test_features_have_no_pictures_to_warn_of() -> None:
    bare: dict[str, Any] = {"channels": 0, "size": torch.zeros(N, 2, dtype=torch.int32), "spread": torch.zeros(N)}
    assert codes(comparison(feature_set("fake", **bare, stored={"array": N}), feature_set("real", **bare))) == []
