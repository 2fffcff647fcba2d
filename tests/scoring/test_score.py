"""Scores of anybody's samples: equal however they are packed, equal to the metrics themselves, refused in one line."""

from __future__ import annotations

import io
import math
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor
from torch.utils.data import TensorDataset

from ganbench import data
from ganbench import features as extractors
from ganbench._util.streams import stream
from ganbench.data.sources import Finite
from ganbench.dataset import Dataset, Space
from ganbench.errors import BadInput, Missing, RequestError, UnknownName
from ganbench.features import extraction, load
from ganbench.features.base import Extracted
from ganbench.features.image_network import ImageNetwork
from ganbench.features.store import Cache
from ganbench.io import Reading, Source, open_source
from ganbench.io import folder as files
from ganbench.io.source import Picture
from ganbench.metrics import METRICS, metric
from ganbench.records.record import to_line
from ganbench.scoring import asked_metrics, named
from ganbench.scoring.api import Options, score
from ganbench.scoring.asked_metrics import wanted
from ganbench.scoring.inputs import FileInputs
from ganbench.scoring.intervals import GROUPS
from ganbench.scoring.reference import DatasetScorer
from ganbench.scoring.scorer import Scorer
from tests.narrow import narrow
from tests.records.test_record import example
from tests.scoring.sets import features, folder_of, image, in_scored_order, photos, tar_of, zip_of

METRIC = ["fid", "kid", "precision", "coverage"]


def values(samples: Any, reference: Any, *metrics: str, features: str | None = None, **options: Any) -> dict[str, Any]:
    report = score(samples, reference, metrics=metrics or METRIC, features=features, options=Options(**options))
    return report.values[report.rows[0].name]


@pytest.fixture(scope="module")
def real() -> Any:
    return photos(60, 1)


@pytest.fixture(scope="module")
def fake() -> Any:
    return photos(50, 2)


@pytest.mark.parametrize("extractor", ["random_conv", "pixels"])
def test_a_folder_a_zip_a_tar_and_an_array_of_the_same_images_score_the_same_to_the_last_bit(
    tmp_path: Path, real: Any, fake: Any, extractor: str
) -> None:
    folder = folder_of(fake, tmp_path / "a")
    np.savez(tmp_path / "a.npz", images=fake)
    np.save(tmp_path / "a.npy", fake.transpose(0, 3, 1, 2))
    packed = [folder, zip_of(folder, tmp_path / "a.zip"), tar_of(folder, tmp_path / "a.tar.gz")]
    packed += [tmp_path / "a.npz", tmp_path / "a.npy"]
    rows = score(packed, real, metrics=METRIC, features=extractor).rows
    assert len({tuple(each.values[0] for each in row.scores) for row in rows}) == 1
    assert len({row.name for row in rows}) == 5


def test_a_score_is_the_metric_of_the_extractor_s_features(real: Any, fake: Any) -> None:
    network = load("random_conv")
    real, fake = in_scored_order(real), in_scored_order(fake)
    seen = [network(torch.from_numpy(x).permute(0, 3, 1, 2)).values for x in (real, fake)]
    for name, value in values(fake, real).items():
        assert value == METRICS[name](*seen)
    raw = [torch.from_numpy(x).permute(0, 3, 1, 2).flatten(1).float() / 127.5 - 1 for x in (real, fake)]
    assert values(fake, real, "fid", features="pixels")["fid"] == METRICS["fid"](*raw)


def test_neither_windows_nor_tasks_nor_threads_matter(
    tmp_path: Path, real: Any, fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(fake, tmp_path / "a")
    before = values(folder, real)
    monkeypatch.setattr(extraction, "WINDOW", 7)
    monkeypatch.setattr(files, "TASK", 3)
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert values(folder, real) == before


def test_features_are_compared_as_they_are(tmp_path: Path) -> None:
    a, b = features(80, 1), features(70, 2)
    np.save(tmp_path / "a.npy", a)
    report = score(b, tmp_path / "a.npy", metrics=["fid", "precision"])
    assert report.rows[0].value("fid") == METRICS["fid"](a, b)
    assert report.rows[0].scores[0].features == {"name": "given"}


def counted(source: Source, calls: list[str]) -> Source:
    def scan() -> Iterator[Any]:
        calls.append(source.name)
        return source.scan()

    return replace(source, scan=scan)


def test_the_reference_is_read_once_for_several_samples(real: Any) -> None:
    calls: list[str] = []
    report = score([photos(20, i) for i in range(3)], counted(open_source(real), calls), metrics=METRIC)
    assert len(calls) == 1
    assert len(report.values) == 3  # though all are arrays without a name


def test_a_second_time_nothing_is_decoded_and_a_changed_file_is_noticed(tmp_path: Path, real: Any, fake: Any) -> None:
    cache, calls = Cache(tmp_path / "cache", 1 << 30), list[str]()
    folder = folder_of(fake, tmp_path / "a")

    def once() -> dict[str, Any]:
        return values(counted(open_source(folder), calls), real, cache=cache)

    first = once()
    assert once() == first
    assert len(calls) == 1
    image(photos(1, 9)[0]).save(folder / "3.png")
    assert once() != first
    assert len(calls) == 2


def test_a_network_under_another_preprocessing_does_not_meet_the_cache(
    tmp_path: Path, real: Any, fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path, 1 << 30)
    values(fake, real, cache=cache)
    other = load("random_conv")
    other.identity = {**other.identity, "preprocessing": "another"}
    monkeypatch.setattr(extractors, "load", lambda *_: other)
    report = score(fake, real, metrics=METRIC, options=Options(cache=cache))
    assert "W114" in [each.code for each in report.warnings]


def test_grey_among_colour_is_colour_and_grey_beside_colour_too(tmp_path: Path, real: Any) -> None:
    mixed = [*photos(20, 3, channels=1), *photos(20, 4)]  # the pass begins again when colour comes
    folder = folder_of(mixed, tmp_path / "a")  # type: ignore[arg-type]
    whole = np.stack([np.broadcast_to(each, (16, 16, 3)) for each in mixed])
    for extractor in ("pixels", "random_conv"):
        assert values(folder, real, features=extractor) == values(whole, real, features=extractor)
    grey = photos(30, 5, channels=1)
    assert values(grey, real, features="pixels") == values(np.repeat(grey, 3, 3), real, features="pixels")


def test_sizes_may_differ_where_the_features_resize_and_not_elsewhere(tmp_path: Path, real: Any) -> None:
    folder = folder_of(photos(10, 3), tmp_path / "a")
    for i, each in enumerate(photos(10, 4, side=20)):
        image(each).save(folder / f"{i}b.png")
    assert math.isfinite(values(folder, real)["fid"])
    with pytest.raises(
        BadInput, match="images of several sizes, which features pixels cannot compare; random_conv can"
    ):
        values(folder, real, features="pixels")
    with pytest.raises(BadInput, match="features digits cannot take images of 16 by 16 pixels with 3 channels"):
        values(photos(10, 3), real, features="digits")


def test_the_order_of_the_samples_is_that_of_their_names_whatever_their_sizes(tmp_path: Path, real: Any) -> None:
    pictures = [photos(1, i, side=16 + 4 * (i % 2))[0] for i in range(12)]
    folder = folder_of(pictures, tmp_path / "a")  # type: ignore[arg-type]
    extract = extraction.Extraction(load("random_conv"))
    known = extract(open_source(folder))
    alone = [load("random_conv")(torch.from_numpy(each)[None].permute(0, 3, 1, 2)).values[0] for each in pictures]
    assert torch.equal(known.values, torch.stack(alone))
    assert known.names == tuple(f"{i}.png" for i in range(12))


def test_pictures_of_many_sizes_share_batches_and_of_few_sizes_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    network, calls = load("random_conv"), list[str]()

    def noted(name: str, method: Callable[[Any, Any], Extracted]) -> Callable[[Any, Any], Extracted]:
        def call(self: Any, x: Any) -> Extracted:
            calls.append(name)
            return method(self, x)

        return call

    monkeypatch.setattr(ImageNetwork, "mixed", noted("mixed", ImageNetwork.mixed))
    monkeypatch.setattr(ImageNetwork, "__call__", noted("one size", ImageNetwork.__call__))
    assert type(network) is ImageNetwork
    for sizes, expected in ((40, ["mixed"]), (1, ["one size"])):
        pictures = [photos(1, i, side=9 + i % sizes)[0] for i in range(40)]

        def scan(pictures: Any = pictures) -> Iterator[Any]:
            return (Picture(str(i), each, "array") for i, each in enumerate(pictures))

        calls.clear()
        known = extraction.Extraction(network)(Source("some", "images", lambda: "some", scan))
        assert calls == expected
        alone = [network(torch.from_numpy(each)[None].permute(0, 3, 1, 2)).values[0] for each in pictures]
        assert torch.equal(known.values, torch.stack(alone))


def test_a_data_set_by_name_is_the_reference_of_runs() -> None:
    digits = data.load("digits")
    x, y = digits.control.examples(digits.control.distinct(digits.control.size or 0, stream(0, "control")))
    inside = DatasetScorer(digits, ["fid", "kid", "precision"], digits.held_out.size or 0)(x, y)
    levels = ((x + 1) * 127.5).round().to(torch.uint8)
    outside = values(levels, "digits", "fid", "kid", "precision")
    for each in inside:
        # 17 levels of grey do not all fall on one of 256
        assert outside[each.metric] == pytest.approx(each.values[0], rel=2e-2, abs=1e-3)
    assert score(levels, "digits", metrics=["fid"]).rows[0].scores[0].features["name"] == "digits"


def test_samples_written_as_pictures_score_as_inside_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def finite(seed: int) -> Finite:
        return Finite(torch.from_numpy(photos(90, seed, 28, 1)).permute(0, 3, 1, 2) / 127.5 - 1, torch.zeros(90).long())

    space = Space((1, 28, 28), 1, -1.0, 1.0)
    known = Dataset("mnist", space, finite(0), finite(1), finite(2), "rule", "mnist")
    monkeypatch.setattr(data, "load", lambda *_args, **_options: known)
    grey = photos(70, 3, 28, 1)
    x = torch.from_numpy(grey).permute(0, 3, 1, 2) / 127.5 - 1
    names = ["fid", "kid", "precision", "inception_score"]
    inside = {each.metric: each.values[0] for each in DatasetScorer(known, names, 50)(x, torch.zeros(70).long())}
    folder = folder_of(grey, tmp_path / "a")
    np.savez(tmp_path / "a.npz", x=grey)
    for samples in (folder, zip_of(folder, tmp_path / "a.zip"), tmp_path / "a.npz", x):
        assert values(samples, "mnist:held_out:50", *names) == inside


def test_a_file_that_changes_during_a_pass_is_not_kept(tmp_path: Path, real: Any, fake: Any) -> None:
    folder, cache = folder_of(fake, tmp_path / "a"), Cache(tmp_path / "cache", 1 << 30)
    source = open_source(folder)

    def scan() -> Iterator[Any]:
        yield from source.scan()
        image(photos(1, 9)[0]).save(folder / "3.png")

    values(replace(source, scan=scan), real, cache=cache)
    assert [entry.source for entry in cache.entries()] == ["an array in memory"]


def test_pictures_of_digits_saved_in_colour_are_grey_to_the_digits_network(tmp_path: Path) -> None:
    grey = photos(20, 1, side=8, channels=1)
    np.save(tmp_path / "a.npy", grey)
    (tmp_path / "b").mkdir()
    for i, each in enumerate(grey):
        Image.fromarray(np.repeat(each, 3, 2)).save(tmp_path / "b" / f"{i}.png")
    a, b = (values(tmp_path / name, "digits:control", "fid", "inception_score") for name in ("a.npy", "b"))
    assert a == b


def test_splits_and_names_that_are_not_there_are_refused() -> None:
    with pytest.raises(UnknownName, match="unknown split of digits: 'tset'; did you mean 'test'"):
        values(photos(5, 0), "digits:tset")
    with pytest.raises(BadInput, match="expected a number of examples behind the split, got 'x'"):
        values(photos(5, 0), "digits:test:x")
    with pytest.raises(Missing, match="no such file or folder, nor a data set; did you mean 'digits'"):
        values(photos(5, 0), "digit")
    with pytest.raises(Missing, match=r"torchvision.datasets.CIFAR10\('.*', download=True\) does, or name its folder"):
        values(photos(5, 0), "cifar10:test", data=Path("/nonexistent"))


def results(folder: Path, x: Tensor) -> None:
    """A results folder with one row of three seeds, of which the second diverged."""
    records = [
        example(f"key {seed}", seed=seed, samples=50, status="diverged" if seed == 4 else "done") for seed in (3, 4, 5)
    ]
    (folder / records[0].files).mkdir(parents=True)
    (folder / "records.jsonl").write_text("".join(f"{to_line(record)}\n" for record in records))
    for record, own in zip((records[0], records[2]), x, strict=True):
        tensors = {"x": own.clone(), "y": torch.zeros(len(own), dtype=torch.int64)}
        save_file(tensors, folder / record.files / f"samples-{record.seed}.safetensors")


def test_a_cell_of_an_earlier_run_is_scored_by_its_name(tmp_path: Path) -> None:
    x = torch.randn(2, 50, 2, generator=stream(0, "x"))
    results(tmp_path / "quick", x)
    reference = features(60, 0, 2)
    for name, i in (("gan:ring8", 0), ("gan:ring8:3", 0), ("gan:ring8:5", 1)):
        scores = values(f"{tmp_path}/quick:{name}", reference, "fid")
        assert scores["fid"] == METRICS["fid"](in_scored_order(reference), in_scored_order(x[i]))
    with pytest.raises(Missing, match="no such seed was finished; finished are 3, 5"):
        values(f"{tmp_path}/quick:gan:ring8:4", reference)
    with pytest.raises(UnknownName, match="'wgan:ring8'; did you mean 'gan:ring8'"):
        values(f"{tmp_path}/quick:wgan:ring8", reference)
    with pytest.raises(BadInput, match=r"expected .*quick:BASELINE:DATASET"):
        values(f"{tmp_path}/quick:gan", reference)


def test_modes_are_known_where_the_reference_is_a_mixture() -> None:
    x = data.load("ring8").held_out
    points = x.examples(x.distinct(500, stream(5, "points")))[0]
    assert values(points, "ring8", "modes_captured")["modes_captured"] == 8
    with pytest.raises(
        RequestError, match=r"modes_captured cannot be used on .*: the distribution and its modes are not known"
    ):
        values(points, features(50, 0, 2), "modes_captured")


def test_folders_of_classes_are_labels_where_both_sides_have_the_same(tmp_path: Path) -> None:
    for seed, side in enumerate(("real", "fake", "other")):
        for i, name in enumerate("ab" if side != "other" else "bc"):
            folder_of(photos(12, 2 * seed + i), tmp_path / side / name)
    scores = values(tmp_path / "fake", tmp_path / "real", "intra_fid", features="pixels")
    parts = [values(tmp_path / "fake" / c, tmp_path / "real" / c, "fid", features="pixels")["fid"] for c in "ab"]
    assert scores["intra_fid"] == pytest.approx(np.mean(parts))
    with pytest.raises(RequestError, match="labels of different classes"):
        values(tmp_path / "other", tmp_path / "real", "intra_fid")


def test_training_examples_are_looked_at_for_metrics_of_copying(real: Any, fake: Any) -> None:
    assert values(fake, real, "copies", train=np.concatenate([fake, photos(50, 7)]))["copies"] == 1
    with pytest.raises(RequestError, match="needs training examples"):
        values(fake, real, "copies")


def test_images_themselves_are_compared_in_the_range_of_runs(real: Any) -> None:
    x = torch.from_numpy(in_scored_order(real[:40])).permute(0, 3, 1, 2).float() / 127.5 - 1
    assert values(real[:40], real, "ms_ssim")["ms_ssim"] == METRICS["ms_ssim"](x)


def test_all_is_every_metric_that_can_be_used_and_the_usual_ones_need_no_asking(real: Any, fake: Any) -> None:
    report = score(fake, real)
    assert [each.metric for each in report.rows[0].scores] == [
        "fid",
        "kid",
        "precision",
        "recall",
        "density",
        "coverage",
    ]
    every = wanted("all")
    scorer = Scorer(report.reference, None, None, report.features)
    names = {each.spec.name for each in scorer.select(every.metrics, every.required, [report.rows[0].inputs])}
    assert {"ms_ssim", "fid", "vendi"} <= names
    assert not {"copies", "inception_score", "modes_captured", "intra_fid"} & names


SHIFT = """
from ganbench.metrics import metric

@metric(needs=("real", "fake"), better="lower", ideal=0.0, bounds=(0.0, 1e9), paper="none", minimum=70)
def shift(real, fake):
    \"\"\"Distance of the means.\"\"\"
    return (real.double().mean(0) - fake.double().mean(0)).norm()
"""


def test_a_user_s_metric_joins_by_its_path(tmp_path: Path, real: Any, fake: Any) -> None:
    (tmp_path / "mine.py").write_text(SHIFT)
    path = f"{tmp_path}/mine.py:shift"
    report = score(fake, real, metrics=["fid", path], features="pixels", options=Options(controls=True))
    means = [x.reshape(len(x), -1).mean(0) / 127.5 for x in (real, fake)]
    mine = report.rows[0].scores[1]
    assert mine.values[0] == pytest.approx(np.linalg.norm(means[0] - means[1]), rel=1e-5)
    assert (mine.metric, mine.options) == ("mine.py:shift", {"file_sha256": sha256(SHIFT.encode()).hexdigest()})
    assert "mine.py:shift (70)" in next(str(each) for each in report.warnings if each.code == "W102")
    assert all(row.value("mine.py:shift") is not None for row in report.rows)
    assert [each.spec.name for each in wanted(["all", path], slow=True).metrics] == [*METRICS, "mine.py:shift"]
    with pytest.raises(UnknownName, match=r"unknown metric of mine.py 'shft'; did you mean 'shift'"):
        score(fake, real, metrics=[f"{tmp_path}/mine.py:shft"])


def test_a_metric_that_only_some_sets_can_meet_is_undefined_for_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked_metrics, "USUAL", ("fid", "intra_fid", "inception_score"))
    for seed, side in enumerate(("real", "fake")):
        for i, name in enumerate("ab"):
            folder_of(photos(12, 2 * seed + i), tmp_path / side / name)
    plain = folder_of(photos(24, 9), tmp_path / "plain")
    report = score([plain, tmp_path / "fake"], tmp_path / "real", features="pixels")
    assert [[each.metric for each in row.scores] for row in report.rows] == [["fid", "intra_fid"]] * 2
    assert [row.value("intra_fid") is None for row in report.rows] == [True, False]
    assert report.rows[0].scores[1].reasons == ("the samples have no labels",)


def moments_of(x: Any, path: Path) -> Path:
    np.savez(path, mu=x.mean(0), sigma=np.cov(x, rowvar=False))
    return path


@pytest.mark.parametrize(("d", "n"), [(1, 40), (4, 3), (6, 90), (530, 40)])
def test_a_mean_and_a_covariance_are_a_reference_for_the_frechet_distance(tmp_path: Path, d: int, n: int) -> None:
    x, fake = features(n, 0, d).astype(np.float64) * 3 + 5, features(50, 1, d)
    np.savez(tmp_path / "stats.npz", mu=x.mean(0), sigma=np.atleast_2d(np.cov(x, rowvar=False)))
    report = score(fake, tmp_path / "stats.npz")
    (scored,) = report.rows[0].scores
    assert scored.metric == "fid"
    assert scored.values[0] == pytest.approx(METRICS["fid"](x, fake), rel=1e-9)
    assert (report.reference.n, scored.n_real) == (None, 0)
    assert "of how many samples" in scored.features["reference"]
    assert "W116" in [each.code for each in report.warnings]
    assert "W103" not in [each.code for each in report.warnings]


def test_moments_of_images_are_compared_with_images_by_the_features_that_are_named(
    tmp_path: Path, real: Any, fake: Any
) -> None:
    seen = load("random_conv")(torch.from_numpy(real).permute(0, 3, 1, 2)).values.double().numpy()
    path = moments_of(seen, tmp_path / "stats.npz")
    value = values(fake, path, "fid", features="random_conv")["fid"]
    assert value == pytest.approx(values(fake, real, "fid")["fid"], rel=1e-9)
    assert values(fake[:20], path, "fid", "ms_ssim", features="random_conv").keys() == {"fid", "ms_ssim"}


def test_what_needs_samples_of_the_reference_is_refused_beside_moments(tmp_path: Path, fake: Any) -> None:
    path = moments_of(features(90, 0), tmp_path / "stats.npz")
    with pytest.raises(RequestError, match=r"kid cannot be used on .*only the mean and the covariance are known"):
        score(features(50, 1), path, metrics=["kid"])
    with pytest.raises(BadInput, match="say of which with --features"):
        score(fake, path)
    with pytest.raises(BadInput, match="which only a reference can be"):
        score(path, features(50, 1))
    with pytest.raises(BadInput, match="controls are made of a reference of samples"):
        score(features(50, 1), path, options=Options(controls=True))
    with pytest.raises(BadInput, match="expected 4 features a sample"):
        score(features(50, 1, 5), path)


@pytest.mark.parametrize(
    ("mu", "sigma", "said"),
    [
        (np.zeros(3), np.zeros((3, 4)), r"expected mu \(d,\) and sigma \(d, d\) of floats"),
        (np.zeros((3, 3)), np.eye(3), r"expected mu \(d,\)"),
        (np.zeros(3, int), np.eye(3), r"expected mu \(d,\)"),
        (np.full(3, np.nan), np.eye(3), "not finite"),
        (np.zeros(2), np.array([[1.0, 2.0], [0.0, 1.0]]), "it is not symmetric"),
        (np.zeros(2), np.diag([1.0, -1.0]), "expected no negative eigenvalue"),
    ],
)
def test_moments_that_are_none_are_refused(tmp_path: Path, mu: Any, sigma: Any, said: str) -> None:
    np.savez(tmp_path / "stats.npz", mu=mu, sigma=sigma)
    with pytest.raises(BadInput, match=said):
        score(features(50, 1, len(sigma)), tmp_path / "stats.npz")


@metric(needs=("fake",), better="lower", ideal=None, bounds=(-1e9, 1e9), paper="none")
def first_column(fake: Any) -> float:
    """Mean of the first feature."""
    return float(fake.values[:, 0].double().mean())


def test_the_interval_of_a_mean_is_student_s_over_group_means(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METRICS, "first_column", first_column)
    x = features(200, 0)
    row = score(x, features(50, 1), metrics=["first_column"], options=Options(intervals=True)).rows[0]
    means = in_scored_order(x)[:, 0].astype(np.float64).reshape(-1, GROUPS).mean(0)
    half = 2.2621571628 * means.std(ddof=1) / math.sqrt(GROUPS)
    assert row.intervals[0] == pytest.approx((means.mean() - half, means.mean() + half), rel=1e-6)
    few = score(x[:99], features(50, 1), metrics=["first_column"], options=Options(intervals=True)).rows[0]
    assert few.intervals == (None,)


def test_controls_give_the_scale(real: Any, fake: Any) -> None:
    rows = score(fake, real, metrics=["fid", "coverage"], options=Options(controls=True)).rows
    _, floor, same, atoms, matched, noise, blurred, repeated = rows
    assert [row.is_control for row in rows] == [False] + [True] * 7
    assert same.name.startswith("control: 30 of an array in memory")
    fid = {row.name: narrow(row.value("fid"), float) for row in (floor, noise, repeated)}
    assert fid[floor.name] < min(fid[noise.name], fid[repeated.name])
    assert atoms.name == "control: moment atoms"
    assert narrow(atoms.value("fid"), float) < 1e-4 * fid[floor.name]
    assert matched.name == "control: frechet matching"
    assert narrow(matched.value("fid"), float) < fid[floor.name]
    assert repeated.value("coverage") == pytest.approx(0, abs=0.1)
    assert blurred.name == "control: blurred reference"
    points = score(features(50, 2), features(60, 1), metrics=["fid"], options=Options(controls=True)).rows
    assert [row.name for row in points[1:]] == [
        "control: 30 of the reference against the other 30",
        "control: 30 of an array in memory against the same 30",
        "control: moment atoms",
        "control: frechet matching",
        "control: independent Gaussians",
        "control: one row repeated",
    ]


def test_a_torch_data_set_is_scored_as_its_images(real: Any, fake: Any) -> None:
    x = torch.from_numpy(fake).permute(0, 3, 1, 2)
    assert values(TensorDataset(x, torch.zeros(len(x))), real) == values(fake, real)
    assert values(x.float() / 255, real) == values(fake, real)


def one_broken(folder: Path) -> Path:
    content = (folder / "3.png").read_bytes()
    (folder / "3.png").write_bytes(content[: len(content) // 2])
    return folder


def test_broken_files_are_named_and_counted_or_skipped(tmp_path: Path, real: Any, fake: Any) -> None:
    folder = one_broken(folder_of(fake, tmp_path / "a"))
    (folder / "x.png").write_text("hello")
    with pytest.raises(BadInput, match=r"2 broken images \(first: 3.png: damaged .*--skip-broken goes on without"):
        values(folder, real)
    report = score(folder, real, metrics=METRIC, options=Options(skip_broken=True))
    kept = np.delete(fake, 3, 0)
    assert report.rows[0].value("fid") == values(kept, real)["fid"]
    assert [each.name for each in report.rows[0].inputs.feature_set.left_out] == ["3.png", "x.png"]
    assert "W115" in [each.code for each in report.warnings]


REFUSED: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "the reference itself": (lambda real, fake: score(real, real), "are the same: such a score says nothing"),
    "one image": (lambda real, fake: score(fake[:1], real), "expected at least 2 samples, got 1"),
    "another dimension": (
        lambda real, fake: score(features(9, 0, 3), features(9, 1, 4)),
        "expected 4 features a sample",
    ),
    "images and features": (lambda real, fake: score(fake, features(9, 0)), "expected the same of both"),
    "no such metric": (lambda real, fake: score(fake, real, metrics=["fd"]), "unknown metric 'fd'; did you mean 'fid'"),
    "no such features": (lambda real, fake: score(fake, real, features="pixel"), "did you mean 'pixels'"),
    "features for features": (lambda real, fake: score(features(9, 0), features(9, 1), features="pixels"), "already"),
    "identity of images": (lambda real, fake: score(fake, real, features="identity"), "for images there is pixels"),
    "no classes": (
        lambda real, fake: score(fake, real, metrics=["inception_score"]),
        "features random_conv know no classes",
    ),
    "nothing": (lambda real, fake: score([], real), "expected one or more sets"),
    "not finite": (lambda real, fake: score(np.full((5, 3), np.nan), features(9, 0, 3)), "row 0 is not finite"),
    "a range": (lambda real, fake: score(fake * 3.0, real), "name the range with --span"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_scored_is_refused_in_one_line(real: Any, fake: Any, case: str) -> None:
    call, said = REFUSED[case]
    with pytest.raises(RequestError, match=said) as caught:
        call(real, fake)
    assert "\n" not in str(caught.value)


def test_weights_that_are_not_here_are_told_where_to_go(tmp_path: Path, real: Any, fake: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("GANBENCH_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(Missing, match="--weights FILE"):
        score(fake, real, features="inception")
    (tmp_path / "w.pth").write_bytes(b"x")
    with pytest.raises(BadInput, match=r"expected SHA-256 [0-9a-f]{64}.*found [0-9a-f]{64}"):
        score(fake, real, features="inception", options=Options(weights=tmp_path / "w.pth"))


def test_a_range_that_is_named_clips_and_warns(real: Any, fake: Any) -> None:
    wide = (fake / 127.5 - 1) * 1.1
    report = score(wide.astype(np.float32), real, metrics=["fid"], options=Options(reading=Reading(span=(-1.0, 1.0))))
    assert "W112" in [each.code for each in report.warnings]


@pytest.mark.parametrize(("setting", "limit", "most"), [("WINDOW", 32, 32), ("WINDOW_BYTES", 10 * 16 * 16 * 3, 10)])
def test_no_more_pictures_are_held_than_a_window_takes(
    monkeypatch: pytest.MonkeyPatch, setting: str, limit: int, most: int
) -> None:
    def scan() -> Iterator[Any]:
        for i in range(100):
            yield Picture(str(i), photos(1, i)[0], "array")

    held: list[int] = []
    ask = extraction.ImagePass.ask

    def counted(self: Any, pixels: Any) -> Any:
        held.append(len(pixels))
        return ask(self, pixels)

    monkeypatch.setattr(extraction, setting, limit)
    monkeypatch.setattr(extraction.ImagePass, "ask", counted)
    extraction.Extraction(load("random_conv"))(Source("many", "images", lambda: "many", scan))
    assert max(held) == most
    assert sum(held) == 100


def test_features_made_by_another_network_are_warned_of(tmp_path: Path) -> None:
    for name, made_by in (("a", "inception, clean"), ("b", "inception, tf1"), ("c", "inception, tf1")):
        save_file(
            {"x": torch.from_numpy(features(20, ord(name)))}, tmp_path / f"{name}.safetensors", {"features": made_by}
        )
        np.savez(tmp_path / f"{name}.npz", x=features(20, ord(name)), identity=made_by)
    for kind in ("safetensors", "npz"):
        for samples, expected in (("a", True), ("c", False)):
            report = score(tmp_path / f"{samples}.{kind}", tmp_path / f"b.{kind}", metrics=["fid"])
            assert ("W114" in [each.code for each in report.warnings]) == expected
            assert report.rows[0].scores[0].features == {"name": "given", "made_by": "inception, tf1"}


DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "MNIST" / "raw").is_dir(), reason="MNIST's files are not beside the project")
def test_mnist_by_name_and_by_its_files_are_the_same_pictures_and_its_reference_is_that_of_runs() -> None:
    mnist = data.load("mnist", DATA, download=False)
    x, y = mnist.control.examples(mnist.control.distinct(1000, stream(0, "control")))
    names = ["fid", "kid", "inception_score"]
    inside = {each.metric: each.values[0] for each in DatasetScorer(mnist, names, 800)(x, y)}
    assert values(x, "mnist:held_out:800", *names, data=DATA) == inside
    whole = open_source(DATA / "MNIST" / "raw" / "t10k-images-idx3-ubyte.gz")
    named_so = named.opened("mnist:test", Reading(), DATA)[0]
    seen = [extraction.Extraction(load("pixels"))(source).facts.digest for source in (whole, named_so)]
    assert torch.equal(*(digests[digests[:, 0].argsort()] for digests in seen))


@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "cifar10-jpeg-10k.zip").is_file(), reason="the zip of photos is not beside the project")
def test_halves_of_an_external_zip_are_decoded_as_pillow_does(tmp_path: Path) -> None:
    with zipfile.ZipFile(DATA / "cifar10-jpeg-10k.zip") as whole:
        names = sorted(name for name in whole.namelist() if name.endswith(".jpg"))
        for half in (0, 1):
            with zipfile.ZipFile(tmp_path / f"{half}.zip", "w") as part:
                for name in names[half::40]:
                    part.writestr(name, whole.read(name))
                part.writestr("readme.txt", "not a picture")
    row = score(tmp_path / "0.zip", tmp_path / "1.zip", metrics=["fid", "precision"], features="pixels").rows[0]
    seen = row.inputs.feature_set
    assert (len(seen), seen.classes[0], len(seen.left_out)) == (250, "airplane", 1)
    with zipfile.ZipFile(DATA / "cifar10-jpeg-10k.zip") as whole:
        names_of = [side.feature_set.names for side in (narrow(row.reference, FileInputs), row.inputs)]
        pixels = [np.stack([by_pillow(whole.read(name)) for name in each]) for each in names_of]
    for each in row.scores:
        assert each.values[0] == METRICS[each.metric](*(torch.from_numpy(x) / 127.5 - 1 for x in pixels))


def by_pillow(content: bytes) -> Any:
    """Channels first, in one row."""
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).transpose(2, 0, 1).ravel()
